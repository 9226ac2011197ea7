from __future__ import annotations

import tracemalloc

import pytest
import yaml

from nano_banana.formats import yaml_reader
from nano_banana.formats.yaml_reader import parse_yaml, read_yaml
from nano_banana.formats.yaml_values import SourceText, follow_path, to_plain
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, Position
from tests.cpu_budget import cpu_budget

PYTHONS_OWN = yaml.SafeLoader


def read(text: str) -> JSONValue:
    composed = read_yaml(SourceText(file="r.yaml", text=text))
    assert composed.problems == ()
    assert composed.top is not None
    return to_plain(composed.top)


def found(text: str) -> list[tuple[str, int, int]]:
    problems = read_yaml(SourceText(file="r.yaml", text=text)).problems
    return [
        (problem.kind, problem.position.line, problem.position.column)
        for problem in problems
        if problem.position is not None
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: yes", {"on": "yes"}),
        ("a: [no, off, y, n]", {"a": ["no", "off", "y", "n"]}),
        ("a: [true, True, TRUE, false, False, FALSE]", {"a": [True, True, True, False, False, False]}),
        ("a: [~, null, Null, NULL, ]\nb:", {"a": [None, None, None, None], "b": None}),
        ("a: 2026-09-01", {"a": "2026-09-01"}),
        ("a: [1, -2, +3, 0, 010, 1_000, 0x1f, 12:30:45]", {"a": [1, -2, 3, 0, "010", "1_000", "0x1f", "12:30:45"]}),
        (
            "a: [1.5, -.5, 1., 1e-5, 9.0E+2, 00.5, .inf, .nan]",
            {"a": [1.5, -0.5, 1.0, 1e-5, 900.0, "00.5", ".inf", ".nan"]},
        ),
        ("1940: x\n~: y\ntrue: z", {"1940": "x", "~": "y", "true": "z"}),
        ("a: '1'\nb: \"true\"\nc: |\n  2\n", {"a": "1", "b": "true", "c": "2\n"}),
        ("a: !!str 1\nb: !!int '2'\nc: !!float 3\nd: !!bool 'true'\ne: !!null ''\nf: ! 5", None),
        ("a: &x {b: 1}\nc: *x\nd: [*x, *x]", {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, {"b": 1}]}),
        ("a: &k word\n*k : 1", {"a": "word", "word": 1}),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
        ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}),
        (
            "a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}",
            {"a": {"p": 1}, "b": {"p": 2, "q": 2}, "c": {"p": 1, "q": 2}},
        ),
        ("a: {'<<': 1}\nb: <<", {"a": {"<<": 1}, "b": "<<"}),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
        ("# a remark\na: 1 # another", {"a": 1}),
        ("a: !!map {b: !!seq [1]}", {"a": {"b": [1]}}),
    ],
)
def test_values(text: str, value: JSONValue) -> None:
    expected: JSONValue = {"a": "1", "b": 2, "c": 3.0, "d": True, "e": None, "f": "5"}
    assert read(text) == (expected if value is None else value)


FAULTS = [
    ("a:\n\tb: 1\n", [("yaml_tab", 2, 1)]),
    ("a:\n  b: 1\n\tc: 2\n", [("yaml_tab", 3, 1)]),
    ("a:\n  b: 1\n c: 2\n", [("yaml_indent", 3, 2)]),
    ("a: 1\n- b\n", [("yaml_indent", 2, 1)]),
    ("a: 1\n  b: 2\n", [("yaml_extra_colon", 2, 4)]),
    ("a: b: c\n", [("yaml_extra_colon", 1, 5)]),
    ("a: 1\nb\nc: 2\n", [("yaml_colon", 2, 1)]),
    ('a: "abc\nb: 2\n', [("yaml_quote", 1, 4)]),
    ("a: 'abc\nb: 2\n", [("yaml_quote", 1, 4)]),
    ("a: [1, 2\nb: 2\n", [("yaml_bracket", 1, 4)]),
    ("a: {b: 1\nc: 2\n", [("yaml_bracket", 1, 4)]),
    ('a: "x" y\n', [("yaml_after_value", 1, 8)]),
    ("a: *.jpg\n", [("yaml_first_character", 1, 4)]),
    ("a: @x\n", [("yaml_first_character", 1, 4)]),
    ("a: `x`\n", [("yaml_first_character", 1, 4)]),
    ("a: {{ x }}\n", [("yaml_braces", 1, 4)]),
    ("a: {{ x }}, y\n", [("yaml_braces", 1, 4)]),
    ("- {% if x %}\n", [("yaml_braces", 1, 3)]),
    ("a: *b\nb: &c 1", [("yaml_alias", 1, 4)]),
    ("a: &x [*x]\n", [("yaml_recursive", 1, 8)]),
    ("a: 1\n---\nb: 2\n", [("yaml_documents", 2, 1)]),
    ("a: \0\n", [("yaml_character", 1, 4)]),
    ("a: !!python/object/apply:os.system [x]\n", [("yaml_tag", 1, 4)]),
    ("a: !!set {x, y}\nb: !mine 3", [("yaml_tag", 1, 4), ("yaml_tag", 2, 4)]),
    ("a: !!int x\nb: !!bool maybe\n", [("yaml_number", 1, 4), ("yaml_number", 2, 4)]),
    ("a: 1e999\nb: " + "9" * 40, [("yaml_number", 1, 4), ("yaml_number", 2, 4)]),
    ("? [a]\n: b\n", [("yaml_key", 1, 3)]),
    ("? {a: 1}\n: b\n", [("yaml_key", 1, 3)]),
    ("a: &x ~\n*x : b\n", [("yaml_key", 2, 1)]),
    ("a: &x [1]\n*x : b\n", [("yaml_key", 2, 1)]),
    ("a: {<<: 3}\n", [("yaml_merge", 1, 5)]),
    ("a: 1\nb:\n  x: 1\n  x: 2\na: 3\n", [("duplicate_key", 4, 3), ("duplicate_key", 5, 1)]),
    ("1: a\n'1': b\n", [("duplicate_key", 2, 1)]),
    ('a: "\\q"\n', None),
]


@pytest.mark.parametrize("loader", [yaml_reader.PARSER, PYTHONS_OWN])
@pytest.mark.parametrize(("text", "faults"), FAULTS)
def test_faults(
    monkeypatch: pytest.MonkeyPatch, loader: type, text: str, faults: list[tuple[str, int, int]] | None
) -> None:
    monkeypatch.setattr(yaml_reader, "PARSER", loader)
    if faults is None:
        assert [line for _, line, _ in found(text)] == [1]
    else:
        assert found(text) == faults


def test_a_duplicate_says_where_the_first_is() -> None:
    (problem,) = read_yaml(SourceText(file="r.yaml", text="a: 1\n\na: 2")).problems
    assert dict(problem.data) == {"name": "a", "first": "r.yaml:1"}


def test_an_unknown_alias_gets_a_suggestion() -> None:
    (problem,) = read_yaml(SourceText(file="r.yaml", text="a: &scene 1\nb: *scnee")).problems
    assert problem.suggestions == ("scene",)


def bomb() -> str:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(lines)


def staircase() -> str:
    steps = [f"a{i}: &a{i} {'[' * 60}{f'*a{i - 1}' if i else '1'}{']' * 60}" for i in range(50)]
    return "\n".join(steps)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (bomb(), "yaml_too_many"),
        (
            "a: &a {"
            + ", ".join(f"k{i}: 1" for i in range(900))
            + "}\n"
            + "".join(f"b{i}: {{<<: *a}}\n" for i in range(200)),
            "yaml_too_many",
        ),
        ("a: [" + "1," * 400_000 + "1]", "yaml_too_many"),
        ("a: " + "[" * 500_000, "yaml_too_deep"),
        ("a: " + "{a: " * 250_000, "yaml_too_deep"),
        ("a: " + "[" * 101 + "]" * 101, "yaml_too_deep"),
        ("".join("  " * level + "a:\n" for level in range(300)), "yaml_too_deep"),
        (staircase(), "yaml_too_deep"),
        ("- " * 300_000, "yaml_too_deep"),
    ],
    ids=["aliases", "merges", "items", "brackets", "braces", "closed", "blocks", "staircase", "dashes"],
)
def test_traps_end_soon_and_small(text: str, kind: str) -> None:
    with cpu_budget(500):
        (problem,) = read_yaml(SourceText(file="r.yaml", text=text)).problems
    assert problem.kind == kind
    assert kind != "yaml_too_deep" or problem.data == {"limit": 100}


def test_a_long_scalar_is_no_trouble() -> None:
    tracemalloc.start()
    assert read("a: " + "x" * 1_000_000) == {"a": "x" * 1_000_000}
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def test_an_alias_stands_where_its_anchor_does() -> None:
    top = read_yaml(SourceText(file="r.yaml", text="a: &x {b: 1}\nc: *x")).top
    assert top is not None
    assert follow_path(top, ("c", "b"))[0].span.place.line == 1
    assert follow_path(top, ("c",))[1].place.line == 2


def test_values_and_the_places_of_their_keys() -> None:
    top = parse_yaml("a: 1\nb:\n  - '2'\n  - {c: null}\n", file="a.yaml")
    assert to_plain(top) == {"a": 1, "b": ["2", {"c": None}]}
    assert top.key_place(("a",)) == Position(file="a.yaml", line=1, column=1)
    assert top.key_place(("b", 0)) == Position(file="a.yaml", line=3, column=5, length=3)
    assert top.key_place(("b", 1, "c", "gone")) == Position(file="a.yaml", line=4, column=6)
    assert top.key_place(("gone",)).line == 1


def test_an_empty_text_is_null() -> None:
    top = parse_yaml("", file="a.yaml")
    assert to_plain(top) is None
    assert top.key_place(("id",)) == Position(file="a.yaml", line=1, column=1)


def test_all_that_is_wrong_is_raised() -> None:
    with pytest.raises(Invalid) as caught:
        parse_yaml("a: 1\na: 2\n? [b]\n: 3\n", file="a.yaml")
    assert [problem.kind for problem in caught.value.problems] == ["duplicate_key", "yaml_key"]
