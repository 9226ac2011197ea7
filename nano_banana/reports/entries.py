"""What reports tell of each take, adapter and person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nano_banana.core.flow import Attempt
from nano_banana.core.json import JSONValue
from nano_banana.core.result import Status
from nano_banana.core.verdict import Ruling
from nano_banana.reports.record import Picture, Record
from nano_banana.reports.ruled import Ruled, verdict_json


def take_json(
    record: Record, folder: str, *, measures: Sequence[JSONValue] = (), digests: bool = False
) -> dict[str, JSONValue]:
    """A take as `run --json`, `plan --json` and the manifest tell it; `folder` is where its files lie.

    The manifest has the `measures` behind each verdict, and the pictures' `digests`.
    """
    card, last = record.card, standing(record)
    told: dict[str, JSONValue] = {
        "id": record.id,
        "shot": card.shot,
        "template": card.template or None,
        "subject": card.subject or None,
        "cast": list(card.cast),
        "axes": dict(card.axes),
        "seed": card.seed,
        "status": str(record.status),
        "path": None if last is None else f"{folder}/{last.name}",
        "sha256": None if last is None else last.blob.digest,
        "pictures": _paths(record.pictures, folder),
        "reasons": [{"kind": problem.kind, **problem.data} for problem in record.problems],
        "verdict": verdict_json(record.word) if record.word else None,
        "attempts": list(_attempts(record, folder, measures=measures, digests=digests)),
        "left": {"stage": record.left.stage, "why": record.left.why} if record.left else None,
    }
    if digests:
        told["digests"] = _digests(record.pictures)
    return told


def adapter_json(record: Record) -> dict[str, JSONValue]:
    """An adapter as the reports tell it."""
    known = record.result
    return {
        "id": record.id,
        "stage": record.card.stage,
        "subject": record.card.subject,
        "status": str(record.status),
        "sha256": None if known is None else known.digest,
        "size": None if known is None else known.size,
        "reasons": [{"kind": problem.kind, **problem.data} for problem in record.problems],
    }


def person_json(record: Record) -> dict[str, JSONValue]:
    """A person as the reports tell whom a gate compares with."""
    return {
        "id": record.id,
        "subject": record.card.subject,
        "status": str(record.status),
        **record.person,
        "reasons": [{"kind": problem.kind, **problem.data} for problem in record.problems],
    }


def standing(record: Record) -> Picture | None:
    """The picture that a take came to; None where it is not done, was refused or was not chosen."""
    whole = record.status is Status.DONE and record.left is None
    return record.pictures[-1] if whole and record.pictures else None


def standing_at(record: Record, stage: str) -> Picture | None:
    """The picture of one stage that stands; None where there is none. Of a take that is refused it is the best one."""
    here = [picture for picture in record.pictures if picture.stage == stage]
    words = [ruled for ruled in record.verdicts if ruled.last] or record.verdicts[-1:]
    judged = {word.digest for word in words}
    for picture in reversed(here):
        if picture.blob.digest in judged:
            return picture
    own = next((word for word in words if word.stage == stage), None)
    if own is not None:
        # A gate's own pictures may be repairs that were worse than what they mended.
        return judged_picture(record, own)
    # The first gate behind the stage says which of its tries goes on; gates before it know other tries.
    tries = {picture.attempt.label: picture for picture in here}
    for word in words:
        base: Ruled | None = word
        while base is not None:
            if base.attempt.label in tries:
                return tries[base.attempt.label]
            base = _mended(record, base)
    return here[-1] if here else None


def _mended(record: Record, ruled: Ruled) -> Ruled | None:
    """The verdict on what a repair began with: the best one before it; None where there is none."""
    before = [
        other for other in record.verdicts if other.stage == ruled.stage and other.attempt.number < ruled.attempt.number
    ]
    return max(reversed(before), key=_worth, default=None)


def _worth(ruled: Ruled) -> tuple[bool, float]:
    """As the gate goes by it: what was not refused is better, then what is likelier; of equals the later."""
    return ruled.ruling is not Ruling.REJECTED, -2.0 if ruled.score is None else ruled.score


def judged_picture(record: Record, ruled: Ruled) -> Picture | None:
    """The picture that a verdict is on: the last of the files that hold it."""
    return next((picture for picture in reversed(record.pictures) if picture.blob.digest == ruled.digest), None)


def _attempts(
    record: Record, folder: str, *, measures: Sequence[JSONValue], digests: bool
) -> Iterator[dict[str, JSONValue]]:
    """An entry for each verdict, and one for each attempt that never came to one. Where nothing was judged: none."""
    judged = {ruled.attempt.label for ruled in record.verdicts}
    unjudged = {
        picture.attempt.label: picture.attempt
        for picture in record.pictures
        if picture.attempt.label not in judged and (judged or picture.attempt.label)
    }
    for attempt, at, ruled in _in_turn(record.verdicts, list(unjudged.values())):
        pictures = _way(record, attempt, ruled)
        numbers = measures[at] if ruled is not None and at < len(measures) else None
        yield {
            "attempt": attempt.number,
            "label": attempt.label,
            "detail": dict(attempt.detail) or ({} if record.card.seed is None else {"seed": record.card.seed}),
            "stage": ruled.stage if ruled else pictures[-1].stage,
            "pictures": _paths(pictures, folder),
            **({"digests": _digests(pictures)} if digests else {}),
            "verdict": verdict_json(ruled, numbers) if ruled else None,
        }


def _in_turn(verdicts: Sequence[Ruled], unjudged: Sequence[Attempt]) -> Iterator[tuple[Attempt, int, Ruled | None]]:
    """The verdicts as they were given, with their places, and each attempt without one before the next."""
    left = sorted(unjudged, key=lambda attempt: attempt.number)
    for at, ruled in enumerate(verdicts):
        while left and left[0].number < ruled.attempt.number:
            yield left.pop(0), 0, None
        yield ruled.attempt, at, ruled
    for attempt in left:
        yield attempt, 0, None


def _way(record: Record, attempt: Attempt, ruled: Ruled | None) -> list[Picture]:
    """An attempt's pictures, up to the one that was judged."""
    ours = [picture for picture in record.pictures if picture.attempt.label == attempt.label]
    at = next((at for at, picture in enumerate(ours, 1) if ruled and picture.blob.digest == ruled.digest), len(ours))
    return ours[:at]


def _paths(pictures: Sequence[Picture], folder: str) -> dict[str, JSONValue]:
    return {picture.stage: f"{folder}/{picture.name}" for picture in pictures}


def _digests(pictures: Sequence[Picture]) -> dict[str, JSONValue]:
    return {picture.stage: picture.blob.digest for picture in pictures}
