"""Verdicts: thresholds, counts of faces, who is who."""

from __future__ import annotations

import pytest

from nano_banana.model.flow import Ruling, Verdict
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.stages.verdicts import AcceptanceCriteria, judge_measures, likeness_threshold

PLAIN = AcceptanceCriteria(quantile=None)


def face(*similar: float, left: float = 100, width: float = 200, **more: JSONValue) -> JSONObject:
    """A face that is so like each of the people."""
    about: JSONObject = {
        "box": [left, 80, width, 240],
        "sharpness": 300.0,
        "main": True,
        "similar": list(similar),
        "copy": [{"similarity": 0.5, "distance": 30} for _ in similar],
    }
    return {**about, **more}


def verdict(*faces: JSONObject, names: str = "ana", standard: AcceptanceCriteria = PLAIN, **how: bool) -> Verdict:
    people = names.split()
    measures: JSONObject = {"faces": list(faces), "people": [{"calibration": []} for _ in people]}
    return judge_measures(measures, people, standard, **{"in_order": False, **how})


def kinds(found: Verdict) -> list[str]:
    return [reason.kind for reason in found.reasons]


@pytest.mark.parametrize(
    ("likeness", "ruling"),
    [
        (0.45, Ruling.ACCEPTED),
        (0.4499, Ruling.UNSURE),
        (0.36, Ruling.UNSURE),
        (0.3599, Ruling.REJECTED),
        (-0.2, Ruling.REJECTED),
    ],
)
def test_likeness_decides(likeness: float, ruling: Ruling) -> None:
    found = verdict(face(likeness))
    assert (found.ruling, found.score, found.threshold) == (ruling, likeness, 0.45)
    assert kinds(found) == ([] if ruling is Ruling.ACCEPTED else ["too_far"])


def test_a_reason_says_whose_face_and_what_it_needs() -> None:
    (reason,) = verdict(face(0.2)).reasons
    assert reason.data == {"subject": "ana", "similarity": 0.2, "needs": 0.45}


def test_another_standard_judges_the_same_numbers_again() -> None:
    first = verdict(face(0.5))
    again = judge_measures(first.numbers, ["ana"], AcceptanceCriteria(quantile=None, at_least=0.6), in_order=False)
    assert (first.ruling, again.ruling) == (Ruling.ACCEPTED, Ruling.UNSURE)


def test_no_face_and_one_too_many_are_refused_or_not_as_the_standard_says() -> None:
    assert (verdict().ruling, kinds(verdict())) == (Ruling.REJECTED, ["no_face"])
    two = verdict(face(0.9), face(0.1, left=400))
    assert (two.ruling, kinds(two), two.score) == (Ruling.REJECTED, ["extra_face"], 0.9)
    lenient = AcceptanceCriteria(quantile=None, also_reject=frozenset())
    assert verdict(standard=lenient).ruling is Ruling.UNSURE
    assert verdict(face(0.1, left=400), face(0.9), standard=lenient).ruling is Ruling.ACCEPTED


def test_somebody_small_in_the_background_is_nobody() -> None:
    assert verdict(face(0.9), face(0.0, width=20, main=False)).ruling is Ruling.ACCEPTED
    assert kinds(verdict(face(0.9, main=False))) == ["no_face"]


@pytest.mark.parametrize(
    ("poor", "reason"), [({"width": 47.9}, "face_too_small"), ({"sharpness": 11.9}, "face_blurred")]
)
def test_what_is_too_poor_to_judge_is_unsure_however_like_or_unlike(poor: dict[str, float], reason: str) -> None:
    for likeness in (0.9, 0.0):
        found = verdict(face(likeness, **poor))
        assert (found.ruling, kinds(found)) == (Ruling.UNSURE, [reason])


def test_a_copy_of_a_training_photo_is_refused_however_like() -> None:
    copied = face(0.99, copy=[{"similarity": 0.99, "distance": 2}])
    assert kinds(verdict(copied)) == ["copy_of_training_photo"]
    assert (
        verdict(copied, standard=AcceptanceCriteria(quantile=None, also_reject=frozenset())).ruling is Ruling.ACCEPTED
    )
    for same in ({"similarity": 0.99, "distance": 30}, {"similarity": 0.7, "distance": 2}, {}):
        assert verdict(face(0.9, copy=[same])).ruling is Ruling.ACCEPTED


def test_the_subject_s_own_photos_raise_the_threshold_within_bounds() -> None:
    own: JSONObject = {"calibration": [0.9, 0.5, 0.8, 0.7, 0.6, 0.85, 0.75, 0.65, 0.55, 0.95, 0.58]}
    usual = AcceptanceCriteria(at_most=0.8)
    assert likeness_threshold(own, usual) == pytest.approx(0.55 - 0.05)
    assert likeness_threshold(own, AcceptanceCriteria(quantile=0.5, slack=0, at_most=0.6)) == 0.6
    assert likeness_threshold({"calibration": [0.2, 0.3, 0.4]}, usual) == 0.45
    assert likeness_threshold({"calibration": [0.9, 0.9]}, usual) == 0.45
    assert likeness_threshold(own, PLAIN) == 0.45


def test_several_people_each_get_the_face_that_suits_them() -> None:
    swapped = verdict(face(0.1, 0.8), face(0.7, 0.0, left=400), names="ana ben")
    assert (swapped.ruling, swapped.score) == (Ruling.ACCEPTED, 0.7)


def test_where_people_have_places_a_swap_is_two_strangers() -> None:
    swapped = verdict(face(0.1, 0.8, left=400), face(0.7, 0.0), names="ana ben", in_order=True)
    assert swapped.ruling is Ruling.ACCEPTED
    wrong = verdict(face(0.1, 0.8), face(0.7, 0.0, left=400), names="ana ben", in_order=True)
    assert (wrong.ruling, kinds(wrong), wrong.score) == (Ruling.REJECTED, ["too_far", "too_far"], 0.0)
    assert {reason.data["subject"] for reason in wrong.reasons} == {"ana", "ben"}


def test_a_bystander_on_the_left_moves_nobody() -> None:
    crowd = face(0.0, 0.1, left=0), face(0.7, 0.0, left=300), face(0.1, 0.8, left=600)
    lenient = AcceptanceCriteria(quantile=None, also_reject=frozenset())
    assert verdict(*crowd, names="ana ben", in_order=True, standard=lenient).ruling is Ruling.ACCEPTED


def test_of_several_one_may_do() -> None:
    mixed = face(0.8, 0.1), face(0.0, 0.1, left=400)
    assert verdict(*mixed, names="ana ben").ruling is Ruling.REJECTED
    assert verdict(*mixed, names="ana ben", every_face=False).ruling is Ruling.ACCEPTED
    assert verdict(mixed[0], names="ana ben", every_face=False).ruling is Ruling.ACCEPTED


def test_somebody_missing_is_a_reason() -> None:
    found = verdict(face(0.8, 0.1), names="ana ben")
    assert (found.ruling, kinds(found)) == (Ruling.REJECTED, ["missing_face"])
    assert dict(found.reasons[0].data) == {"found": 1, "wanted": 2}


def test_a_crowd_is_taken_from_left_to_right() -> None:
    names = " ".join("abcdefghi")
    faces = [face(*(0.9 if at == own else 0.0 for at in range(9)), left=100 * own) for own in range(9)]
    assert verdict(*faces, names=names).ruling is Ruling.ACCEPTED


def test_what_is_not_there_yet_is_imagined() -> None:
    assert judge_measures({}, ["ana"], PLAIN, in_order=False).ruling is Ruling.IMAGINED
