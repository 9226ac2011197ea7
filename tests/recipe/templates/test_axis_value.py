from __future__ import annotations

import pytest

from nano_banana.recipe.axis_values import AxisValue, axis_values


def test_plain_text_is_itself() -> None:
    value = axis_values({"a bright office": "a bright office"})["a bright office"]
    assert (str(value), value.key, value["key"]) == ("a bright office", "a bright office", "a bright office")


@pytest.mark.parametrize(("value", "text"), [("x", "x"), (1940, "1940"), (True, "true"), (None, "k"), ({"a": 1}, "k")])
def test_what_it_prints(value: str | int | dict[str, int] | None, text: str) -> None:
    assert str(AxisValue.of("k", value)) == text


def test_fields_that_others_have_read_as_nothing() -> None:
    values = axis_values({"a": {"x": 1}, "b": {"y": 2}, "c": "plain"})
    assert [dict(value) for value in values.values()] == [
        {"x": 1, "y": None},
        {"x": None, "y": 2},
        {"x": None, "y": None},
    ]
    assert "z" not in values["a"]
    assert len(values["a"]) == 2


def test_it_is_there_even_without_fields() -> None:
    assert AxisValue.of("k", {})


def test_equality() -> None:
    a, b = AxisValue.of("k", {"x": 1}), AxisValue.of("k", {"x": 2})
    assert a == "k"
    assert a == AxisValue.of("k", {"x": 1})
    assert a != b
    assert a != 3
    assert hash(a) == hash("k")
