"""Sections of files as structs: their JSON Schema, and decoded values.

A section is declared once, as a `Section` with annotated fields, which give its schema, its decoder and its type. The
docstring is the section's description; a field's default is what an absent key means, and may be None. Values are
checked by the schema first, so that all errors of a file can be reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object

T = TypeVar("T", bound=Struct)

if TYPE_CHECKING:
    AnyJSON: TypeAlias = JSONValue
else:
    AnyJSON = object
    """The type of a field that takes any value: msgspec knows no recursive types."""

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

USUAL, CHOICES, INSTEAD, FORMS = "usual", "choices", "instead", "forms"
"""In a field's extra schema: the documented default of a key that is None if absent; the values of a text, in order;
keywords in place of those that the type gives; of a union, the keys of each form of its section, the required one
first."""


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping of a file that people write; unknown keys are errors."""


def described(description: str, **extra: JSONValue) -> Meta:
    """The description of a field, with more keywords of its schema."""
    return Meta(description=description, extra_json_schema=dict(extra) or None)


def section_schema(kind: type[Struct]) -> JSONObject:
    """The JSON Schema of a section, with the sections inside it in place."""
    _, parts = msgspec.json.schema_components(
        [kind], schema_hook=lambda _: {"title": "anything"}, ref_template="{name}"
    )
    found = cast("Mapping[str, JSONObject]", parts)
    return as_object(_tidy(found[kind.__name__], found))


def decode_section(data: JSONObject, kind: type[T]) -> T:
    """The section that `data` is, whose errors have been reported; whole numbers may be written as `1.0`.

    Values out of range are kept. Raises msgspec.ValidationError for other values that don't fit.
    """
    try:
        return msgspec.convert(data, kind, strict=False)
    except msgspec.ValidationError:
        return cast("T", msgspec.convert(_with_whole_numbers(data), _without_bounds(kind), strict=False))


def _with_whole_numbers(value: JSONValue) -> JSONValue:
    """The value with numbers such as `1e20`, which msgspec doesn't take for whole ones."""
    if isinstance(value, Mapping):
        return {name: _with_whole_numbers(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@cache
def _without_bounds(kind: type[Struct]) -> type[Struct]:
    """A subclass whose fields take every value of the right type."""
    hints = get_type_hints(kind, include_extras=True)
    fields = [(each.name, _bare(hints[each.name]), _default(each)) for each in msgspec.structs.fields(kind)]
    return msgspec.defstruct(
        kind.__name__, fields, bases=(kind,), namespace={"__post_init__": lambda _: None}, frozen=True, kw_only=True
    )


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(name=field.encode_name, default_factory=field.default_factory)
    if field.default is not msgspec.NODEFAULT:
        return msgspec.field(name=field.encode_name, default=field.default)
    return msgspec.field(name=field.encode_name)


def _bare(hint: object) -> object:
    """The type without its annotations, also inside of it."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _bare(inner[0])
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _without_bounds(hint)
    if origin in (Union, UnionType):
        return Union[tuple(_bare(each) for each in inner)]  # noqa: UP007 - a union of types that are known now only
    return origin[tuple(_bare(each) for each in inner)] if origin in (tuple, list, dict) else hint


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
    schema = {**inner, **own, **as_object(own.get(INSTEAD))}
    schema.pop(INSTEAD, None)
    if "anyOf" in schema:
        schema = _with_branches(schema, optional=node.get("default", ...) is None)
    if CHOICES in schema:
        schema.pop("type", None)
        schema["enum"] = schema.pop(CHOICES)
    if "description" in schema:
        schema["description"] = " ".join(str(schema["description"]).split())
    default = schema.pop(USUAL, node.get("default"))
    if default is not None and not (inner and isinstance(default, Mapping) and USUAL not in node):
        schema["default"] = list(default) if isinstance(default, tuple) else default
    for name, nothing in (("required", []), ("additionalProperties", {})):
        if schema.get(name) == nothing:
            del schema[name]
    return schema


def _with_branches(schema: Mapping[str, JSONValue], *, optional: bool) -> dict[str, JSONValue]:
    """A union as it is written: one that is `optional` is absent and never null, and a number may be whole."""
    forms = as_items(schema.get(FORMS))
    branches: list[JSONObject] = []
    for branch in map(as_object, as_items(schema["anyOf"])):
        if not (optional and branch == {"type": "null"}):
            branches += (
                [_form(branch, as_items(form)) for form in forms] if forms and "properties" in branch else [branch]
            )
    branches = [
        each for each in branches if each.get("type") != "integer" or {**each, "type": "number"} not in branches
    ]
    own = {key: value for key, value in schema.items() if key not in ("anyOf", FORMS)}
    if len(branches) == 1:
        return {**branches[0], **own}
    if any(branch.keys() != {"type"} for branch in branches):
        return {**own, "anyOf": branches}
    kinds = [branch["type"] for branch in branches]
    return {**own, "type": [kind for kind in ("string", "number", "integer", "boolean", "null") if kind in kinds]}


def _form(section: JSONObject, names: Sequence[JSONValue]) -> JSONObject:
    """One of a section's forms, with the keys that it has; the first is required."""
    properties = as_object(section["properties"])
    fields = {str(name): properties[str(name)] for name in names}
    return {"type": "object", "properties": fields, "required": [names[0]], "additionalProperties": False}
