"""What templates see of the values that recipes give."""

from __future__ import annotations

import pytest

from nano_banana.model.json_values import JSONValue
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.pack import PackVariable, PackVariableType, VariableValueError

CHOICE = PackVariable(
    name="crop", type=PackVariableType.CHOICE, default="face", about="x", choices={"face": "tight", "1940": "old"}
)
AGE = PackVariable(name="age", type=PackVariableType.NUMBER, default=30, about="x", minimum=18, maximum=99)
SMILE = PackVariable(name="smile", type=PackVariableType.BOOLEAN, default=False, about="x")
WALL = PackVariable(name="wall", type=PackVariableType.COLOUR, default="#808080", about="x")
LIGHT = PackVariable(name="light", type=PackVariableType.TEXT, default="", about="x")


def test_a_choice_prints_its_words_and_knows_its_key() -> None:
    value = CHOICE.value("face")
    assert isinstance(value, AxisValue)
    assert (str(value), value["key"]) == ("tight", "face")
    assert str(CHOICE.value(1940)) == "old"  # YAML's number is the key all the same


@pytest.mark.parametrize(
    ("variable", "given", "seen"),
    [
        (AGE, 40, 40),
        (AGE, 40.5, 40.5),
        (AGE, "40", 40),
        (AGE, "40.5", 40.5),
        (SMILE, True, True),
        (SMILE, "False", False),
        (WALL, "#1E90ff", "#1E90ff"),
        (LIGHT, "soft", "soft"),
        (LIGHT, 1940, "1940"),
    ],
)
def test_a_value_that_fits_is_seen(variable: PackVariable, given: JSONValue, seen: object) -> None:
    assert variable.value(given) == seen


@pytest.mark.parametrize(
    ("variable", "given", "kind"),
    [
        (CHOICE, "fase", "pack_choice"),
        (CHOICE, True, "pack_choice"),
        (AGE, 17, "pack_range"),
        (AGE, "100", "pack_range"),
        (AGE, "old", "pack_value"),
        (AGE, True, "pack_value"),
        (SMILE, "perhaps", "pack_value"),
        (SMILE, 1, "pack_value"),
        (WALL, "blue", "pack_value"),
        (WALL, 808080, "pack_value"),
        (LIGHT, False, "pack_value"),
        (LIGHT, None, "pack_value"),
    ],
)
def test_one_that_does_not_is_refused_by_its_kind(variable: PackVariable, given: JSONValue, kind: str) -> None:
    with pytest.raises(VariableValueError) as caught:
        variable.value(given)
    assert caught.value.kind == kind


def test_a_slip_is_told_what_was_meant() -> None:
    with pytest.raises(VariableValueError) as caught:
        CHOICE.value("fase")
    assert caught.value.suggestions == ("face",)
