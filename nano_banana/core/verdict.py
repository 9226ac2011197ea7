"""Verdicts: whether a picture passes a gate, and every number behind it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from enum import StrEnum
from typing import TypeAlias

from nano_banana.core.json import JSONObject


class Ruling(StrEnum):
    """What a gate says of a picture."""

    ACCEPTED = "accepted"
    UNSURE = "unsure"
    """A person looks; it is never tried again by itself."""
    REJECTED = "rejected"
    NOT_JUDGED = "not_judged"
    """Skipped on purpose: recognisers are made for photographs."""
    IMAGINED = "imagined"
    """Only in a forecast: the picture is not there yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a picture was not accepted: a kind (`too_far`, `no_face`) and its numbers."""

    kind: str
    data: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A gate's answer to one picture.

    `score` is the likeness that decided (cosine similarity, −1 to 1; of several people the lowest), `threshold`
    what it had to reach; None where there was nothing to compare. `numbers` is everything that was measured, so
    that another threshold judges again without looking.
    """

    ruling: Ruling
    score: float | None = None
    threshold: float | None = None
    reasons: Sequence[Reason] = ()
    numbers: JSONObject = field(default_factory=dict)


Word: TypeAlias = tuple[Ruling, float | None]
"""A ruling, and the likeness that decided."""


def last_words(verdicts: Iterable[tuple[str, Ruling, float | None]]) -> dict[str, Word]:
    """What each gate said in the end, of verdicts in order: of a picture that it refused, that on the best try."""
    found: dict[str, Word] = {}
    for stage, ruling, score in verdicts:
        before = found.get(stage)
        if before is None or ruling is not Ruling.REJECTED or _worth((ruling, score)) >= _worth(before):
            found[stage] = (ruling, score)
    return found


def _worth(word: Word) -> tuple[bool, float]:
    ruling, score = word
    return ruling is not Ruling.REJECTED, -2.0 if score is None else score
