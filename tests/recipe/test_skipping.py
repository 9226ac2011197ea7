"""What a gate passes over, by the values of a take's axes."""

from __future__ import annotations

import pytest

from nano_banana.model.json_values import JSONObject
from nano_banana.recipe.axis_values import axis_values, is_skipped

STYLES = axis_values({"oil": {"painted": True, "age": 1}, "plain": {"medium": "photograph"}, "warm": "A Warm Tone"})


@pytest.mark.parametrize(
    ("style", "skip", "found"),
    [
        ("oil", {"style.painted": True}, True),
        ("oil", {"style.painted": 1}, False),
        ("oil", {"style.age": 1}, True),
        ("plain", {"style.painted": True}, False),
        ("plain", {"style.painted": None}, True),
        ("plain", {"style": "plain"}, True),
        ("warm", {"style": "A Warm Tone"}, True),
        ("warm", {"style.key": "warm"}, True),
        ("warm", {"style": "oil", "style.painted": None}, True),
        ("oil", {"scene": "office"}, False),
        ("oil", {}, False),
    ],
)
def test_one_thing_that_holds_is_enough(style: str, skip: JSONObject, found: bool) -> None:  # noqa: FBT001 - a table
    assert is_skipped(skip, {"style": STYLES[style]}) is found
