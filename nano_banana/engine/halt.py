"""Why and how far a run is told to end early."""

from __future__ import annotations

from nano_banana.core.errors import NanoBananaError
from nano_banana.core.errors import Stopped
from nano_banana.core.errors import trouble


class Halt:
    """Once set, no new call begins; what is under way ends and is recorded. The first reason stays."""

    def __init__(self) -> None:
        """Not halted."""
        self.reason: NanoBananaError | None = None
        self.bug: Exception | None = None
        """An error that nobody foresaw, to be raised once what was under way has ended."""

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

    def check(self) -> None:
        """Raise the reason where there is one."""
        if self.reason is not None:
            raise self.reason
