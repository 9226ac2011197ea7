"""A YAML text is changed as little as possible, and means what is wanted."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nano_banana.formats.yaml_edit import edited_yaml, flow_text
from nano_banana.formats.yaml_reader import parse_yaml
from nano_banana.formats.yaml_values import to_plain
from nano_banana.model.json_values import JSONObject, JSONValue

BLOCK = """\
# head
picks:   # only
  j:
    # best
    keep:
    - a/1   # one

    - a/2
    # tail
  k: {keep: [a/3, 'a/4'], drop: []}
# end
"""


def edit(text: str, picks: JSONObject) -> list[str]:
    """What a line diff shows; a carriage return as `^`."""
    fresh = edited_yaml(text, {"picks": picks}, file="picks.yaml")
    lines = difflib.ndiff(text.splitlines(keepends=True), fresh.splitlines(keepends=True))
    return [line.rstrip("\n").replace("\r", "^") for line in lines if line[0] in "+-"]


@pytest.mark.parametrize(
    ("text", "picks", "changed"),
    [
        ("", {"j": {"keep": ["a"]}}, ["+ picks:", "+   j:", "+     keep:", "+       - a"]),
        ("# hi\n", {"j": {"stars": {"a": 1}}}, ["+ picks:", "+   j:", "+     stars:", "+       a: 1"]),
        (
            "picks: {}  # c\n",
            {"j": {"keep": ["a"]}},
            ["- picks: {}  # c", "+ picks:  # c", "+   j:", "+     keep:", "+       - a"],
        ),
        (BLOCK, {"j": {"keep": ["a/1", "a/2", "b"]}, "k": {"keep": ["a/3", "a/4"], "drop": []}}, ["+     - b"]),
        (BLOCK, {"j": {"keep": ["a/2"]}, "k": {"keep": ["a/3", "a/4"], "drop": []}}, ["-     - a/1   # one"]),
        (
            BLOCK,
            {"j": {"keep": ["a/1", "a/2"]}, "k": {"keep": ["a/4"], "drop": ["a/3"]}},
            ["-   k: {keep: [a/3, 'a/4'], drop: []}", "+   k: {keep: ['a/4'], drop: [a/3]}"],
        ),
        (
            BLOCK,
            {"j": {"drop": ["a/2"], "notes": {"a/2": "so: so"}}, "k": {"keep": ["a/3", "a/4"], "drop": []}},
            [
                *("-     keep:", "-     - a/1   # one", "-     - a/2"),
                *("+     drop:", "+     - a/2", "+     notes:", '+       a/2: "so: so"'),
            ],
        ),
        (
            BLOCK,
            {},
            [
                *("- picks:   # only", "-   j:", "+ picks: {}   # only", "-     keep:"),
                *("-     - a/1   # one", "-     - a/2", "-   k: {keep: [a/3, 'a/4'], drop: []}"),
            ],
        ),
        (
            BLOCK.replace("\n", "\r\n"),
            {"j": {"keep": ["a/1", "b"]}, "k": {"keep": ["a/3", "a/4"], "drop": []}},
            ["+     - b^", "-     - a/2^"],
        ),
        (
            "\ufeffpicks:\r\n  j: {keep: [a]}\r\n",
            {"j": {"keep": ["b"]}},
            ["-   j: {keep: [a]}^", "+   j: {keep: [b]}^"],
        ),
        (
            "picks:\n  j:\n    keep:\n      - a\n      - b",
            {"j": {"keep": ["a"], "drop": ["b"]}},
            ["-       - b", "+     drop:", "+       - b"],
        ),
        ("picks:\n  j: {keep: [\n    a,\n    b,\n  ]}\n", {"j": {"keep": ["a", "c"]}}, ["-     b,", "+     c,"]),
        (
            "picks:\n  j: {keep: [\n    a  # x\n  ]}\n",
            {"j": {"keep": ["a", "c"]}},
            ["-     a  # x", "+     a,  # x", "+     c"],
        ),
        (
            "picks: {j: {keep: [a]}}",
            {"j": {"keep": ["a"]}, "k": {"drop": ["c", "d"]}},
            ["- picks: {j: {keep: [a]}}", "+ picks: {j: {keep: [a]}, k: {drop: [c, d]}}"],
        ),
        ("picks: {j: {keep: [a]}}", {"j": {}}, ["- picks: {j: {keep: [a]}}", "+ picks: {j: {}}"]),
        (
            "picks:\n  j: {keep: &x [a]}\n  k: {keep: *x}\n",
            {"j": {"keep": ["b"]}, "k": {"keep": ["a"]}},
            ["-   j: {keep: &x [a]}", "-   k: {keep: *x}", "+   j: {keep: &x [b]}", "+   k: {keep: [a]}"],
        ),
        (
            "picks:\n  j: {keep: &x [a]}\n  k: {keep: *x}\n",
            {"j": {"keep": ["a"]}, "k": {"keep": ["a", "b"]}},
            ["-   k: {keep: *x}", "+   k: {keep: [a, b]}"],
        ),
        (
            "picks:\n  j: {keep: [&x a, b]}\n  k: {keep: [*x]}\n",
            {"j": {"keep": ["b"]}, "k": {"keep": ["a"]}},
            ["-   j: {keep: [&x a, b]}", "-   k: {keep: [*x]}", "+   j: {keep: [b]}", "+   k: {keep: [a]}"],
        ),
        (
            "picks:\n  j: &m {keep: [a]}\n  k:\n    <<: *m\n    drop: [z]\n",
            {"j": {"keep": ["a"]}, "k": {"keep": ["a", "c"], "drop": ["z"]}},
            ["-     <<: *m", "-     drop: [z]", "+     {keep: [a, c], drop: [z]}"],
        ),
        (
            "picks:\n  j:\n    notes:\n      a: |\n        one # no\n        two\n      b: 'x'\n",
            {"j": {"notes": {"a": "t", "b": "x"}}},
            ["-       a: |", "-         one # no", "-         two", "+       a: t"],
        ),
        (
            "---\npicks:\n  j:\n    keep:\n      -\n        a\n...\n",
            {"j": {"keep": ["a", "b"]}},
            ["-       -", "-         a", "+       [a, b]"],
        ),
        (
            "picks:\n  ? j\n  : keep: [a]\n",
            {"j": {"keep": ["b"]}},
            ["-   ? j", "-   : keep: [a]", "+   {j: {keep: [b]}}"],
        ),
    ],
)
def test_only_what_changes_is_touched(text: str, picks: JSONObject, changed: list[str]) -> None:
    assert sorted(edit(text, picks)) == sorted(changed)


def test_what_means_the_same_stays_to_the_byte() -> None:
    odd = "picks:   {\r\n 'j' : { keep :\t[ \"a\" , ]  } }  # x\n\n\n"
    assert edited_yaml(odd, {"picks": {"j": {"keep": ["a"]}}}, file="p") == odd


TEXTS = st.text("a é:#\n'\"\t{,\u2028\x85\x7f\x01\ufeff\U0001f600", max_size=8)
NAMES = st.sampled_from(["a/1", "b/s11@x", "c d", "it's: so", "#no", "true", "12", "é", "[x]"])
STAGES = st.fixed_dictionaries(
    {},
    optional={
        "keep": st.lists(NAMES, unique=True, max_size=4),
        "drop": st.lists(NAMES, unique=True, max_size=4),
        "stars": st.dictionaries(NAMES, st.integers(1, 5), max_size=3),
        "notes": st.dictionaries(NAMES, TEXTS, max_size=3),
    },
)
PICKS = st.dictionaries(st.sampled_from(["judged", "picks", "done"]), STAGES, max_size=3)


def as_sets(value: JSONValue) -> object:
    """The value; lists count as sets."""
    if isinstance(value, dict):
        return {key: as_sets(inner) for key, inner in value.items()}
    return frozenset(map(str, value)) if isinstance(value, list) else value


@settings(max_examples=60)
@given(PICKS, PICKS, st.booleans())
def test_any_change_comes_to_what_is_wanted(before: JSONObject, after: JSONObject, flow: bool) -> None:  # noqa: FBT001
    text = f"picks: {flow_text(before)}\n" if flow else edited_yaml("# c\n", {"picks": before}, file="p")
    fresh = edited_yaml(text, {"picks": after}, file="p")
    assert as_sets(to_plain(parse_yaml(fresh, file="p"))) == as_sets({"picks": after})
    assert flow or fresh.startswith("# c\n")


@given(TEXTS)
def test_any_text_can_be_written(text: str) -> None:
    assert to_plain(parse_yaml(f"[{flow_text(text)}]", file="p")) == [text]
