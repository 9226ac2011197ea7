"""Verdicts from measures: pure arithmetic, so that judging again is free.

Measures are the data of a `likeness` call: the faces of a picture, each with its likeness to the people who
should be in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations
from typing import TypeAlias

from nano_banana.core.json import JSONObject, as_items, as_number, as_object
from nano_banana.core.verdict import Reason, Ruling, Verdict
from nano_banana.stages.standard import Standard

FEWEST = 3
"""With fewer likenesses among a subject's own photos their quantile says nothing."""

MOST_TRIED = 8
"""Faces of which every way to assign them is tried; of more the first are taken, from left to right."""

Face: TypeAlias = JSONObject


def judge(
    measures: JSONObject, names: Sequence[str], standard: Standard, *, in_order: bool, every_face: bool = True
) -> Verdict:
    """What the standard says of a picture of the people `names`.

    `in_order` where they stand from left to right; else each gets the face that suits all of them best. Unless
    `every_face` counts, the person who is hit best decides. Measures that are not there yet (only in a forecast) give
    an imagined verdict.
    """
    if "faces" not in measures:
        return Verdict(ruling=Ruling.IMAGINED)
    faces = [face for item in as_items(measures["faces"]) if (face := as_object(item))["main"]]
    thresholds = [threshold(as_object(person), standard) for person in as_items(measures["people"])]
    fewest = len(names) if every_face else 1
    miscounted = _miscounted(len(faces), fewest, len(names), standard)
    if not faces:
        ruling = Ruling.REJECTED if "no_face" in standard.also_reject else Ruling.UNSURE
        return Verdict(ruling=ruling, threshold=max(thresholds), reasons=[Reason(kind="no_face")], numbers=measures)
    pairs = [(person, faces[face]) for person, face in enumerate(_assigned(faces, len(names), in_order=in_order))]
    pairs.sort(key=lambda pair: _similar(pair[1], pair[0]) - thresholds[pair[0]])
    person, face = pairs[0 if every_face else -1]
    counted = pairs if every_face else pairs[-1:]
    judged = [_one(face, person, names[person], thresholds[person], standard) for person, face in counted]
    rulings = [ruling for ruling, _ in (*miscounted, *judged)]
    return Verdict(
        ruling=next((found for found in (Ruling.REJECTED, Ruling.UNSURE) if found in rulings), Ruling.ACCEPTED),
        score=_similar(face, person),
        threshold=thresholds[person],
        reasons=[reason for _, found in (*miscounted, *judged) for reason in found],
        numbers=measures,
    )


def threshold(person: JSONObject, standard: Standard) -> float:
    """From which likeness on a face is this person's: what their own photos reach, within the standard's bounds."""
    own = sorted(as_number(value) for value in as_items(person.get("calibration")))
    if standard.quantile is None or len(own) < FEWEST:
        return standard.at_least
    reached = _quantile(own, standard.quantile) - standard.slack
    return round(max(standard.at_least, min(reached, standard.at_most)), 4)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share lies, between neighbours by a straight line."""
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def _miscounted(found: int, fewest: int, wanted: int, standard: Standard) -> list[tuple[Ruling, list[Reason]]]:
    if 0 < found < fewest:
        return [(Ruling.REJECTED, [Reason(kind="missing_face", data={"found": found, "wanted": wanted})])]
    if found > wanted and "extra_face" in standard.also_reject:
        return [(Ruling.REJECTED, [Reason(kind="extra_face", data={"found": found, "wanted": wanted})])]
    return []


def _assigned(faces: Sequence[Face], people: int, *, in_order: bool) -> Sequence[int]:
    """Which face is whose: indices of faces, one for each person while there are faces; those that suit best.

    `in_order` nobody stands to the left of whom they should stand to the right of; who else is there is passed over.
    """
    ordered = sorted(range(len(faces)), key=lambda at: as_number(as_items(faces[at]["box"])[0]))
    if len(faces) > MOST_TRIED:
        return ordered[:people]
    ways = (combinations if in_order else permutations)(ordered, min(people, len(faces)))
    return max(ways, key=lambda way: sum(_similar(faces[face], person) for person, face in enumerate(way)))


def _one(face: Face, person: int, name: str, least: float, standard: Standard) -> tuple[Ruling, list[Reason]]:
    """What is said of one person's face."""
    likeness = _similar(face, person)
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
    if copy and "copy_of_training_photo" in standard.also_reject and _copied(copy, standard):
        return Ruling.REJECTED, [Reason(kind="copy_of_training_photo", data={**about, **copy})]
    if likeness >= least:
        return Ruling.ACCEPTED, []
    far = Reason(kind="too_far", data={**about, "similarity": likeness, "needs": least})
    return (Ruling.UNSURE if likeness >= standard.unsure_from else Ruling.REJECTED), [far]


def _copied(copy: JSONObject, standard: Standard) -> bool:
    near, like = copy.get("distance"), copy.get("similarity")
    if near is None or like is None:
        return False
    return as_number(like) >= standard.copy_similarity and as_number(near) <= standard.copy_distance


def _similar(face: Face, person: int) -> float:
    return as_number(as_items(face["similar"])[person])
