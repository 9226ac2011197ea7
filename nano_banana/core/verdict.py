"""Verdicts: whether a picture passes a gate, and every number behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

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
