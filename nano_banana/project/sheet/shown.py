"""A take on a sheet: the picture that stands for it, what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nano_banana.core.blob import Blob
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.node import Card
from nano_banana.core.problem import Problem
from nano_banana.reports.record import Record
from nano_banana.reports.ruled import Ruled


class State(StrEnum):
    """What became of a take, as a sheet says it."""

    ACCEPTED = "accepted"
    UNSURE = "unsure"
    REJECTED = "rejected"
    NOT_JUDGED = "not_judged"
    """A gate passed it over."""
    DONE = "done"
    """It is there, and no gate has looked at it."""
    FAILED = "failed"
    MISSING = "missing"
    """It is not made yet."""


STAGE = "stage"
"""The axis of a sheet of several stages' pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a take was in another run. `picture` is None where there was none, or where its bytes are `gone`.

    `differs` says whether it was another picture than it is now; `made` are its calls, where they are still known.
    """

    state: State
    picture: Blob | None
    gone: bool
    differs: bool
    score: float | None = None
    seed: int | None = None
    cost_usd: float | None = 0.0
    made: Sequence[JSONObject] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A take as a sheet shows it.

    `stage` is the one whose picture is wanted, `picture` the one that is shown (of an earlier stage, where the take
    did not come as far), `name` its file below the output folder, `here` whether that file is there.
    `turn` is the place of its seed among those of its shot (`#2`).
    `ruled` is the verdict that counts; `problems` are why it failed.
    """

    record: Record
    stage: str
    state: State
    turn: str = ""
    picture: Blob | None = None
    name: str = ""
    here: bool = False
    ruled: Ruled | None = None
    problems: Sequence[Problem] = ()
    before: Before | None = None

    @property
    def card(self) -> Card:
        """Who and what it is of."""
        return self.record.card

    @property
    def calls(self) -> Sequence[JSONObject]:
        """The manifest's account of its calls."""
        found: Sequence[JSONObject] = json.loads(self.record.calls)
        return found

    @property
    def seed(self) -> int | None:
        """The seed of the picture shown: a retry has its own."""
        seed: JSONValue = None if self.ruled is None else self.ruled.attempt.detail.get("seed")
        return seed if isinstance(seed, int) else self.card.seed

    @property
    def attempts(self) -> int:
        """How many tries it took."""
        numbers = {picture.attempt.number for picture in self.record.pictures}
        return len(numbers | {ruled.attempt.number for ruled in self.record.verdicts}) or 1


def cost_of(calls: Sequence[JSONObject]) -> float | None:
    """What calls cost, in USD; None where that is not known of one."""
    costs = [call.get("cost_usd") for call in calls]
    known = [cost for cost in costs if isinstance(cost, int | float)]
    return sum(known) if len(known) == len(costs) else None


def place_of(take: Shown, axis: str) -> str:
    """A take's place on an axis, also on those that every take has; empty where it has none."""
    card = take.card
    usual = {"shot": card.shot, "template": card.template, "seed": take.turn, STAGE: take.stage}
    usual["subject"] = card.subject or "+".join(card.cast)
    return usual[axis] if axis in usual else card.axes.get(axis, "")
