"""What a store must still be after a loss of power."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path


def check_store(store: Path) -> None:
    """Insist on a sound database, and on every file that one of its replies names."""
    named = _named_digests(store)
    for digest in named:
        data = (store / "blobs" / digest[:2] / digest[2:]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
    if named:
        assert (store / ".gitignore").read_text() == "*\n"


def restore_stamps(store: Path, inodes: Mapping[Path, int]) -> None:
    """Let each file match the stamp that the store remembers of it, if that has its size and its former inode.

    On a real disk sizes, times and inode numbers outlive content that was not synced; a test can't set them.
    """
    if not _named_digests(store):
        return
    with closing(sqlite3.connect(store / "store.sqlite")) as rows, rows:
        for path, inode in inodes.items():
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            name = os.path.relpath(path, store)
            for table, key, value in (("blobs", "digest", path.parent.name + path.name), ("memo", "path", name)):
                rows.execute(
                    f"UPDATE {table} SET mtime_ns = ?, ctime_ns = ?, inode = ?"  # noqa: S608 - our own names
                    f" WHERE {key} = ? AND size = ? AND inode = ?",
                    (*stamp, value, found.st_size, inode),
                )


def _named_digests(store: Path) -> list[str]:
    """The files that the store's replies name."""
    if not (store / "store.sqlite").exists():
        return []
    with closing(sqlite3.connect(store / "store.sqlite")) as rows:
        assert rows.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not rows.execute("SELECT 1 FROM sqlite_master WHERE name = 'reply_files'").fetchone():
            return []  # its maker has only just begun
        return [digest for (digest,) in rows.execute("SELECT DISTINCT digest FROM reply_files")]
