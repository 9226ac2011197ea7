"""Every ending but the happy one: what is said, and the exit code."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress

import click

from nano_banana.cli.process import too_few_open_files
from nano_banana.cli.screen import Screen
from nano_banana.cli.usage import invalid
from nano_banana.core.errors import NanoBananaError, Stopped, Unusable, trouble
from nano_banana.core.json import JSONValue
from nano_banana.core.problem import Problem

BROKEN_PIPE = 141
"""What a program that SIGPIPE ends leaves with: 128 + 13."""

TOO_MANY_OPEN = {errno.EMFILE, errno.ENFILE}
MACHINE = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    *(errno.EIO, errno.ESTALE, errno.ELOOP, errno.ENAMETOOLONG),
}
"""Errors of files that are this machine's."""
LOOP = "Symlink loop from "
"""How Path.resolve begins to say so before Python 3.13."""


def settle(error: BaseException, screen: Screen, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Tell how it ended, and return the exit code that says so."""
    if isinstance(error, BrokenPipeError):
        return BROKEN_PIPE
    ours = _ours(error)
    if environ.get("NANO_BANANA_DEBUG") == "1" and not isinstance(ours, Stopped):
        import traceback

        from nano_banana.cli.crash import scrub

        screen.note(scrub("".join(traceback.format_exception(error)).rstrip(), environ))
    if ours is None:
        ours = _bug(error, arguments, environ)
    few = too_few_open_files() if ours.exit_code == 1 else []
    if few and list(ours.problems) != few:
        # What fails for this seldom says so: SQLite "can't open" its file, no folder for temporary files is found.
        ours = NanoBananaError([*ours.problems, *few])
    ours = type(ours)(map(screen.relocate, ours.problems))
    screen.problems(ours.problems)
    with suppress(BrokenPipeError, Unusable):  # stdout can't be written: the exit code still tells
        if screen.machine and not screen.answered:
            screen.json(as_json(ours))
        screen.flush()
    return ours.exit_code


def as_json(error: NanoBananaError) -> JSONValue:
    """What a program reads of an error that left nothing else to say."""
    return {
        "status": "error",
        "exit_code": error.exit_code,
        "problems": [problem_as_json(problem) for problem in error.problems],
    }


def problem_as_json(problem: Problem) -> JSONValue:
    """A problem's kind, words and place for a program."""
    from nano_banana.cli.words.index import say

    what, hint = say(problem)
    place = problem.place
    return {
        "kind": problem.kind,
        "severity": "warning" if problem.warning else "error",
        "message": what,
        "hint": hint or None,
        "suggestions": list(problem.suggestions),
        "place": None
        if place is None
        else {"file": place.file, "line": place.line, "column": place.column, "length": place.length},
    }


def _ours(error: BaseException) -> NanoBananaError | None:
    if isinstance(error, NanoBananaError):
        return error
    if isinstance(error, click.ClickException):
        return invalid(error)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return Stopped([trouble("stopped")])
    found = _of_this_machine(error)
    return None if found is None else Unusable([found])


def _of_this_machine(error: BaseException) -> Problem | None:
    """What this machine refuses, whatever the program does: that is no bug."""
    said = str(error)
    match error:
        case MemoryError():
            return trouble("out_of_memory")
        case RuntimeError() if said == "can't start new thread":
            return trouble("no_more_threads")
        case RuntimeError() if said.startswith(LOOP):
            return trouble("file_unusable", file=said.removeprefix(LOOP).strip("'"), why=os.strerror(errno.ELOOP))
        case OSError():
            return _of_files(error)
        case _:
            return None


def _of_files(error: OSError) -> Problem | None:
    if "No usable temporary directory" in str(error):
        return trouble("no_temporary_folder", folder=os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - named, not used
    if error.errno in TOO_MANY_OPEN:
        return trouble("too_many_open_files")
    if error.errno in MACHINE and error.filename is not None:
        return trouble("file_unusable", file=os.fsdecode(error.filename), why=os.strerror(error.errno))
    return None


def _bug(error: BaseException, arguments: Sequence[str], environ: Mapping[str, str]) -> NanoBananaError:
    from nano_banana.cli.crash import keep_report, scrub

    what = scrub(f"{type(error).__name__}: {error}".rstrip(": "), environ)
    report = keep_report(error, arguments, environ)
    if report is None:
        return NanoBananaError([trouble("bug_unwritten", what=what)])
    return NanoBananaError([trouble("bug", what=what, report=str(report))])
