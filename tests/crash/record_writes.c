/* Records what a program does to the files below one folder, and can kill it after any step.
 *
 * A preloaded library (LD_PRELOAD). It wraps the calls of libc that change files or ask for them to be on disk. Each
 * call goes through and is then written to a journal, which tests/crash/disk.py replays: it knows what a disk must
 * still have after a loss of power, and what it may have lost. fsync itself only writes to the journal: nothing here
 * is about real disks.
 *
 * Environment: CRASH_ROOT (the folder), CRASH_JOURNAL (a file elsewhere; CRASH_JOURNAL.lock lies beside it),
 * CRASH_AFTER (kill the process group after so many steps; 0 or unset: never). Without CRASH_JOURNAL all calls just
 * go through. They are read at each call: a forked child may get others than its parent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FICLONE_REQUEST 0x40049409

enum kind { CREATE = 1, WRITE, TRUNCATE, UNLINK, RENAME, MKDIR, SYNC, LINK };

struct step { /* followed by the two names and the data */
    uint32_t kind, pid;
    uint64_t inode, parent, other_parent, at;
    uint32_t name, other_name, data, unused;
};

struct shared { /* the lock file's content, shared by all processes */
    int taken;
    uint32_t steps;
};

struct entry { /* a name in a folder */
    uint64_t parent;
    char name[NAME_MAX + 1];
};

static struct shared *shared;

static void begin(void) {
    if (!shared) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s.lock", getenv("CRASH_JOURNAL"));
        int file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0 || syscall(SYS_ftruncate, file, sizeof *shared))
            abort();
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (shared == MAP_FAILED)
            abort();
        syscall(SYS_close, file);
    }
    while (__atomic_exchange_n(&shared->taken, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}

static void end(void) {
    int before = errno;
    __atomic_store_n(&shared->taken, 0, __ATOMIC_RELEASE);
    errno = before;
}

static int watching(void) { return getenv("CRASH_JOURNAL") != NULL; }

static int below_root(const char *path) {
    const char *root = getenv("CRASH_ROOT");
    size_t length = strlen(root);
    return !strncmp(path, root, length) && (!path[length] || path[length] == '/');
}

static int is_watched(int fd) {
    char link[40], path[PATH_MAX];
    if (fd < 0 || !watching())
        return 0;
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length < 0)
        return 0;
    path[length] = 0;
    return below_root(path);
}

/* The folder's inode and the name that a path means; 0 if it lies elsewhere. */
static int find(int folder, const char *path, struct entry *found) {
    char whole[PATH_MAX], real[PATH_MAX];
    int before = errno, ok = 0;
    if (!watching() || !path)
        return 0;
    if (path[0] == '/' || folder == AT_FDCWD)
        snprintf(whole, sizeof whole, "%s", path);
    else {
        char link[40];
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, real, sizeof real - 1);
        if (length < 0)
            goto done;
        real[length] = 0;
        if (snprintf(whole, sizeof whole, "%s/%s", real, path) >= (int)sizeof whole)
            goto done;
    }
    size_t length = strlen(whole);
    while (length > 1 && whole[length - 1] == '/')
        whole[--length] = 0;
    char *slash = strrchr(whole, '/');
    const char *name = slash ? slash + 1 : whole;
    if (strlen(name) > NAME_MAX)
        goto done;
    strcpy(found->name, name);
    if (slash)
        *slash = 0;
    struct stat seen;
    const char *above = !slash ? "." : *whole ? whole : "/";
    if (realpath(above, real) && below_root(real) && !stat(real, &seen)) {
        found->parent = seen.st_ino;
        ok = 1;
    }
done:
    errno = before;
    return ok;
}

static void record(enum kind kind, uint64_t inode, const struct entry *one, const struct entry *other, uint64_t at,
                   const void *data, size_t size) {
    int before = errno;
    struct step step = {
        .kind = kind, .pid = getpid(), .inode = inode, .parent = one ? one->parent : 0,
        .other_parent = other ? other->parent : 0, .at = at, .name = one ? strlen(one->name) : 0,
        .other_name = other ? strlen(other->name) : 0, .data = size,
    };
    struct iovec parts[] = {
        {&step, sizeof step},
        {one ? (void *)one->name : NULL, step.name},
        {other ? (void *)other->name : NULL, step.other_name},
        {(void *)data, size},
    };
    int journal = syscall(SYS_openat, AT_FDCWD, getenv("CRASH_JOURNAL"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ssize_t whole = sizeof step + step.name + step.other_name + size;
    if (journal < 0 || syscall(SYS_writev, journal, parts, 4) != whole)
        abort();
    syscall(SYS_close, journal);
    const char *last = getenv("CRASH_AFTER");
    if (++shared->steps == (last ? strtoul(last, NULL, 10) : 0))
        kill(0, SIGKILL);
    errno = before;
}

static uint64_t inode_of(int fd) {
    struct stat seen;
    return fstat(fd, &seen) ? 0 : seen.st_ino;
}

static uint64_t inode_at(int folder, const char *path) {
    struct stat seen;
    return fstatat(folder, path, &seen, AT_SYMLINK_NOFOLLOW) ? 0 : seen.st_ino;
}

/* --- opening --- */

static int opened(int folder, const char *path, int flags, mode_t mode) {
    struct entry entry;
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        int fd = syscall(SYS_openat, folder, path, flags, mode);
        if (is_watched(fd)) { /* a file without a name */
            begin();
            record(CREATE, inode_of(fd), NULL, NULL, 0, NULL, 0);
            end();
        }
        return fd;
    }
    if (!(flags & (O_CREAT | O_TRUNC)) || !find(folder, path, &entry))
        return syscall(SYS_openat, folder, path, flags, mode);
    begin();
    int before = errno;
    int known = inode_at(folder, path) != 0;
    errno = before;
    int fd = syscall(SYS_openat, folder, path, flags, mode);
    if (fd >= 0 && !known)
        record(CREATE, inode_of(fd), &entry, NULL, 0, NULL, 0);
    else if (fd >= 0 && flags & O_TRUNC)
        record(TRUNCATE, inode_of(fd), NULL, NULL, 0, NULL, 0);
    end();
    return fd;
}

#define MODE                                                                                                          \
    mode_t mode = 0;                                                                                                  \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                                              \
        va_list rest;                                                                                                 \
        va_start(rest, flags);                                                                                        \
        mode = va_arg(rest, mode_t);                                                                                  \
        va_end(rest);                                                                                                 \
    }

int open(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE return opened(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE return opened(folder, path, flags, mode); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

/* --- content --- */

ssize_t write(int fd, const void *data, size_t size) {
    if (!is_watched(fd))
        return syscall(SYS_write, fd, data, size);
    begin();
    ssize_t done = syscall(SYS_write, fd, data, size);
    if (done > 0)
        record(WRITE, inode_of(fd), NULL, NULL, lseek(fd, 0, SEEK_CUR) - done, data, done);
    end();
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    if (!is_watched(fd))
        return syscall(SYS_pwrite64, fd, data, size, at);
    begin();
    ssize_t done = syscall(SYS_pwrite64, fd, data, size, at);
    if (done > 0)
        record(WRITE, inode_of(fd), NULL, NULL, at, data, done);
    end();
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return pwrite(fd, data, size, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!is_watched(fd))
        return syscall(SYS_writev, fd, parts, count);
    ssize_t all = 0;
    for (int number = 0; number < count; number++) {
        ssize_t done = write(fd, parts[number].iov_base, parts[number].iov_len);
        if (done < 0)
            return all ? all : done;
        all += done;
        if ((size_t)done < parts[number].iov_len)
            break;
    }
    return all;
}

int ftruncate(int fd, off_t size) {
    if (!is_watched(fd))
        return syscall(SYS_ftruncate, fd, size);
    begin();
    int failed = syscall(SYS_ftruncate, fd, size);
    if (!failed)
        record(TRUNCATE, inode_of(fd), NULL, NULL, size, NULL, 0);
    end();
    return failed;
}

int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

/* What copies within the kernel would not be seen: say that it can't be done, and it is read and written. */

ssize_t sendfile(int to, int from, off_t *at, size_t count) {
    return is_watched(to) ? (errno = ENOTSOCK, -1) : syscall(SYS_sendfile, to, from, at, count);
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t count) { return sendfile(to, from, at, count); }

ssize_t copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t count, unsigned flags) {
    return is_watched(to) ? (errno = EXDEV, -1) : syscall(SYS_copy_file_range, from, in, to, out, count, flags);
}

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (request == FICLONE_REQUEST && is_watched(fd))
        return errno = EOPNOTSUPP, -1;
    return syscall(SYS_ioctl, fd, request, argument);
}

int fsync(int fd) {
    if (!is_watched(fd))
        return syscall(SYS_fsync, fd);
    begin();
    record(SYNC, inode_of(fd), NULL, NULL, 0, NULL, 0);
    end();
    return 0;
}

int fdatasync(int fd) { return is_watched(fd) ? fsync(fd) : syscall(SYS_fdatasync, fd); }

/* --- names --- */

static int renamed(int from, const char *old, int to, const char *new, unsigned flags) {
    struct entry one, other;
    int here = find(from, old, &one), there = find(to, new, &other);
    if (!here && !there)
        return syscall(SYS_renameat2, from, old, to, new, flags);
    if (here != there || flags & RENAME_EXCHANGE)
        return errno = EXDEV, -1; /* from or to a folder that nobody watches: copy instead */
    begin();
    int failed = syscall(SYS_renameat2, from, old, to, new, flags);
    if (!failed)
        record(RENAME, inode_at(to, new), &one, &other, 0, NULL, 0);
    end();
    return failed;
}

int rename(const char *old, const char *new) { return renamed(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int from, const char *old, int to, const char *new) { return renamed(from, old, to, new, 0); }
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    return renamed(from, old, to, new, flags);
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
    struct entry one, other;
    if (!find(to, new, &other))
        return syscall(SYS_linkat, from, old, to, new, flags);
    if (!find(from, old, &one))
        return errno = EXDEV, -1;
    begin();
    int failed = syscall(SYS_linkat, from, old, to, new, flags);
    if (!failed)
        record(LINK, inode_at(to, new), &other, NULL, 0, NULL, 0);
    end();
    return failed;
}

int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

int unlinkat(int folder, const char *path, int flags) {
    struct entry entry;
    if (!find(folder, path, &entry))
        return syscall(SYS_unlinkat, folder, path, flags);
    begin();
    int failed = syscall(SYS_unlinkat, folder, path, flags);
    if (!failed)
        record(UNLINK, 0, &entry, NULL, 0, NULL, 0);
    end();
    return failed;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int folder, const char *path, mode_t mode) {
    struct entry entry;
    if (!find(folder, path, &entry))
        return syscall(SYS_mkdirat, folder, path, mode);
    begin();
    int failed = syscall(SYS_mkdirat, folder, path, mode);
    if (!failed)
        record(MKDIR, inode_at(folder, path), &entry, NULL, 0, NULL, 0);
    end();
    return failed;
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
