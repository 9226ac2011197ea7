"""How likely it is that a second chance is needed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nano_banana.core.flow import Attempt

USUAL = 0.7
"""The share of pictures that a gate lets through where none has been judged yet: an assumption, and said to be one."""

WEIGHT = 2
"""So many pictures more are taken to have been judged, of which the usual share passed: few say little."""

_PART = re.compile(r"(?P<kind>retry|repair|redraw)(?P<number>\d+)(?=\+|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """Of first tries, new seeds and repairs the share that passes (0–1); `passed` of `judged` first tries is known."""

    first: float = USUAL
    retry: float = USUAL
    repair: float = USUAL
    judged: int = 0
    passed: int = 0

    def reach(self, attempt: Attempt) -> float:
        """The share of takes that come to an attempt: those that all before it refused.

        `retry2` comes after the first try and one new seed, `repair1` after all the new seeds there are. Of
        pictures whose faces were counted wrong nobody keeps a record: for `redraw1` the usual share is assumed.
        """
        found = [(part["kind"], int(part["number"])) for part in _PART.finditer(attempt.label)]
        share, before = 1.0, attempt.number - sum(number for _, number in found)
        for kind, number in found:
            if kind == "redraw":
                share *= (1 - USUAL) ** number
            elif kind == "retry":
                share *= (1 - self.first) * (1 - self.retry) ** (number - 1)
            else:
                share *= (1 - self.first) * (1 - self.retry) ** max(0, before) * (1 - self.repair) ** (number - 1)
        return share


def share_of(passed: int, judged: int) -> float:
    """The share that is to be expected after so many of so many."""
    return (passed + USUAL * WEIGHT) / (judged + WEIGHT)
