"""What to do about requests of which nobody knows what became."""

from __future__ import annotations

from enum import StrEnum


class Lost(StrEnum):
    """What is to be done about requests of which nobody knows what became."""

    ASK = "ask"
    """Nothing: their takes fail, and a person decides."""
    REPLACE = "replace"
    """Buy these again."""
    RESUBMIT = "resubmit"
    """Buy these again, and so what was billed and could not be used."""
    ABANDON = "abandon"
    """Look for them no more, and do without their takes in this run."""
