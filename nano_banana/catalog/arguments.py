"""An endpoint's arguments: completed, checked, sized, and their schema.

Everything here is worked out from the endpoint's fields alone, before anything is paid for: defaults filled in, values
that the endpoint would refuse, the size of the result in pixels, and the JSON Schema of `with` for editors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias, TypeGuard

from msgspec import UNSET, Struct

from nano_banana.catalog.endpoint import Endpoint, Field, FieldType, Task
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import did_you_mean


def complete_arguments(endpoint: Endpoint, given: JSONObject) -> JSONObject:
    """`given` with the endpoint's defaults, in the order of its fields, numbers in one form (28.0 as 28).

    Two of our own, for exactness: one picture a request, always, and png where the endpoint has it and
    `given` names no other format. Optional fields without a default stay absent; named sizes stay names.
    """
    whole: dict[str, JSONValue] = {}
    for name, field in endpoint.fields.items():
        if name == endpoint.roles.count:
            whole[name] = 1
        elif name in given:
            whole[name] = with_whole_numbers(given[name])
        elif name == endpoint.roles.format and "png" in field.choices:
            whole[name] = "png"
        elif (unsaid := field.known_default()) is not None:
            whole[name] = with_whole_numbers(unsaid)
    return {
        **whole,
        **{name: with_whole_numbers(value) for name, value in given.items() if name not in endpoint.fields},
    }


def with_whole_numbers(value: JSONValue) -> JSONValue:
    """`value` with each whole float as an integer, at any depth."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: with_whole_numbers(item) for name, item in value.items()}
    if isinstance(value, str) or not isinstance(value, list | tuple):
        return value
    return [with_whole_numbers(item) for item in value]


NAMED_SIZES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "square_hd": (1024, 1024),
        "square": (512, 512),
        "portrait_4_3": (768, 1024),
        "portrait_16_9": (576, 1024),
        "landscape_4_3": (1024, 768),
        "landscape_16_9": (1024, 576),
    }
)
"""fal's named sizes, width and height in pixels (its toolkit's presets)."""

SIZE_MULTIPLE = 16
"""FLUX draws in blocks of this many pixels."""

_RESOLUTION_SIDES: Mapping[str, int] = MappingProxyType({"1K": 1024, "2K": 2048, "4K": 4096})


def argument_value(endpoint: Endpoint, arguments: JSONObject, name: str | None) -> JSONValue:
    """The value of the field `name`, else its default, else None."""
    field = endpoint.field_for(name)
    return None if field is None else arguments.get(field.name, field.known_default())


def result_size(
    endpoint: Endpoint, arguments: JSONObject, *, picture: tuple[int, int] | None = None
) -> tuple[int, int] | None:
    """Width and height of a result; None if unknown.

    `picture` is the size of the input picture. If only a ratio is given, the size is nominal: the ratio's shape with
    the area of a square of 1024, 2048 or 4096 pixels, sides in multiples of 16.
    """
    return known_result_size(endpoint, arguments, picture=picture) or _nominal_size(endpoint, arguments)


def known_result_size(
    endpoint: Endpoint, arguments: JSONObject, *, picture: tuple[int, int] | None = None
) -> tuple[int, int] | None:
    """Like `result_size`, but only if the arguments or the input picture give the exact size."""
    roles = endpoint.roles
    if roles.size:
        said = argument_value(endpoint, arguments, roles.size)
        if said is None:
            return picture if roles.image else None
        return _written_size(said)
    if roles.aspect_ratio:
        return picture if argument_value(endpoint, arguments, roles.aspect_ratio) == "match_input" else None
    if endpoint.does in {Task.UPSCALE, Task.RESTORE}:
        factor = argument_value(endpoint, arguments, endpoint.roles.factor)
        return (round(picture[0] * factor), round(picture[1] * factor)) if picture and _is_number(factor) else None
    return picture if endpoint.does in {Task.IMAGE_TO_IMAGE, Task.INPAINT} else None


def _written_size(size: JSONValue) -> tuple[int, int] | None:
    if isinstance(size, str):
        return NAMED_SIZES.get(size)
    if isinstance(size, Mapping):
        width, height = size.get("width"), size.get("height")
        if isinstance(width, int | float) and isinstance(height, int | float):
            return int(width), int(height)
    return None


def _nominal_size(endpoint: Endpoint, arguments: JSONObject) -> tuple[int, int] | None:
    ratio = argument_value(endpoint, arguments, endpoint.roles.aspect_ratio)
    resolution = argument_value(endpoint, arguments, endpoint.roles.resolution)
    side = _RESOLUTION_SIDES.get(str(resolution)) if resolution is not None else _RESOLUTION_SIDES["1K"]
    across, _, down = ratio.partition(":") if isinstance(ratio, str) else ("", "", "")
    if side is None or not (across.isdecimal() and down.isdecimal() and int(across) and int(down)):
        return None
    stretch = math.sqrt(int(across) / int(down))
    return _to_multiple(side * stretch), _to_multiple(side / stretch)


def _to_multiple(length: float) -> int:
    return max(SIZE_MULTIPLE, round(length / SIZE_MULTIPLE) * SIZE_MULTIPLE)


class ArgumentProblem(Struct, frozen=True, kw_only=True):
    """One problem in an endpoint's arguments or its file; `path` leads to it.

    `kind` is one of `cli/words/catalog.py`. A warning does not stop a run.
    """

    kind: str
    path: tuple[str | int, ...]
    data: JSONObject
    suggestions: tuple[str, ...] = ()
    warning: bool = False


_TYPE_NAMES: Mapping[type, str] = MappingProxyType(
    {type(None): "null", bool: "boolean", int: "number", float: "number", str: "string", list: "list", tuple: "list"}
)


def json_type_name(value: JSONValue) -> str:
    """What `value` is, as a JSON type."""
    return _TYPE_NAMES.get(type(value), "object")


ArgumentPath: TypeAlias = "tuple[str | int, ...]"


class ValueChecker(Struct, frozen=True, kw_only=True):
    """Checks values of a field of an endpoint; values that are `deferred` aren't checked."""

    endpoint: Endpoint
    field: Field
    deferred: Callable[[JSONValue], bool]

    def problems(self, value: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        """Everything wrong with `value`, which is at `path`."""
        if self.deferred(value):
            return
        match self.field.type:
            case FieldType.INTEGER | FieldType.NUMBER:
                yield from self._number(value, path)
            case FieldType.ENUM:
                yield from self._choice(value, path, self.field.choices)
            case FieldType.IMAGE_SIZE:
                yield from self._size(value, path)
            case FieldType.ADAPTERS | FieldType.URLS | FieldType.LIST:
                yield from self._list(value, path)
            case FieldType.BOOLEAN | FieldType.OBJECT:
                if json_type_name(value) != self.field.type:
                    yield self._type(value, path)
            case FieldType.STRING | FieldType.URL:
                if not isinstance(value, str):
                    yield self._type(value, path)

    def _number(self, value: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        if not _is_number(value):
            yield self._type(value, path)
        elif not self.field.in_range(value):
            yield self._problem("field_range", path, value=value, range=_range_text(self.field))
        elif self.field.type is FieldType.INTEGER and value != int(value):
            yield self._type(value, path)

    def _choice(self, value: JSONValue, path: ArgumentPath, choices: Sequence[str]) -> Iterator[ArgumentProblem]:
        if isinstance(value, str) and value in choices:
            return
        if not isinstance(value, str) and str(value) in choices:
            yield self._problem("field_needs_quotes", path, found=value)
        else:
            near = did_you_mean(str(value), choices)
            yield self._problem("field_choice", path, near, found=value, choices=list(choices))

    def _size(self, value: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        if isinstance(value, str):
            yield from self._choice(value, path, (*NAMED_SIZES, *self.field.choices))
        elif not isinstance(value, Mapping) or set(value) != {"width", "height"}:
            yield self._problem("size_shape", path)
        else:
            for side, length in value.items():
                if not self.deferred(length):
                    yield from self._side(side, length, path)

    def _side(self, side: str, length: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        if not _is_number(length):
            yield self._problem("size_shape", path)
        elif not self.field.in_range(length) or length != int(length):
            bounds = _range_text(self.field)
            yield self._problem("size_range", (*path, side), side=side, value=length, range=bounds)
        elif length % SIZE_MULTIPLE:
            near = str(max(1, round(length / SIZE_MULTIPLE)) * SIZE_MULTIPLE)
            data: JSONObject = {"side": side, "value": length, "multiple": SIZE_MULTIPLE}
            yield self._problem("size_multiple", (*path, side), (near,), warning=True, **data)

    def _list(self, value: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        if not isinstance(value, list | tuple):
            yield self._type(value, path)
            return
        adapters = self.field.type is FieldType.ADAPTERS
        most = self.endpoint.adapters_max if adapters else self.field.max_items
        if most is not None and len(value) > most:
            yield self._problem("adapters_too_many" if adapters else "list_too_long", path, count=len(value), most=most)
        for index, item in enumerate(value):
            if self.deferred(item):
                continue
            if adapters:
                yield from self._adapter(item, (*path, index))
            elif self.field.type is FieldType.URLS and not isinstance(item, str):
                yield self._type(item, (*path, index), wants="url")

    def _adapter(self, item: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        if not isinstance(item, Mapping) or not {"path"} <= set(item) <= {"path", "scale", *self.field.choices}:
            yield self._problem("adapter_shape", path)
            return
        if not isinstance(item["path"], str):
            yield self._problem("adapter_shape", (*path, "path"))
        scale = item.get("scale", 1)
        if self.deferred(scale):
            return
        if not _is_number(scale):
            yield self._problem("adapter_shape", (*path, "scale"))
        elif not self.field.in_range(scale):
            yield self._problem("field_range", (*path, "scale"), value=scale, range=_range_text(self.field))

    def _type(self, value: JSONValue, path: ArgumentPath, *, wants: str = "") -> ArgumentProblem:
        return self._problem("field_type", path, wants=wants or self.field.type.value, found=json_type_name(value))

    def _problem(
        self,
        kind: str,
        path: ArgumentPath,
        suggestions: tuple[str, ...] = (),
        *,
        warning: bool = False,
        **data: JSONValue,
    ) -> ArgumentProblem:
        about: JSONObject = {"field": self.field.name, "endpoint": self.endpoint.id, **data}
        return ArgumentProblem(kind=kind, path=path, data=about, suggestions=suggestions, warning=warning)


def _is_number(value: JSONValue) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _range_text(field: Field) -> str:
    low = "" if field.minimum is None else f"{field.minimum:g}"
    high = "" if field.maximum is None else f"{field.maximum:g}"
    if low and high:
        return f"{low}–{high}"
    return f"≥ {low}" if low else f"≤ {high}" if high else "finite"


def argument_problems(
    endpoint: Endpoint,
    given: JSONObject,
    *,
    filled: Collection[str] = (),
    deferred: Callable[[JSONValue], bool] = lambda _: False,
) -> list[ArgumentProblem]:
    """Everything about `given` that the endpoint would refuse, or that the runner sets itself.

    `filled` names the endpoint's fields that a stage supplies: they need not be given, and must not be.
    Values that `deferred` accepts (templates that are rendered later), at any depth, are not judged.
    """
    wrong: list[ArgumentProblem] = []
    for name, value in given.items():
        about: JSONObject = {"field": name, "endpoint": endpoint.id}
        if name not in endpoint.fields:
            wrong.append(_unknown_field(endpoint, name, about))
        elif name in filled or (_is_set_by_runner(endpoint, name, value) and not deferred(value)):
            wrong.append(ArgumentProblem(kind="field_is_ours", path=(name,), data=about))
        else:
            checker = ValueChecker(endpoint=endpoint, field=endpoint.fields[name], deferred=deferred)
            wrong.extend(checker.problems(value, (name,)))
    wrong.extend(
        ArgumentProblem(kind="field_missing", path=(name,), data={"field": name, "endpoint": endpoint.id})
        for name, field in endpoint.fields.items()
        if field.required and field.default is UNSET and name not in given and name not in filled
    )
    return wrong


def _unknown_field(endpoint: Endpoint, name: str, about: JSONObject) -> ArgumentProblem:
    if name.casefold().startswith("negative") and endpoint.roles.negative_prompt is None:
        return ArgumentProblem(kind="no_negative_prompt", path=(name,), data=about)
    near = did_you_mean(name, endpoint.fields)
    return ArgumentProblem(kind="field_unknown", path=(name,), data=about, suggestions=near)


def _is_set_by_runner(endpoint: Endpoint, name: str, value: JSONValue) -> bool:
    """Whether the runner sets the field itself: one picture a request, never an inline answer."""
    if name == endpoint.roles.count:
        return value != 1
    return name == endpoint.roles.sync and value is not False


TEMPLATE_SCHEMA: JSONObject = {"type": "string", "pattern": r"\{\{"}
"""Where a value of another type is wanted, a template that makes one will do."""


def arguments_schema(endpoint: Endpoint, *, without: Collection[str] = ()) -> JSONObject:
    """The JSON Schema (draft 2020-12) of a stage's `with` for this endpoint.

    `without` names fields that the stage fills. Nothing is required here, since stages fill required
    fields; nothing unknown is allowed. Defaults are those that a request of ours is completed with.
    """
    unsaid = complete_arguments(endpoint, {})
    properties: dict[str, JSONValue] = {}
    for name, field in endpoint.fields.items():
        if name not in without:
            default: JSONObject = {"default": unsaid[name]} if name in unsaid else {}
            description = {"description": field.description or name}
            properties[name] = {**description, **_value_schema(endpoint, field), **default}
    return {
        "type": "object",
        "description": f"Fields of {endpoint.id}.",
        "properties": properties,
        "additionalProperties": False,
    }


def _value_schema(endpoint: Endpoint, field: Field) -> JSONObject:
    if field.name == endpoint.roles.count:
        return {"const": 1}
    if field.name == endpoint.roles.sync:
        return {"const": False}
    if field.type in {FieldType.STRING, FieldType.URL}:
        return {"type": "string"}
    return any_schema(*field_schemas(endpoint, field, TEMPLATE_SCHEMA), TEMPLATE_SCHEMA)


def any_schema(*schemas: JSONObject) -> JSONObject:
    """The schema of what fits one of these."""
    return {"anyOf": list(schemas)} if len(schemas) > 1 else schemas[0]


def field_schemas(endpoint: Endpoint, field: Field, *beside: JSONObject) -> list[JSONObject]:
    """The schemas of the shapes that a field's values may have; `beside` is what a number inside may be as well."""
    bounds: JSONObject = {name: bound for name in ("minimum", "maximum") if (bound := getattr(field, name)) is not None}
    text: JSONObject = {"type": "string"}
    match field.type:
        case FieldType.ENUM:
            return [{"enum": list(field.choices)}]
        case FieldType.IMAGE_SIZE:
            side = any_schema({"type": "integer", **bounds}, *beside)
            names: JSONObject = {"enum": [*NAMED_SIZES, *field.choices]}
            return [names, _object_schema({"width": side, "height": side}, "width", "height")]
        case FieldType.ADAPTERS:
            scale = {**any_schema({"type": "number", **bounds}, *beside), "default": 1}
            extra: JSONObject = {name: {} for name in field.choices}
            return [
                _list_schema(endpoint.adapters_max, _object_schema({"path": text, "scale": scale, **extra}, "path"))
            ]
        case FieldType.URLS | FieldType.LIST:
            return [_list_schema(field.max_items, text if field.type is FieldType.URLS else None)]
        case _:
            return [text if field.type is FieldType.URL else {"type": field.type.value, **bounds}]


def _object_schema(properties: JSONObject, *required: str) -> JSONObject:
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def _list_schema(most: int | None, items: JSONObject | None) -> JSONObject:
    bound: JSONObject = {} if most is None else {"maxItems": most}
    return {"type": "array", **({} if items is None else {"items": items}), **bound}
