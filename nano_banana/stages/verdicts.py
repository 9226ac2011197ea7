"""From measures of faces to a verdict: accepted, unsure or rejected.

Pure arithmetic. Measures are the data of a `likeness` call: the faces of a picture, each with its likeness to the
people who should be in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from nano_banana.model.flow import Reason, Ruling, Verdict
from nano_banana.model.json_values import JSONObject, as_items, as_number, as_object

RejectionKind: TypeAlias = Literal["no_face", "extra_face", "copy_of_training_photo"]
REJECTION_KINDS: tuple[RejectionKind, ...] = get_args(RejectionKind)
"""What a gate may reject besides a face that isn't like its person's."""


class AcceptanceCriteria(Struct, frozen=True, kw_only=True):
    """When a picture is accepted. Likeness is cosine similarity, −1 to 1 (SFace: 0.45 let no stranger of 1,615 pass).

    The threshold is `at_least`. It may be raised, up to `at_most`, to the `quantile` (0–1; None: no calibration) of
    the reference photos' likenesses to each other, less `slack`. From `unsure_from` to the threshold, a person decides.
    A face narrower than `least_face_px` pixels, or less sharp than `least_sharpness` (variance of the Laplacian of the
    aligned face), is too poor to judge: unsure, never rejected. `also_reject` are the REJECTION_KINDS that apply. A
    face is a copy of a training photo from `copy_similarity`, if its surroundings differ in at most `copy_distance` of
    64 bits.
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
"""Likenesses among a subject's own photos below which their quantile means nothing."""

MAX_FACES_PERMUTED = 8
"""Up to so many faces, every assignment to people is tried; of more, the first are taken from left to right."""

FaceMeasures: TypeAlias = JSONObject


def judge_measures(
    measures: JSONObject, names: Sequence[str], criteria: AcceptanceCriteria, *, in_order: bool, every_face: bool = True
) -> Verdict:
    """The verdict on a picture of the people `names`.

    With `in_order` they stand from left to right; else faces are assigned for the best total likeness. Without
    `every_face`, the person with the best likeness decides. Missing measures (in a forecast) give an imagined verdict.
    """
    if "faces" not in measures:
        return Verdict(ruling=Ruling.IMAGINED)
    faces = [face for item in as_items(measures["faces"]) if (face := as_object(item))["main"]]
    thresholds = [likeness_threshold(as_object(person), criteria) for person in as_items(measures["people"])]
    fewest = len(names) if every_face else 1
    miscounted = _face_count_reasons(len(faces), fewest, len(names), criteria)
    if not faces:
        ruling = Ruling.REJECTED if "no_face" in criteria.also_reject else Ruling.UNSURE
        return Verdict(ruling=ruling, threshold=max(thresholds), reasons=[Reason(kind="no_face")], numbers=measures)
    pairs = [(person, faces[face]) for person, face in enumerate(_assign_faces(faces, len(names), in_order=in_order))]
    pairs.sort(key=lambda pair: _likeness_to(pair[1], pair[0]) - thresholds[pair[0]])
    person, face = pairs[0 if every_face else -1]
    counted = pairs if every_face else pairs[-1:]
    judged = [_judge_face(face, person, names[person], thresholds[person], criteria) for person, face in counted]
    rulings = [ruling for ruling, _ in (*miscounted, *judged)]
    return Verdict(
        ruling=next((found for found in (Ruling.REJECTED, Ruling.UNSURE) if found in rulings), Ruling.ACCEPTED),
        score=_likeness_to(face, person),
        threshold=thresholds[person],
        reasons=[reason for _, found in (*miscounted, *judged) for reason in found],
        numbers=measures,
    )


def likeness_threshold(person: JSONObject, criteria: AcceptanceCriteria) -> float:
    """The likeness from which a face is this person's: what their own photos reach, within the bounds."""
    own = sorted(as_number(value) for value in as_items(person.get("calibration")))
    if criteria.quantile is None or len(own) < MIN_CALIBRATION_VALUES:
        return criteria.at_least
    reached = _quantile(own, criteria.quantile) - criteria.slack
    return round(max(criteria.at_least, min(reached, criteria.at_most)), 4)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share lies, interpolated linearly."""
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def _face_count_reasons(
    found: int, fewest: int, wanted: int, criteria: AcceptanceCriteria
) -> list[tuple[Ruling, list[Reason]]]:
    if 0 < found < fewest:
        return [(Ruling.REJECTED, [Reason(kind="missing_face", data={"found": found, "wanted": wanted})])]
    if found > wanted and "extra_face" in criteria.also_reject:
        return [(Ruling.REJECTED, [Reason(kind="extra_face", data={"found": found, "wanted": wanted})])]
    return []


def _assign_faces(faces: Sequence[FaceMeasures], people: int, *, in_order: bool) -> Sequence[int]:
    """The index of each person's face, while there are faces, for the best total likeness.

    With `in_order`, people keep their order from left to right, and other faces are skipped.
    """
    ordered = sorted(range(len(faces)), key=lambda at: as_number(as_items(faces[at]["box"])[0]))
    if len(faces) > MAX_FACES_PERMUTED:
        return ordered[:people]
    ways = (combinations if in_order else permutations)(ordered, min(people, len(faces)))
    return max(ways, key=lambda way: sum(_likeness_to(faces[face], person) for person, face in enumerate(way)))


def _judge_face(
    face: FaceMeasures, person: int, name: str, least: float, criteria: AcceptanceCriteria
) -> tuple[Ruling, list[Reason]]:
    """The ruling on one person's face, with reasons."""
    likeness = _likeness_to(face, person)
    about: JSONObject = {"subject": name}
    width = as_number(as_items(face["box"])[2])
    if width < criteria.least_face_px:
        poor: JSONObject = {**about, "face_px": round(width, 1), "least": criteria.least_face_px}
        return Ruling.UNSURE, [Reason(kind="face_too_small", data=poor)]
    sharpness = as_number(face["sharpness"])
    if sharpness < criteria.least_sharpness:
        poor = {**about, "sharpness": sharpness, "least": criteria.least_sharpness}
        return Ruling.UNSURE, [Reason(kind="face_blurred", data=poor)]
    copy = as_object(as_items(face["copy"])[person]) if face.get("copy") else {}
    if copy and "copy_of_training_photo" in criteria.also_reject and _is_copy(copy, criteria):
        return Ruling.REJECTED, [Reason(kind="copy_of_training_photo", data={**about, **copy})]
    if likeness >= least:
        return Ruling.ACCEPTED, []
    far = Reason(kind="too_far", data={**about, "similarity": likeness, "needs": least})
    return (Ruling.UNSURE if likeness >= criteria.unsure_from else Ruling.REJECTED), [far]


def _is_copy(copy: JSONObject, criteria: AcceptanceCriteria) -> bool:
    near, like = copy.get("distance"), copy.get("similarity")
    if near is None or like is None:
        return False
    return as_number(like) >= criteria.copy_similarity and as_number(near) <= criteria.copy_distance


def _likeness_to(face: FaceMeasures, person: int) -> float:
    return as_number(as_items(face["similar"])[person])
