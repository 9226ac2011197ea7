"""Sections of files as structs: their JSON Schema, and decoded values.

A section is declared once, as a `Section` with annotated fields, which give its schema, its decoder and its type. The
docstring is the section's description; a field's default is what an absent key means, and may be None. Values are
checked by the schema first, so that all errors of a file can be reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar, cast

import msgspec
from msgspec import Meta, Struct

from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object

T = TypeVar("T", bound=Struct)

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

USUAL, CHOICES = "usual", "choices"
"""In a field's extra schema: the documented default of a key that is None if absent; the values of a text, in order."""


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping of a file that people write; unknown keys are errors."""


def described(description: str, **extra: JSONValue) -> Meta:
    """The description of a field, with more keywords of its schema."""
    return Meta(description=description, extra_json_schema=dict(extra) or None)


def section_schema(kind: type[Struct]) -> JSONObject:
    """The JSON Schema of a section, with the sections inside it in place."""
    _, parts = msgspec.json.schema_components([kind], ref_template="{name}")
    found = cast("Mapping[str, JSONObject]", parts)
    return as_object(_tidy(found[kind.__name__], found))


def decode_section(data: JSONObject, kind: type[T]) -> T:
    """The section that `data` is, whose errors have been reported; whole numbers may be written as `1.0`.

    Values out of range are left out. Raises msgspec.ValidationError if the section can't do without one.
    """
    while True:
        try:
            return msgspec.convert(data, kind, strict=False)
        except msgspec.ValidationError as error:
            smaller = as_object(_without(data, _STEP.findall(str(error).rpartition("`$")[2])))
            if smaller == data:
                raise
            data = smaller


_STEP = re.compile(r"\w+|\.\.\.")
"""A step of the path in an error, as in `$.templates[...].title`; of a mapping's keys it knows none."""


def _without(value: JSONValue, steps: list[str]) -> JSONValue:
    if not steps or not isinstance(value, Mapping):
        return value
    step, *rest = steps
    if not rest:
        return {key: inner for key, inner in value.items() if step not in (key, "...")}
    return {key: _without(inner, rest) if step in (key, "...") else inner for key, inner in value.items()}


def _tidy(node: JSONValue, parts: Mapping[str, JSONObject]) -> JSONValue:
    if isinstance(node, list | tuple):
        return [_tidy(item, parts) for item in node]
    if not isinstance(node, Mapping):
        return node
    inner = as_object(_tidy(parts[str(node["$ref"])], parts)) if "$ref" in node else {}
    own = {
        # the keys of `properties` are names, which may be those of keywords
        key: {name: _tidy(field, parts) for name, field in as_object(value).items()}
        if key == "properties"
        else _tidy(value, parts)
        for key, value in node.items()
        if key not in {"$ref", "title", "default"}
    }
    schema: dict[str, JSONValue] = {**inner, **own}
    branches = [branch for branch in as_items(schema.get("anyOf")) if branch != {"type": "null"}]
    if "anyOf" in schema and node.get("default", ...) is None:  # absent, and never null
        del schema["anyOf"]
        schema = {**as_object(branches[0]), **schema} if len(branches) == 1 else {**schema, "anyOf": branches}
    kinds = [branch["type"] for branch in map(as_object, as_items(schema.get("anyOf"))) if branch.keys() == {"type"}]
    if kinds and len(kinds) == len(as_items(schema["anyOf"])):
        del schema["anyOf"]
        kinds = [kind for kind in kinds if kind != "integer" or "number" not in kinds]  # a number may be whole
        shown = [kind for kind in ("string", "number", "integer", "boolean", "null") if kind in kinds]
        schema["type"] = shown[0] if len(shown) == 1 else shown
    if CHOICES in schema:
        del schema["type"]
        schema["enum"] = schema.pop(CHOICES)
    if "description" in schema:
        schema["description"] = " ".join(str(schema["description"]).split())
    default = schema.pop(USUAL, node.get("default"))
    if default is not None and not (inner and isinstance(default, Mapping) and USUAL not in node):
        schema["default"] = list(default) if isinstance(default, tuple) else default
    if not schema.get("required", True):
        del schema["required"]
    return schema
