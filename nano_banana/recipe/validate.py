"""Schema errors, said in the recipe's own terms."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from jsonschema import Draft202012Validator

from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.core.json import as_items
from nano_banana.core.problem import Problem
from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.document import Document
from nano_banana.recipe.mistake import Mistake
from nano_banana.recipe.mistake import mistake_of
from nano_banana.recipe.model import Where

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def schema_problems(document: Document, schema: JSONObject) -> list[Problem]:
    """Everything about the document's shape that the schema forbids, each at its place."""
    validator = Draft202012Validator(schema)
    found: dict[str, Problem] = {}
    for error in validator.iter_errors(document.data):
        # jsonschema says "required" once for each name that is missing: keep one of each.
        found |= {repr(problem): problem for problem in _problems(document, mistake_of(error))}
    return list(found.values())


def _problems(document: Document, mistake: Mistake) -> Iterator[Problem]:
    path, value = mistake.path, mistake.value
    if mistake.keyword == "additionalProperties" and isinstance(value, Mapping):
        yield from _unknown_keys(document, mistake, value)
    elif mistake.of_name:
        yield Problem(kind="bad_name", place=document.key_place((*path, str(value))), data={"name": str(value)})
    elif mistake.keyword == "required":
        yield from _missing(document, mistake)
    elif mistake.keyword == "anyOf":
        yield from _any_of(document, mistake)
    else:
        yield _simple(document, mistake)


def _unknown_keys(document: Document, mistake: Mistake, value: JSONObject) -> Iterator[Problem]:
    path, known = mistake.path, mistake.known
    for name in value:
        if name not in known:
            yield Problem(
                kind="unknown_key",
                place=document.key_place((*path, name)),
                data={"name": name, "owner": owner(path), "known": ", ".join(known)},
                suggestions=did_you_mean(name, known),
            )


def _missing(document: Document, mistake: Mistake) -> Iterator[Problem]:
    value = mistake.value if isinstance(mistake.value, Mapping) else {}
    for name in as_items(mistake.limit):
        if name not in value:
            data = {"name": str(name), "owner": owner(mistake.path)}
            yield Problem(kind="missing_key", place=document.nearest(mistake.path), data=data)


def _any_of(document: Document, mistake: Mistake) -> Iterator[Problem]:
    """Of the branches, explain the one whose type fits; where none fits, name the types."""
    if all(inner.keyword == "required" and inner.path == mistake.path for inner in mistake.inner):
        names = [str(as_items(inner.limit)[0]) for inner in mistake.inner]
        data = {"owner": owner(mistake.path), "names": ", ".join(names)}
        yield Problem(kind="one_of_needed", place=document.nearest(mistake.path), data=data)
        return
    branches: dict[int, list[Mistake]] = {}
    for inner in mistake.inner:
        branches.setdefault(inner.branch, []).append(inner)
    wrong_types = [inner for inner in mistake.inner if inner.keyword == "type" and inner.path == mistake.path]
    unfit = {inner.branch for inner in wrong_types}
    fitting = [inners for branch, inners in branches.items() if branch not in unfit]
    if fitting:
        for inner in min(fitting, key=len):
            yield from _problems(document, inner)
    else:
        yield _wrong_type(document, mistake, [inner.limit for inner in wrong_types])


def _simple(document: Document, mistake: Mistake) -> Problem:
    keyword, path = mistake.keyword, mistake.path
    if keyword == "type":
        return _wrong_type(document, mistake, as_items(mistake.limit))
    place, name, value = document.place(path), owner(path), shown(mistake.value)
    if keyword in {"enum", "const"}:
        choices = [str(choice) for choice in as_items(mistake.limit)]
        return Problem(
            kind="not_a_choice",
            place=place,
            data={"name": name, "value": value, "choices": ", ".join(choices)},
            suggestions=did_you_mean(value, choices),
        )
    if keyword == "pattern":
        return Problem(kind="bad_form", place=place, data={"name": name, "value": value})
    kind = _BOUNDS.get(keyword, "bad_value")
    return Problem(kind=kind, place=place, data={"name": name, "value": value, "limit": shown(mistake.limit)})


_BOUNDS = {
    "minimum": "below_minimum",
    "maximum": "above_maximum",
    "minItems": "too_few",
    "maxItems": "too_many",
    "minProperties": "empty_mapping",
    "minLength": "empty_text",
    "maxLength": "too_long",
    "uniqueItems": "repeated",
}


def _wrong_type(document: Document, mistake: Mistake, kinds: Sequence[JSONValue]) -> Problem:
    expected = " or ".join(_TYPES[str(kind)] for kind in kinds)
    data: JSONObject = {"name": owner(mistake.path), "expected": expected, "found": _type_of(mistake.value)}
    return Problem(kind="wrong_type", place=document.place(mistake.path), data=data)


def _type_of(value: JSONValue) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (dict, "object")):
        if isinstance(value, kind):
            return _TYPES[name]
    return _TYPES["null"] if value is None else _TYPES["array"]


def owner(path: Where) -> str:
    """A path as people write it: `shots.headshots.seeds[2]`; the recipe itself where it is empty."""
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return words.removeprefix(".") or "the recipe"


def shown(value: JSONValue) -> str:
    """A value, short enough for a sentence."""
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
