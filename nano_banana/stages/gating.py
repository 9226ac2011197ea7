"""A gate at work: judge a picture, and try again while it is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nano_banana.core.blob import Blob
from nano_banana.core.errors import CallFailed
from nano_banana.core.flow import Attempt, Flow, Judged, Left, Made, ask, inside, within
from nano_banana.core.json import JSONObject
from nano_banana.core.verdict import Ruling, Verdict
from nano_banana.stages.judging import judge
from nano_banana.stages.site import compute
from nano_banana.stages.standard import Standard
from nano_banana.stages.standing import Standing

_LOST = frozenset(
    {
        "faces_miscounted",
        "nothing_found",
        "mask_empty",
        "content_refused",
        "no_face_found",
        "unsafe_picture",
        "unsafe_picture_before",
    }
)
"""Failures that belong to one picture: another seed, or another mask, may do well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """Who should be in a picture, and what it takes: `people` are their measures' files, by name.

    `in_order` where they stand from left to right; `every_face` where each must be right, not just one of them;
    `onward` are the rulings with which a take goes on.
    """

    people: Sequence[tuple[str, Blob]]
    standard: Standard
    onward: frozenset[Ruling]
    in_order: bool = False
    every_face: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """One more try: `flow` makes it of the best picture so far and its verdict.

    One that `mends` paints over faces, and is of no use where one is not there.
    """

    label: str
    detail: JSONObject
    flow: Callable[[Standing, Verdict], Flow[Standing]]
    mends: bool = False


def gate(stage: str, judging: Judging, first: Standing, chances: Sequence[Chance]) -> Flow[Standing]:
    """Judge the picture; while it is refused, take the next chance and judge that. The best one stands.

    One that is unsure is never tried again. A picture that nobody can see yet (in a forecast) uses up all chances.
    """
    verdict = yield from _judged(stage, judging, first.picture)
    best, number = (first, Judged(stage=stage, blob=first.picture, verdict=verdict)), 0
    for chance in chances:
        if verdict.ruling not in {Ruling.REJECTED, Ruling.IMAGINED}:
            break
        if chance.mends and not _mendable(best[1].verdict):
            continue
        number += 1
        attempt = Attempt(number=number, label=chance.label, detail=chance.detail)
        tried = yield from _tried(within(attempt, chance.flow(best[0], best[1].verdict)))
        if tried is None or tried.left:
            continue
        verdict = yield from within(attempt, _judged(stage, judging, tried.picture))
        if _worth(verdict) >= _worth(best[1].verdict):
            word = Judged(stage=stage, blob=tried.picture, verdict=verdict, attempt=attempt)
            best = (_of(tried, attempt, mends=chance.mends), word)
    standing, word = best
    return (yield from _ended(judging, standing, word))


def passed_over(stage: str, judging: Judging, standing: Standing) -> Flow[Standing]:
    """Let a picture through (or not, as the rulings have it) that nobody judges."""
    verdict = Verdict(ruling=Ruling.NOT_JUDGED)
    word = Judged(stage=stage, blob=standing.picture, verdict=verdict)
    yield word
    return (yield from _ended(judging, standing, word))


def _judged(stage: str, judging: Judging, picture: Blob) -> Flow[Verdict]:
    looked = yield from ask(stage, compute("look", {}, {"image": picture}))
    people = {f"people/{at}": blob for at, (_, blob) in enumerate(judging.people)}
    compared = yield from ask(stage, compute("likeness", {}, {"faces": looked.files["faces"], **people}))
    names = [name for name, _ in judging.people]
    verdict = judge(compared.data, names, judging.standard, in_order=judging.in_order, every_face=judging.every_face)
    yield Judged(stage=stage, blob=picture, verdict=verdict)
    return verdict


def _tried(flow: Flow[Standing]) -> Flow[Standing | None]:
    """The try's picture; None where it came to nothing and would again. That is one try lost, no more.

    What may do better next time (a service that is down) fails the take, so that the next run goes on from there.
    """
    try:
        return (yield from flow)
    except CallFailed as failed:
        # (What was billed before and failed is told by the reason that it had then.)
        if any(not _LOST & {problem.kind, problem.data.get("reason")} for problem in failed.problems):
            raise
        return None


def _mendable(verdict: Verdict) -> bool:
    """Whether painting over its people's faces may help: not where one is missing, nor where there is one too many."""
    wrong = {"no_face", "missing_face", "extra_face"}
    return verdict.ruling is Ruling.IMAGINED or not any(reason.kind in wrong for reason in verdict.reasons)


def _of(tried: Standing, attempt: Attempt, *, mends: bool) -> Standing:
    """The try as it stands: what gates before this one said of it, they said within the attempt.

    What was mended went through them before.
    """
    if mends:
        return tried
    return replace(tried, words=tuple(replace(word, attempt=inside(attempt, word.attempt)) for word in tried.words))


def _worth(verdict: Verdict) -> tuple[bool, float]:
    """Of two pictures the one that was not refused is better, then the likelier one."""
    return verdict.ruling is not Ruling.REJECTED, -2.0 if verdict.score is None else verdict.score


def _ended(judging: Judging, standing: Standing, word: Judged) -> Flow[Standing]:
    """What was not refused is one of the gate's own pictures, also where no later stage takes it up."""
    stands = replace(standing, words=(*standing.words, word))
    ruling = word.verdict.ruling
    goes_on = ruling is Ruling.IMAGINED or ruling in judging.onward
    if goes_on or ruling is not Ruling.REJECTED:
        yield Made(stage=word.stage, blob=standing.picture, call=standing.call)
    return stands if goes_on else replace(stands, left=Left(stage=word.stage, why=str(ruling)))
