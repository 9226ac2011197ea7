from __future__ import annotations

import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nano_banana.formats.yaml_reader import read_yaml
from nano_banana.formats.yaml_values import Located, SourceText, place_inside, to_plain
from nano_banana.model.json_values import JSONValue

PRINTABLE = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn"), exclude_characters="\ufeff\u2028\u2029"
)
WORDS = st.text(PRINTABLE, max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=20
)
RECIPES = st.dictionaries(WORDS, VALUES, min_size=1, max_size=4)


def written(data: JSONValue) -> str:
    return json.dumps(data, ensure_ascii=False)  # YAML has no pairs of surrogates


def read(text: str) -> Located:
    composed = read_yaml(SourceText(file="r.yaml", text=text))
    assert composed.problems == ()
    assert composed.top is not None
    return composed.top


@settings(max_examples=150, deadline=None)
@given(RECIPES)
def test_json_is_read_as_json(data: JSONValue) -> None:
    assert to_plain(read(written(data))) == data
    assert to_plain(read(json.dumps(data, indent=2, ensure_ascii=False))) == data


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(WORDS, st.recursive(WORDS, lambda inner: st.lists(inner, max_size=3), max_leaves=8), min_size=1))
def test_what_yaml_writes_is_read(data: JSONValue) -> None:
    for style in ["|", ">", "'", '"']:
        assert to_plain(read(yaml.safe_dump(data, allow_unicode=True, default_style=style))) == data


@settings(max_examples=150, deadline=None)
@given(RECIPES)
def test_places_hold_what_they_claim(data: JSONValue) -> None:
    def look(located: Located, value: JSONValue) -> None:
        if located.entries is not None and isinstance(value, dict):
            for name, entry in located.entries.items():
                assert json.loads(entry.key.text) == name
                look(entry.value, value[name])
        elif located.items is not None and isinstance(value, list):
            for item, inner in zip(located.items, value, strict=True):
                look(item, inner)
        assert json.loads(located.span.text) == value

    look(read(written(data)), data)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["aa", "b'b", "cc,", "{{ d }}", "é", "- e"]), min_size=1, max_size=8),
    st.sampled_from([None, ">", "|", "'"]),
    st.data(),
)
def test_a_place_inside_holds_the_character(words: list[str], style: str | None, data: st.DataObject) -> None:
    value = " ".join(words)
    text = yaml.safe_dump({"a": [value]}, allow_unicode=True, default_style=style, width=10)
    top = read(text)
    assert top.entries is not None
    ((_, entry),) = top.entries.items()
    (located,) = entry.value.items or ()
    assert located.value == value
    offset = data.draw(st.integers(0, len(value) - 1))
    place = place_inside(located, offset, 1)
    shown = text.split("\n")[place.line - 1][place.column - 1]
    assert value[offset].isspace() or "\\" in text or shown == value[offset]


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab:-{}[]\"'&*!|>%#,?~ \n\t1<@`"), max_size=40))
def test_nothing_makes_it_fail(text: str) -> None:
    composed = read_yaml(SourceText(file="r.yaml", text=text))
    assert all(problem.position is not None for problem in composed.problems)
