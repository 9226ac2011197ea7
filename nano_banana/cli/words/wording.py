"""How a kind of problem is said: the sentence, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """`say` and `hint` are filled by `str.format` with the problem's data."""

    say: str
    hint: str = ""
