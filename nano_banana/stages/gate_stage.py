"""The gate stage: is it still the same person? And its second chances.

```
  upstream ──▶ picture ──▶ look ──▶ likeness ──▶ judge ──accepted, unsure──▶ goes on
     ▲                              (numbers)   (pure)        │
     │                                                        │ rejected
     └──────── retry: the upstream flow, with a new seed ◀────┤
               repair: mask ▶ crop ▶ paint ▶ paste on the best ◀┘   … until accepted, or none is left
```

Thresholds are in no key: two calls measure, and verdicts are pure arithmetic over their numbers, so judging again is
free. Measures are the data of a `likeness` call: the faces of a picture, each with its likeness to the people who
should be in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import TypeAlias

from nano_banana.model.call import Blob
from nano_banana.model.flow import (
    Attempt,
    ExitedEarly,
    Flow,
    Judged,
    Made,
    Reason,
    Ruling,
    Verdict,
    ask,
    nested_attempt,
    with_attempt,
)
from nano_banana.model.json_values import JSONObject, as_items, as_number, as_object
from nano_banana.model.problem import CallFailed
from nano_banana.stages.inpaint_stage import CROP_SCHEMA, MASK_SCHEMA
from nano_banana.stages.stage_kind import ADAPTERS, NAMES, TEXT, USING, WITH, StageKind, StageOutput, compute_call

REJECTION_KINDS = ("no_face", "extra_face", "copy_of_training_photo")
"""What a gate may refuse beside a face that is too far from its person's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceCriteria:
    """When a picture is accepted. Likeness is cosine similarity, −1 to 1 (SFace: 0.45 let no stranger of 1,615 pass).

    `at_least` is the floor; `quantile` (0–1; None: no calibration) of the reference photos' own leave-one-out
    likenesses less `slack` may raise the threshold, up to `at_most`. From `unsure_from` up to the threshold a person
    looks. A face narrower than `least_face_px` pixels, or less sharp than `least_sharpness` (variance of the Laplacian
    on the aligned face), is too poor to judge: unsure, never refused. `also_reject` are those of REJECTIONS that hold.
    A copy is like one training photo by `copy_similarity` or more, and what is around the face differs from that
    photo's in no more than `copy_distance` of 64 bits.
    """

    at_least: float = 0.45
    at_most: float = 0.55
    quantile: float | None = 0.1
    slack: float = 0.05
    unsure_from: float = 0.36
    also_reject: frozenset[str] = frozenset(REJECTION_KINDS)
    least_face_px: float = 48
    least_sharpness: float = 12
    copy_similarity: float = 0.85
    copy_distance: int = 8


MIN_CALIBRATION_VALUES = 3
"""With fewer likenesses among a subject's own photos their quantile says nothing."""

MAX_FACES_PERMUTED = 8
"""Faces of which every way to assign them is tried; of more the first are taken, from left to right."""

FaceMeasures: TypeAlias = JSONObject


def judge_measures(
    measures: JSONObject, names: Sequence[str], standard: AcceptanceCriteria, *, in_order: bool, every_face: bool = True
) -> Verdict:
    """What the standard says of a picture of the people `names`.

    `in_order` where they stand from left to right; else each gets the face that suits all of them best. Unless
    `every_face` counts, the person who is hit best decides. Measures that are not there yet (only in a forecast) give
    an imagined verdict.
    """
    if "faces" not in measures:
        return Verdict(ruling=Ruling.IMAGINED)
    faces = [face for item in as_items(measures["faces"]) if (face := as_object(item))["main"]]
    thresholds = [likeness_threshold(as_object(person), standard) for person in as_items(measures["people"])]
    fewest = len(names) if every_face else 1
    miscounted = _face_count_reasons(len(faces), fewest, len(names), standard)
    if not faces:
        ruling = Ruling.REJECTED if "no_face" in standard.also_reject else Ruling.UNSURE
        return Verdict(ruling=ruling, threshold=max(thresholds), reasons=[Reason(kind="no_face")], numbers=measures)
    pairs = [(person, faces[face]) for person, face in enumerate(_assign_faces(faces, len(names), in_order=in_order))]
    pairs.sort(key=lambda pair: _likeness_to(pair[1], pair[0]) - thresholds[pair[0]])
    person, face = pairs[0 if every_face else -1]
    counted = pairs if every_face else pairs[-1:]
    judged = [_judge_face(face, person, names[person], thresholds[person], standard) for person, face in counted]
    rulings = [ruling for ruling, _ in (*miscounted, *judged)]
    return Verdict(
        ruling=next((found for found in (Ruling.REJECTED, Ruling.UNSURE) if found in rulings), Ruling.ACCEPTED),
        score=_likeness_to(face, person),
        threshold=thresholds[person],
        reasons=[reason for _, found in (*miscounted, *judged) for reason in found],
        numbers=measures,
    )


def likeness_threshold(person: JSONObject, standard: AcceptanceCriteria) -> float:
    """From which likeness on a face is this person's: what their own photos reach, within the standard's bounds."""
    own = sorted(as_number(value) for value in as_items(person.get("calibration")))
    if standard.quantile is None or len(own) < MIN_CALIBRATION_VALUES:
        return standard.at_least
    reached = _quantile(own, standard.quantile) - standard.slack
    return round(max(standard.at_least, min(reached, standard.at_most)), 4)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share lies, between neighbours by a straight line."""
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def _face_count_reasons(
    found: int, fewest: int, wanted: int, standard: AcceptanceCriteria
) -> list[tuple[Ruling, list[Reason]]]:
    if 0 < found < fewest:
        return [(Ruling.REJECTED, [Reason(kind="missing_face", data={"found": found, "wanted": wanted})])]
    if found > wanted and "extra_face" in standard.also_reject:
        return [(Ruling.REJECTED, [Reason(kind="extra_face", data={"found": found, "wanted": wanted})])]
    return []


def _assign_faces(faces: Sequence[FaceMeasures], people: int, *, in_order: bool) -> Sequence[int]:
    """Which face is whose: indices of faces, one for each person while there are faces; those that suit best.

    `in_order` nobody stands to the left of whom they should stand to the right of; who else is there is passed over.
    """
    ordered = sorted(range(len(faces)), key=lambda at: as_number(as_items(faces[at]["box"])[0]))
    if len(faces) > MAX_FACES_PERMUTED:
        return ordered[:people]
    ways = (combinations if in_order else permutations)(ordered, min(people, len(faces)))
    return max(ways, key=lambda way: sum(_likeness_to(faces[face], person) for person, face in enumerate(way)))


def _judge_face(
    face: FaceMeasures, person: int, name: str, least: float, standard: AcceptanceCriteria
) -> tuple[Ruling, list[Reason]]:
    """What is said of one person's face."""
    likeness = _likeness_to(face, person)
    about: JSONObject = {"subject": name}
    width = as_number(as_items(face["box"])[2])
    if width < standard.least_face_px:
        poor: JSONObject = {**about, "face_px": round(width, 1), "least": standard.least_face_px}
        return Ruling.UNSURE, [Reason(kind="face_too_small", data=poor)]
    sharpness = as_number(face["sharpness"])
    if sharpness < standard.least_sharpness:
        poor = {**about, "sharpness": sharpness, "least": standard.least_sharpness}
        return Ruling.UNSURE, [Reason(kind="face_blurred", data=poor)]
    copy = as_object(as_items(face["copy"])[person]) if face.get("copy") else {}
    if copy and "copy_of_training_photo" in standard.also_reject and _is_copy(copy, standard):
        return Ruling.REJECTED, [Reason(kind="copy_of_training_photo", data={**about, **copy})]
    if likeness >= least:
        return Ruling.ACCEPTED, []
    far = Reason(kind="too_far", data={**about, "similarity": likeness, "needs": least})
    return (Ruling.UNSURE if likeness >= standard.unsure_from else Ruling.REJECTED), [far]


def _is_copy(copy: JSONObject, standard: AcceptanceCriteria) -> bool:
    near, like = copy.get("distance"), copy.get("similarity")
    if near is None or like is None:
        return False
    return as_number(like) >= standard.copy_similarity and as_number(near) <= standard.copy_distance


def _likeness_to(face: FaceMeasures, person: int) -> float:
    return as_number(as_items(face["similar"])[person])


_LIKENESS_SCHEMA: JSONObject = {"type": "number", "minimum": -1, "maximum": 1}
_DEFAULT_CRITERIA = AcceptanceCriteria()

DEFAULT_REPAIR_MASK: JSONObject = {"find": "face", "grow": 0.25, "feather": 0.08}
"""What a repair paints over where the recipe does not say."""

DEFAULT_REPAIR_LADDER = (0.45, 0.6, 0.75)
"""Strengths of a repair: below 0.4 a face stays whose it is, above 0.8 the picture's light is lost."""

_REPAIR_SCHEMA: JSONObject = {
    "type": "object",
    "description": "Then inpaint the best of them, harder while the gate still says no.",
    "properties": {
        "mask": {**MASK_SCHEMA, "default": DEFAULT_REPAIR_MASK},
        "prompt": {**TEXT, "description": "A template's name, or the prompt itself; without it, the shot's own."},
        "using": USING,
        "adapters": ADAPTERS,
        "crop": CROP_SCHEMA,
        "with": WITH,
        "ladder": {
            "type": "object",
            "description": "A field of the endpoint to its values, gentle first, one try each: "
            "`{strength: [0.45, 0.6, 0.75]}`. By default these strengths, unless `with` says one.",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": {
                "type": "array",
                "items": {"type": "number"},
                "minItems": 1,
                "maxItems": 10,
                "description": "The values, one try each.",
            },
        },
    },
    "required": ["using"],
    "additionalProperties": False,
}

KIND = StageKind(
    verb="gate",
    about="Judges every picture of a collection on this machine, and gives those it refuses second chances.",
    params={
        "gate": {**NAMES, "description": "The collection: a stage's id, or `stage.shot`; or a list of them."},
        "judge": {
            "type": "object",
            "description": "What is measured, and against what.",
            "properties": {
                "measure": {"enum": ["identity"], "default": "identity", "description": "Whose face it is."},
                "against": {
                    "enum": ["hold_out", "training_set"],
                    "default": "hold_out",
                    "description": "The photos to compare with: those held out (all, where none are), or all.",
                },
                "every_face": {
                    "type": "boolean",
                    "default": True,
                    "description": "In a picture of several, each of them must be like theirs; `false`: one will do.",
                },
            },
            "additionalProperties": False,
        },
        "accept": {
            "type": "object",
            "description": "From which likeness on a picture is accepted.",
            "properties": {
                "at_least": {
                    **_LIKENESS_SCHEMA,
                    "default": _DEFAULT_CRITERIA.at_least,
                    "description": "Never below this likeness.",
                },
                "calibrate": {
                    "description": "Raise the threshold to what the subject's own photos reach, or `false`.",
                    "anyOf": [
                        {"type": "boolean"},
                        {
                            "type": "object",
                            "properties": {
                                "quantile": {
                                    "type": "number",
                                    "minimum": 0,
                                    "maximum": 1,
                                    "default": _DEFAULT_CRITERIA.quantile,
                                    "description": "This quantile of each photo's likeness to the others …",
                                },
                                "slack": {
                                    "type": "number",
                                    "minimum": 0,
                                    "maximum": 1,
                                    "default": _DEFAULT_CRITERIA.slack,
                                    "description": "… less this,",
                                },
                                "at_most": {
                                    **_LIKENESS_SCHEMA,
                                    "default": _DEFAULT_CRITERIA.at_most,
                                    "description": "and never above this.",
                                },
                            },
                            "additionalProperties": False,
                        },
                    ],
                    "default": True,
                },
            },
            "additionalProperties": False,
        },
        "unsure": {
            "type": "object",
            "description": "From which likeness on a person is to look; never tried again by itself.",
            "properties": {
                "at_least": {
                    **_LIKENESS_SCHEMA,
                    "default": _DEFAULT_CRITERIA.unsure_from,
                    "description": "Below this it is refused.",
                },
            },
            "additionalProperties": False,
        },
        "also_reject": {
            "type": "array",
            "items": {"enum": list(REJECTION_KINDS)},
            "uniqueItems": True,
            "default": list(REJECTION_KINDS),
            "description": "What else is refused.",
        },
        "skip_when": {
            "type": "object",
            "minProperties": 1,
            "description": "Takes that are not judged, by axis or by a field of it: `{style.painted: true}`; of "
            "several, one is enough.",
            "additionalProperties": {
                "type": ["string", "number", "boolean", "null"],
                "description": "The value, or the key of the axis's value.",
            },
        },
        "retry": {
            "type": "object",
            "description": "First, draw again with new seeds.",
            "properties": {
                "takes": {"type": "integer", "minimum": 0, "maximum": 20, "description": "How many more, at most."},
            },
            "required": ["takes"],
            "additionalProperties": False,
        },
        "repair": _REPAIR_SCHEMA,
    },
    required=("gate",),
)


_PICTURE_FAILURES = frozenset(
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
class GateCheck:
    """Who should be in a picture, and what it takes: `people` are their measures' files, by name.

    `in_order` where they stand from left to right; `every_face` where each must be right, not just one of them;
    `onward` are the rulings with which a take goes on.
    """

    people: Sequence[tuple[str, Blob]]
    standard: AcceptanceCriteria
    onward: frozenset[Ruling]
    in_order: bool = False
    every_face: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondChance:
    """One more try: `flow` makes it of the best picture so far and its verdict.

    One that `mends` paints over faces, and is of no use where one is not there.
    """

    label: str
    detail: JSONObject
    flow: Callable[[StageOutput, Verdict], Flow[StageOutput]]
    mends: bool = False


def run_gate(stage: str, judging: GateCheck, first: StageOutput, chances: Sequence[SecondChance]) -> Flow[StageOutput]:
    """Judge the picture; while it is refused, take the next chance and judge that. The best one stands.

    One that is unsure is never tried again. A picture that nobody can see yet (in a forecast) uses up all chances.
    """
    verdict = yield from _judge_picture(stage, judging, first.picture)
    best, number = (first, Judged(stage=stage, blob=first.picture, verdict=verdict)), 0
    for chance in chances:
        if verdict.ruling not in {Ruling.REJECTED, Ruling.IMAGINED}:
            break
        if chance.mends and not _is_repairable(best[1].verdict):
            continue
        number += 1
        attempt = Attempt(number=number, label=chance.label, detail=chance.detail)
        tried = yield from _try_chance(with_attempt(attempt, chance.flow(best[0], best[1].verdict)))
        if tried is None or tried.left:
            continue
        verdict = yield from with_attempt(attempt, _judge_picture(stage, judging, tried.picture))
        if _verdict_rank(verdict) >= _verdict_rank(best[1].verdict):
            word = Judged(stage=stage, blob=tried.picture, verdict=verdict, attempt=attempt)
            best = (_within_attempt(tried, attempt, mends=chance.mends), word)
    standing, word = best
    return (yield from _end_of_gate(judging, standing, word))


def skip_gate(stage: str, judging: GateCheck, standing: StageOutput) -> Flow[StageOutput]:
    """Let a picture through (or not, as the rulings have it) that nobody judges."""
    verdict = Verdict(ruling=Ruling.NOT_JUDGED)
    word = Judged(stage=stage, blob=standing.picture, verdict=verdict)
    yield word
    return (yield from _end_of_gate(judging, standing, word))


def _judge_picture(stage: str, judging: GateCheck, picture: Blob) -> Flow[Verdict]:
    looked = yield from ask(stage, compute_call("look", {}, {"image": picture}))
    people = {f"people/{at}": blob for at, (_, blob) in enumerate(judging.people)}
    compared = yield from ask(stage, compute_call("likeness", {}, {"faces": looked.files["faces"], **people}))
    names = [name for name, _ in judging.people]
    verdict = judge_measures(
        compared.data, names, judging.standard, in_order=judging.in_order, every_face=judging.every_face
    )
    yield Judged(stage=stage, blob=picture, verdict=verdict)
    return verdict


def _try_chance(flow: Flow[StageOutput]) -> Flow[StageOutput | None]:
    """The try's picture; None where it came to nothing and would again. That is one try lost, no more.

    What may do better next time (a service that is down) fails the take, so that the next run goes on from there.
    """
    try:
        return (yield from flow)
    except CallFailed as failed:
        # (What was billed before and failed is told by the reason that it had then.)
        if any(not _PICTURE_FAILURES & {problem.kind, problem.data.get("reason")} for problem in failed.problems):
            raise
        return None


def _is_repairable(verdict: Verdict) -> bool:
    """Whether painting over its people's faces may help: not where one is missing, nor where there is one too many."""
    wrong = {"no_face", "missing_face", "extra_face"}
    return verdict.ruling is Ruling.IMAGINED or not any(reason.kind in wrong for reason in verdict.reasons)


def _within_attempt(tried: StageOutput, attempt: Attempt, *, mends: bool) -> StageOutput:
    """The try as it stands: what gates before this one said of it, they said within the attempt.

    What was mended went through them before.
    """
    if mends:
        return tried
    return replace(
        tried, words=tuple(replace(word, attempt=nested_attempt(attempt, word.attempt)) for word in tried.words)
    )


def _verdict_rank(verdict: Verdict) -> tuple[bool, float]:
    """Of two pictures the one that was not refused is better, then the likelier one."""
    return verdict.ruling is not Ruling.REJECTED, -2.0 if verdict.score is None else verdict.score


def _end_of_gate(judging: GateCheck, standing: StageOutput, word: Judged) -> Flow[StageOutput]:
    """What was not refused is one of the gate's own pictures, also where no later stage takes it up."""
    stands = replace(standing, words=(*standing.words, word))
    ruling = word.verdict.ruling
    goes_on = ruling is Ruling.IMAGINED or ruling in judging.onward
    if goes_on or ruling is not Ruling.REJECTED:
        yield Made(stage=word.stage, blob=standing.picture, call=standing.call)
    return stands if goes_on else replace(stands, left=ExitedEarly(stage=word.stage, why=str(ruling)))
