"""Canonical bytes and keys: order never matters, any field always does."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nano_banana.model.call import Call, blob_of, call_document, canonical_json, imagined_blob, parse_call
from nano_banana.model.json_values import JSONValue

KNOWN = Call(
    provider="fal",
    endpoint="fal-ai/flux-lora",
    arguments={"prompt": "anqz7 woman, ä", "seed": 11, "guidance_scale": 3.5, "loras": [{"scale": 1.0}]},
    inputs={"loras/0/path": blob_of(b"adapter", media="application/octet-stream")},
)

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES: st.SearchStrategy[JSONValue] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=5)


def upside_down(value: JSONValue) -> JSONValue:
    """The same value, its keys in the other order."""
    if isinstance(value, Mapping):
        return {name: upside_down(value[name]) for name in reversed(list(value))}
    if isinstance(value, list | tuple):
        return [upside_down(item) for item in value]
    return value


def test_the_key_of_a_known_call() -> None:
    assert KNOWN.key == "e7a04808f457fa350ed06e32e8c42b64d2768c5a906fee6e0e316d2663b1bdaa"


@given(OBJECTS)
def test_the_order_of_keys_never_matters(value: dict[str, JSONValue]) -> None:
    assert canonical_json(upside_down(value)) == canonical_json(value)


@given(OBJECTS, OBJECTS)
def test_different_values_have_different_bytes(one: dict[str, JSONValue], other: dict[str, JSONValue]) -> None:
    same = canonical_json(one) == canonical_json(other)
    # Python takes True for 1; JSON does not.
    assert same == (json.dumps(plain(one), sort_keys=True) == json.dumps(plain(other), sort_keys=True))


def plain(value: JSONValue) -> JSONValue:
    """The value with whole floats as integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@given(OBJECTS)
def test_canonical_bytes_are_ascii_json_that_says_the_same(value: dict[str, JSONValue]) -> None:
    data = canonical_json(value)
    assert data.isascii()
    assert canonical_json(json.loads(data)) == data


@given(st.integers(min_value=-(2**53), max_value=2**53))
def test_one_and_one_point_nought_are_the_same(number: int) -> None:
    assert canonical_json({"scale": number}) == canonical_json({"scale": float(number)})


def test_true_is_not_one_and_text_is_not_a_number() -> None:
    assert len({canonical_json(value) for value in (1, True, "1", [1], {"1": 1}, None)}) == 6


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_say_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match=r"Out of range|infinity|NaN|cannot convert"):
        canonical_json({"x": number})


def test_any_field_changes_the_key() -> None:
    others = [
        replace(KNOWN, provider="local"),
        replace(KNOWN, endpoint="fal-ai/flux/dev"),
        replace(KNOWN, revision=1),
        replace(KNOWN, arguments={**KNOWN.arguments, "seed": 12}),
        replace(KNOWN, arguments={**KNOWN.arguments, "sync": None}),
        replace(KNOWN, inputs={"loras/0/path": blob_of(b"another", media="application/octet-stream")}),
        replace(KNOWN, inputs={"loras/1/path": KNOWN.inputs["loras/0/path"]}),
        replace(KNOWN, inputs={}),
    ]
    assert len({KNOWN.key, *(other.key for other in others)}) == len(others) + 1


def test_the_media_type_and_size_are_no_part_of_the_key() -> None:
    blob = replace(KNOWN.inputs["loras/0/path"], media="text/plain", size=0)
    assert replace(KNOWN, inputs={"loras/0/path": blob}).key == KNOWN.key


@given(OBJECTS, OBJECTS)
def test_keys_differ_where_documents_do(one: dict[str, JSONValue], other: dict[str, JSONValue]) -> None:
    first, second = replace(KNOWN, arguments=one), replace(KNOWN, arguments=other)
    assert (first.key == second.key) == (canonical_json(call_document(first)) == canonical_json(call_document(second)))


def test_imagined_inputs_are_known_as_such() -> None:
    assert not KNOWN.imagined
    assert replace(KNOWN, inputs={"x": imagined_blob("zip", media="application/zip")}).imagined
    assert imagined_blob("a", media="image/png") != imagined_blob("b", media="image/png")


@given(OBJECTS, st.integers(0, 3))
def test_a_call_is_read_back_under_the_same_key(arguments: dict[str, JSONValue], revision: int) -> None:
    call = replace(KNOWN, arguments=arguments, revision=revision)
    back = parse_call(call.text)
    assert back.key == call.key
    assert (back.provider, back.endpoint, back.revision) == (call.provider, call.endpoint, revision)
    assert {place: blob.digest for place, blob in back.inputs.items()} == {
        place: blob.digest for place, blob in call.inputs.items()
    }


@pytest.mark.parametrize("text", ["[]", '{"inputs": {}}', '{"inputs": 5}', "null"])
def test_what_is_no_document_is_no_call(text: str) -> None:
    with pytest.raises((KeyError, TypeError)):
        parse_call(text)
