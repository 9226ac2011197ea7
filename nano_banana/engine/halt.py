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

    def set(self, reason: NanoBananaError) -> None:
        """End the run for this reason."""
        self.reason = self.reason or reason

    def interrupt(self) -> None:
        """End the run because the user asked."""
        self.set(Stopped([trouble("interrupted")]))

    def check(self) -> None:
        """Raise the reason where there is one."""
        if self.reason is not None:
            raise self.reason
