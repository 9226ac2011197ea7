"""What to do about requests of which nobody knows what became."""

from __future__ import annotations

from enum import StrEnum


class Resend(StrEnum):
    """Which requests that surely never arrived are sent again without asking: the setting `limits.resend_unknown`."""

    NEVER = "never"
    CHEAP = "cheap"
    """Those that cost little; never a training."""
    ALWAYS = "always"
    """All of them; pictures also if the history can't be read, so that nobody can tell."""


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
