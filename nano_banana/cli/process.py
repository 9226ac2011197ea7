"""This process's standard streams, open-file limit and Ctrl-C."""

from __future__ import annotations

import io
import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from nano_banana.model.problem import Problem, Unusable, problem

if TYPE_CHECKING:
    from types import FrameType

WANTED_OPEN_FILES = 1024
"""Open files that a run of many calls at once needs with room to spare."""
MIN_OPEN_FILES = 128
"""With fewer, something may fail in the middle of a run, under whatever name."""

REPEAT_SECONDS = 0.05
"""How much later a dropped Ctrl-C is repeated."""


def handle_ctrl_c() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt, unless this process was started to ignore it."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = _CtrlCRepeater(sys.unraisablehook)


def ignore_ctrl_c() -> None:
    """From now on Ctrl-C does nothing: all is said and kept, and a trace would be all that it adds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if isinstance(sys.unraisablehook, _CtrlCRepeater):
        sys.unraisablehook = sys.unraisablehook.before


def stop_event() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set from now on; both are a server's normal end."""
    over = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return over


class _CtrlCRepeater:
    """Repeats a Ctrl-C that Python drops because it arrives in a callback, such as that of an import lock."""

    def __init__(self, before: Callable[[sys.UnraisableHookArgs], object]) -> None:
        self.before = before

    def __call__(self, unraisable: sys.UnraisableHookArgs, /) -> None:
        if not isinstance(unraisable.exc_value, KeyboardInterrupt):
            self.before(unraisable)
            return
        # A little later: in here it would be dropped once more.
        repeat = threading.Timer(REPEAT_SECONDS, os.kill, (os.getpid(), signal.SIGINT))
        repeat.daemon = True
        repeat.start()


def open_files_problem() -> list[Problem]:
    """The problem where this process may open too few files for a run, else nothing."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY or limit >= MIN_OPEN_FILES:
        return []
    return [problem("too_few_open_files", limit=limit, wanted=MIN_OPEN_FILES)]


def raise_open_files() -> None:
    """Raise the soft limit, 256 on macOS, as far as the hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_OPEN_FILES if hard == resource.RLIM_INFINITY else min(WANTED_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class StandardStream(io.FileIO):
    """A standard stream that fails at most once: what comes after its first failure is dropped.

    A `lossy` one never fails: a message that nobody can read is no reason to break off what was paid for.
    """

    def __init__(self, descriptor: int, *, lossy: bool) -> None:
        """Write to `descriptor`, and leave it open at the end."""
        super().__init__(descriptor, "wb", closefd=False)
        self._lossy = lossy
        self._lost = False

    def write(self, data: bytes | memoryview, /) -> int:  # type: ignore[override] # what BufferedWriter hands over
        """Write some of `data`. Raises BrokenPipeError, Unusable (`stdout_unwritable`)."""
        if self._lost:
            return len(data)
        try:
            while (written := super().write(data)) is None:
                # The descriptor doesn't block: the parent process made it so.
                select.select([], [self], [])
        except OSError as error:
            self._lost = True
            if self._lossy:
                return len(data)
            if isinstance(error, BrokenPipeError):
                raise
            raise Unusable([problem("stdout_unwritable", why=error.strerror or str(error))]) from error
        return written


def set_up_streams() -> None:
    """Give this process three standard streams that can be relied on.

    A closed descriptor becomes /dev/null: else the next file opened, such as the store's database, would get its
    number, and what is printed would be written into it. Streams that a caller put in place of the process's own are
    left alone.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - its one argument, without a name
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole process
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text_writer(sys.stdout, 1, lossy=False)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text_writer(sys.stderr, 2, lossy=True)


def _text_writer(before: TextIO | None, descriptor: int, *, lossy: bool) -> io.TextIOWrapper:
    raw: io.FileIO = StandardStream(descriptor, lossy=lossy)
    encoding = (before and before.encoding) or "utf-8"
    # `python -u` and PYTHONUNBUFFERED: each line at once.
    lines = lossy or raw.isatty() or getattr(before, "write_through", False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, line_buffering=lines)
