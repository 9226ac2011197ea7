"""YAML as JSON values with places."""

from __future__ import annotations

import pytest

from nano_banana.catalog.endpoint_yaml import MAX_CHARACTERS, MAX_NODES, parse_endpoint_yaml, plain_scalar
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, Position


def problems(text: str) -> list[tuple[str, int, int]]:
    with pytest.raises(Invalid) as caught:
        parse_endpoint_yaml(text, file="a.yaml")
    return [(problem.kind, at.line, at.column) for problem in caught.value.problems if (at := problem.place)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16:9", "16:9"),
        ("yes", "yes"),
        ("2026-08-02", "2026-08-02"),
        ("9e-5", 9e-5),
        ("9.0e-5", 9e-5),
        ("-3", -3),
        (".5", 0.5),
        ("true", True),
        ("~", None),
        ("1K", "1K"),
        ("9" * 30, float("9" * 30)),
    ],
)
def test_a_plain_scalar_means_what_yaml_1_2_says(text: str, value: JSONValue) -> None:
    assert (plain_scalar(text), type(plain_scalar(text))) == (value, type(value))


def test_values_and_their_places() -> None:
    text = parse_endpoint_yaml("a: 1\nb:\n  - '2'\n  - {c: null}\n", file="a.yaml")
    assert text.value == {"a": 1, "b": ["2", {"c": None}]}
    assert text.place(("a",)) == Position(file="a.yaml", line=1, column=1)
    assert text.place(("b", 0)) == Position(file="a.yaml", line=3, column=5, length=3)
    assert text.place(("b", 1, "c", "gone")) == Position(file="a.yaml", line=4, column=6)
    assert text.place(("gone",)) == Position(file="a.yaml", line=1, column=1)


def test_an_empty_file_is_null() -> None:
    text = parse_endpoint_yaml("", file="a.yaml")
    assert text.value is None
    assert text.place(("id",)) == Position(file="a.yaml", line=1, column=1)


def test_aliases_are_what_they_stand_for() -> None:
    assert parse_endpoint_yaml("a: &x {n: 1}\nb: *x\n", file="a.yaml").value == {"a": {"n": 1}, "b": {"n": 1}}


def test_what_is_refused() -> None:
    assert problems("a: [1\n") == [("endpoint_yaml", 2, 1)]
    assert problems("a: \x07") == [("endpoint_yaml", 1, 1)]
    assert problems("a: 1\na: 2\n? [b]\n: 3\n") == [("endpoint_key_twice", 2, 1), ("endpoint_key_shape", 3, 3)]
    assert problems("a: &x [*x]") == [("endpoint_recursive", 1, 4)]
    assert problems("a" * (MAX_CHARACTERS + 1)) == [("endpoint_too_large", 1, 1)]


def test_a_bomb_of_aliases_ends() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert MAX_NODES < 10**8
    assert [kind for kind, _, _ in problems("\n".join(lines))] == ["endpoint_too_large"]


def test_two_documents_are_refused() -> None:
    assert problems("a: 1\n---\nb: 2\n")[0][0] == "endpoint_yaml"
