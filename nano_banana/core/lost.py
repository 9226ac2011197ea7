"""What to do about requests of which nobody knows what became."""

from __future__ import annotations

from enum import StrEnum


class Lost(StrEnum):
    """What is to be done about requests of which nobody knows what became."""

    ASK = "ask"
    """Nothing: their takes fail, and a person decides."""
    RESUBMIT = "resubmit"
    """Buy again."""
    ABANDON = "abandon"
    """Look for them no more, and do without their takes in this run."""
