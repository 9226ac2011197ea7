"""A gate's word on one picture, as reports keep it of ten thousand takes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nano_banana.core.flow import FIRST, Attempt, Judged
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.result import NodeResult, Status, Step
from nano_banana.core.verdict import Reason, Ruling

LOOK = "look"
"""The call by which a gate sees a picture for the first time."""

FIRST_TRY = "first"
"""What the attempt without a label is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A verdict without its numbers.

    `digest` is that of the picture; `several` says that more than one person should be in it. `last` marks the
    gate's last word on the take, as far as it is known; `fresh` that the picture was seen for the first time in this
    run.
    """

    stage: str
    ruling: Ruling
    score: float | None = None
    threshold: float | None = None
    reasons: tuple[Reason, ...] = ()
    digest: str = ""
    several: bool = False
    attempt: Attempt = FIRST
    last: bool = True
    fresh: bool = False


def real(result: NodeResult) -> list[Judged]:
    """The verdicts on pictures that are there, in order."""
    return [judged for judged in result.judged if judged.verdict.ruling is not Ruling.IMAGINED]


def ruled_of(result: NodeResult) -> tuple[Ruled, ...]:
    """The verdicts on pictures that are there, in order.

    The last word of each gate is the one on the picture that stands; of one that refused it before the take was
    stopped or failed there is none yet.
    """
    words = {(word.stage, word.attempt.label) for word in _words(result)}
    return tuple(
        Ruled(
            stage=judged.stage,
            ruling=judged.verdict.ruling,
            score=judged.verdict.score,
            threshold=judged.verdict.threshold,
            reasons=tuple(judged.verdict.reasons),
            digest=judged.blob.digest,
            several=len(result.node.card.cast) > 1,
            attempt=judged.attempt,
            last=(judged.stage, judged.attempt.label) in words,
            fresh=any(_first_seen(step, judged) for step in result.steps),
        )
        for judged in real(result)
    )


def _words(result: NodeResult) -> Sequence[Judged]:
    if result.words or result.status not in {Status.FAILED, Status.STOPPED}:
        return result.words
    ends = {judged.stage: judged for judged in result.judged}
    return [judged for judged in ends.values() if judged.verdict.ruling is not Ruling.REJECTED]


def measures_of(result: NodeResult) -> str:
    """The numbers behind those verdicts, as JSON text, to stay small."""
    return json.dumps([dict(judged.verdict.numbers) for judged in real(result)], separators=(",", ":"))


def verdict_json(ruled: Ruled, numbers: JSONValue = None) -> dict[str, JSONValue]:
    """A verdict as the reports tell it; with its `numbers`, where there are any."""
    reasons: Sequence[JSONObject] = [{"kind": reason.kind, **reason.data} for reason in ruled.reasons]
    told: dict[str, JSONValue] = {
        "stage": ruled.stage,
        "ruling": str(ruled.ruling),
        "score": ruled.score,
        "threshold": ruled.threshold,
        "reasons": reasons,
    }
    return {**told, "numbers": numbers} if numbers else told


def kind_of(label: str) -> str:
    """What sort of attempt has that label: `first`, `retry` or `repair` (or itself, where it is of another make)."""
    found = re.search(r"([a-z]+)\d+$", label)
    return found[1] if found else label or FIRST_TRY


def _first_seen(step: Step, judged: Judged) -> bool:
    call = step.call
    return (
        not step.cached
        and (step.stage, call.endpoint) == (judged.stage, LOOK)
        and any(blob.digest == judged.blob.digest for blob in call.inputs.values())
    )
