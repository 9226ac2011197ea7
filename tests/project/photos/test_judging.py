"""Findings from numbers alone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from nano_banana.formats.struct_schema import decode_section
from nano_banana.model.problem import problem
from nano_banana.recipe.training_photos import DEFAULT_PHOTO_RULES, PhotoRules, Severity
from nano_banana.session.photo_findings import comparison_findings, photo_findings, set_findings
from nano_banana.session.photo_observations import FaceMeasures, NearDuplicate, PhotoMeasures, PhotoObservation

FACE = FaceMeasures(box=(100, 100, 300, 400), eyes=120, sharpness=400, yaw=0, roll=0, main=True)
PHOTO = PhotoMeasures(
    width=1000,
    height=1200,
    oriented=False,
    mean=0.45,
    dark=0.05,
    bright=0.02,
    sharpness=900,
    hash="0" * 16,
    hash_mirrored="0" * 16,
    difference_hash="0" * 16,
)
GOOD = PhotoObservation(faces=(FACE,), measures=PHOTO)
OFF = decode_section({"blurred": "off", "exposure": "off", "near_duplicates": "off", "odd_one_out": "off"}, PhotoRules)


def found(sight: PhotoObservation, rules: PhotoRules = DEFAULT_PHOTO_RULES) -> dict[str, str]:
    return {finding.kind: finding.severity.value for finding in photo_findings(sight, rules)}


def with_face(**changes: object) -> PhotoObservation:
    return replace(GOOD, faces=(replace(FACE, **changes),))


def with_photo(**changes: object) -> PhotoObservation:
    return replace(GOOD, measures=replace(PHOTO, **changes))


def test_a_good_photo_has_no_finding() -> None:
    assert found(GOOD) == {}


@pytest.mark.parametrize(
    ("sight", "kind", "severity"),
    [
        (with_face(box=(0, 0, 199, 260)), "photo_face_small", "warn"),
        (with_face(box=(0, 0, 63, 80)), "photo_face_small", "reject"),
        (with_face(roll=-92), "photo_lying", "warn"),
        (with_face(roll=179), "photo_lying", "warn"),
        (with_face(sharpness=24.9), "photo_face_blurred", "reject"),
        (with_face(sharpness=99.9), "photo_face_blurred", "warn"),
        (with_face(sharpness=10, eyes=40), "photo_face_blurred", "warn"),
        (with_photo(width=767), "photo_small", "warn"),
        (with_photo(mean=0.05), "photo_dark", "warn"),
        (with_photo(dark=0.5), "photo_dark", "warn"),
        (with_photo(mean=0.95), "photo_bright", "warn"),
        (with_photo(bright=0.4), "photo_bright", "warn"),
        (with_photo(oriented=True), "photo_turned", "note"),
        (replace(GOOD, faces=()), "photo_no_face", "reject"),
        (replace(GOOD, faces=(FACE, FACE)), "photo_faces", "reject"),
        (PhotoObservation(problems=(problem("picture_broken", input="x"),)), "picture_broken", "reject"),
    ],
)
def test_each_fault_is_found_alone(sight: PhotoObservation, kind: str, severity: str) -> None:
    assert found(sight) == {kind: severity}


def test_a_small_face_is_not_called_soft_as_well() -> None:
    assert found(with_face(sharpness=60, eyes=40)) == {}


def test_people_far_behind_do_not_count() -> None:
    assert found(replace(GOOD, faces=(FACE, replace(FACE, main=False)))) == {}


def test_the_recipes_own_bounds_reject() -> None:
    rules = decode_section({"face_px": {"min": 320}, "short_side_px": {"min": 1100}}, PhotoRules)
    assert found(GOOD, rules) == {"photo_face_small": "reject", "photo_small": "reject"}


def test_what_is_turned_off_is_not_looked_for() -> None:
    assert found(replace(with_face(sharpness=3), measures=replace(PHOTO, mean=0.01)), OFF) == {}
    assert (
        list(comparison_findings({1: NearDuplicate(other=0, distance=2, mirrored=False)}, [0.9, 0.1], ["a", "b"], OFF))
        == []
    )


def test_a_rule_for_several_faces_wants_all_of_them() -> None:
    rules = PhotoRules(faces_per_photo=2)
    assert found(GOOD, rules) == {"photo_faces_few": "reject"}
    assert found(replace(GOOD, faces=(FACE, FACE)), rules) == {}
    assert list(comparison_findings({}, [0.1, 0.9], ["a", "b"], rules)) == []


def test_without_faces_the_sharpest_part_is_judged() -> None:
    rules = PhotoRules(faces_per_photo=0)
    nobody = PhotoObservation(measures=PHOTO)
    assert found(nobody, rules) == {}
    assert found(replace(nobody, measures=replace(PHOTO, sharpness=20)), rules) == {"photo_blurred": "reject"}


@pytest.mark.parametrize(
    ("count", "kind"),
    [(0, "photos_too_few"), (3, "photos_too_few"), (4, "photos_few"), (15, None), (31, "photos_many")],
)
def test_the_number_of_photos_has_bounds(count: int, kind: str | None) -> None:
    assert [finding.kind for finding in set_findings(count, DEFAULT_PHOTO_RULES)] == ([kind] if kind else [])


def test_company_is_judged_by_name() -> None:
    pairs = {
        1: NearDuplicate(other=0, distance=2, mirrored=False),
        2: NearDuplicate(other=0, distance=1, mirrored=True),
    }
    rules = PhotoRules(near_duplicates=Severity.REJECT)
    said = [
        (number, finding.kind, finding.severity.value, finding.data.get("other"))
        for number, finding in comparison_findings(pairs, [0.9, None, 0.9, 0.449], ["a", "b", "c", "d"], rules)
    ]
    assert said == [
        (1, "photo_twin", "reject", "a"),
        (2, "photo_mirrored", "reject", "a"),
        (3, "photo_odd", "warn", None),
    ]
