"""How a failed command ends: message, exit code, bug report."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click
from msgspec.structs import asdict

from nano_banana import __version__
from nano_banana.cli.app import click_problem
from nano_banana.cli.process import open_files_problem
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONValue
from nano_banana.model.known_folders import user_dir
from nano_banana.model.problem import Invalid, NanoBananaError, Problem, Stopped, Unusable, problem

REMOVED = "[removed]"
# fal's keys: a UUID and 32 hex digits; and anything else of the shape `id:secret` with a long secret.
SECRET_PATTERN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{8,}:[A-Za-z0-9_-]{16,}")


def write_crash_report(
    error: BaseException,
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    now: datetime | None = None,
    folder: Path | None = None,
) -> Path | None:
    """Write the versions, the command line and the trace, without secrets, to a file that only the user can read.

    Returns None if that fails. `folder` is the user's state folder (None: the platform's), `now` the time (None: now).
    """
    import platform
    import traceback

    from nano_banana.settings.config_file import write_atomically

    when = now or datetime.now(UTC)
    head = f"nano-banana {__version__}, Python {platform.python_version()}, {platform.platform()}"
    trace = "\n".join(traceback.format_exception(error))
    text = f"{head}\n{when.isoformat(timespec='seconds')}\narguments: {list(arguments)}\n\n{trace}"
    try:
        file = (folder or user_dir("state")) / f"crash-{when:%Y%m%d-%H%M%S-%f}.txt"
        write_atomically(file, remove_secrets(text, environ).encode("utf-8", "backslashreplace"), mode=0o600)
    except (NanoBananaError, OSError, RuntimeError):
        return None
    return file


def remove_secrets(text: str, environ: Mapping[str, str]) -> str:
    """Take out the key, wherever it is kept, its parts, and whatever looks like a key."""
    for secret in sorted(_known_secrets(environ), key=len, reverse=True):
        text = text.replace(secret, REMOVED)
    return SECRET_PATTERN.sub(REMOVED, text)


def _known_secrets(environ: Mapping[str, str]) -> set[str]:
    from nano_banana.settings.fal_key import find_key

    found = {value.strip("\"' \t\r\n") for name, value in environ.items() if name.startswith("FAL_KEY")}
    with suppress(NanoBananaError, OSError, RuntimeError):
        if kept := find_key({}):
            found.add(kept.reveal())
    halves = {half for secret in found for half in secret.split(":")}
    return {secret for secret in found | halves if len(secret) >= 4}


BROKEN_PIPE = 141
"""What a program that SIGPIPE ends leaves with: 128 + 13."""

TOO_MANY_FILES = {errno.EMFILE, errno.ENFILE}
MACHINE_ERRORS = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    *(errno.EIO, errno.ESTALE, errno.ELOOP, errno.ENAMETOOLONG),
}
"""Errors of files that are this machine's."""
SYMLINK_LOOP = "Symlink loop from "
"""How Path.resolve begins to say so before Python 3.13."""


def report_error(error: BaseException, screen: Screen, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Tell how it ended, and return the exit code that says so."""
    if isinstance(error, BrokenPipeError):
        return BROKEN_PIPE
    ours = _translated(error)
    if environ.get("NANO_BANANA_DEBUG") == "1" and not isinstance(ours, Stopped):
        import traceback

        screen.note(remove_secrets("".join(traceback.format_exception(error)).rstrip(), environ))
    if ours is None:
        ours = _bug_error(error, arguments, environ)
    few = open_files_problem() if ours.exit_code == 1 else []
    if few and list(ours.problems) != few:
        # What fails for this seldom says so: SQLite "can't open" its file, no folder for temporary files is found.
        ours = NanoBananaError([*ours.problems, *few])
    ours = type(ours)(map(screen.relocate, ours.problems))
    screen.problems(ours.problems)
    with suppress(BrokenPipeError, Unusable):  # stdout can't be written: the exit code still tells
        if screen.machine and not screen.answered:
            screen.json(error_json(ours))
        screen.flush()
    return ours.exit_code


def error_json(error: NanoBananaError) -> JSONValue:
    """What a program reads of an error that left nothing else to say."""
    return {
        "status": "error",
        "exit_code": error.exit_code,
        "problems": [problem_json(problem) for problem in error.problems],
    }


def problem_json(problem: Problem) -> JSONValue:
    """A problem's kind, words and place for a program."""
    from nano_banana.cli.diagnostics import describe

    what, hint = describe(problem)
    place = problem.position
    return {
        "kind": problem.kind,
        "severity": "warning" if problem.warning else "error",
        "message": what,
        "hint": hint or None,
        "suggestions": list(problem.suggestions),
        "place": None if place is None else asdict(place),
    }


def _translated(error: BaseException) -> NanoBananaError | None:
    if isinstance(error, NanoBananaError):
        return error
    if isinstance(error, click.ClickException):
        return Invalid([click_problem(error)])
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return Stopped([problem("stopped")])
    found = _machine_problem(error)
    return None if found is None else Unusable([found])


def _machine_problem(error: BaseException) -> Problem | None:
    """What this machine refuses, whatever the program does: that is no bug."""
    said = str(error)
    match error:
        case MemoryError():
            return problem("out_of_memory")
        case RuntimeError() if said == "can't start new thread":
            return problem("no_more_threads")
        case RuntimeError() if said.startswith(SYMLINK_LOOP):
            file = said.removeprefix(SYMLINK_LOOP).strip("'")
            return problem("file_unusable", file=file, why=os.strerror(errno.ELOOP))
        case OSError():
            return _file_problem(error)
        case _:
            return None


def _file_problem(error: OSError) -> Problem | None:
    if "No usable temporary directory" in str(error):
        return problem("no_temporary_folder", folder=os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - named, not used
    if error.errno in TOO_MANY_FILES:
        return problem("too_many_open_files")
    if error.errno in MACHINE_ERRORS and error.filename is not None:
        return problem("file_unusable", file=os.fsdecode(error.filename), why=os.strerror(error.errno))
    return None


def _bug_error(error: BaseException, arguments: Sequence[str], environ: Mapping[str, str]) -> NanoBananaError:
    what = remove_secrets(f"{type(error).__name__}: {error}".rstrip(": "), environ)
    report = write_crash_report(error, arguments, environ)
    if report is None:
        return NanoBananaError([problem("bug_unwritten", what=what)])
    return NanoBananaError([problem("bug", what=what, report=str(report))])
