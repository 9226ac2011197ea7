"""Why and how far a run is told to end early."""

from __future__ import annotations

from nano_banana.core.errors import NanoBananaError, Stopped, trouble
from nano_banana.core.leave import Leave


class Halt:
    """Once set, no new call begins; what is under way here ends and is recorded. The first reason stays.

    Where the user asked, what is at a service is left there (`leave`), to be collected by the next run.
    """

    def __init__(self) -> None:
        """Not halted."""
        self.reason: NanoBananaError | None = None
        self.bug: Exception | None = None
        """An error that nobody foresaw, to be raised once what was under way has ended."""
        self.leave = Leave()

    def set(self, error: Exception) -> None:
        """End the run for this reason; one that is no error of ours is a bug."""
        if isinstance(error, NanoBananaError):
            self.reason = self.reason or error
            return
        self.bug = self.bug or error
        self.reason = self.reason or NanoBananaError([trouble("bug_unwritten", what=type(error).__name__)])

    def interrupt(self) -> None:
        """End the run because the user asked."""
        self.set(Stopped([trouble("interrupted")]))
        self.leave.asked.set()

    def insist(self) -> None:
        """The user asked again: what still waits at a service is taken back."""
        self.interrupt()
        self.leave.insisted.set()

    def check(self) -> None:
        """Raise the reason where there is one."""
        if self.reason is not None:
            raise self.reason
