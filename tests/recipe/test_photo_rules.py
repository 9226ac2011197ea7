"""The section `photo_rules`: its schema and what it comes to."""

from __future__ import annotations

import jsonschema
import pytest

from nano_banana.formats.struct_schema import decode_section, section_schema
from nano_banana.model.json_values import JSONObject
from nano_banana.recipe.training_photos import DEFAULT_PHOTO_RULES, PhotoRules, Severity

WHOLE: JSONObject = {
    "count": {"min": 8, "want": 15, "max": 30},
    "faces_per_photo": 1,
    "face_px": {"min": 200},
    "short_side_px": {"min": 768},
    "near_duplicates": "reject",
    "odd_one_out": "warn",
    "captions": {"prefix": "photo of {{ subject.trigger }} {{ subject.noun }}", "leak_check": "off"},
}


def test_what_is_not_said_is_as_usual() -> None:
    jsonschema.validate({}, section_schema(PhotoRules))
    assert decode_section({}, PhotoRules) == DEFAULT_PHOTO_RULES


def test_every_word_of_it_counts() -> None:
    jsonschema.validate(WHOLE, section_schema(PhotoRules))
    rules = decode_section(WHOLE, PhotoRules)
    assert (rules.count.min, rules.count.want, rules.count.max) == (8, 15, 30)
    assert (rules.small_face, rules.small_side) == (Severity.REJECT, Severity.REJECT)
    assert (rules.near_duplicates, rules.odd_one_out, rules.captions.leak_check) == ("reject", "warn", "off")
    assert str(rules.captions.prefix).startswith("photo of")


@pytest.mark.parametrize(
    "wrong",
    [
        {"faces": 1},
        {"count": {"min": 0}},
        {"face_px": 200},
        {"blurred": "note"},
        {"blurred": False},
        {"captions": {"prefix": ""}},
    ],
)
def test_what_it_does_not_know_is_refused(wrong: JSONObject) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, section_schema(PhotoRules))
