"""An endpoint's arguments: completed, checked, sized, and their schema.

Everything here is worked out from the endpoint's fields alone, before anything is paid for: defaults filled in, values
that the endpoint would refuse, the size of the result in pixels, and the JSON Schema of `with` for editors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct

from nano_banana.catalog.endpoint import MISSING, Endpoint, Field, FieldType, Task
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
        elif (unsaid := _default_of(endpoint, field)) is not None:
            whole[name] = unsaid
    return {
        **whole,
        **{name: with_whole_numbers(value) for name, value in given.items() if name not in endpoint.fields},
    }


def _default_of(endpoint: Endpoint, field: Field) -> JSONValue:
    if field.name == endpoint.roles.format and "png" in field.choices:
        return "png"
    return None if field.default is MISSING else with_whole_numbers(field.default)


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
    """What stands in the field `name`, else its default, else None."""
    field = endpoint.field_for(name)
    if field is None:
        return None
    unsaid = None if field.default is MISSING else field.default
    return arguments.get(field.name, unsaid)


def result_size(
    endpoint: Endpoint, arguments: JSONObject, *, picture: tuple[int, int] | None = None
) -> tuple[int, int] | None:
    """Width and height of a result; None where nothing tells.

    `picture` is the size of the input picture. Where only a ratio is given the size is nominal: the
    ratio's shape with the area of a square of 1024, 2048 or 4096 pixels, sides in multiples of 16.
    """
    return known_result_size(endpoint, arguments, picture=picture) or _nominal_size(endpoint, arguments)


def known_result_size(
    endpoint: Endpoint, arguments: JSONObject, *, picture: tuple[int, int] | None = None
) -> tuple[int, int] | None:
    """As `pixels`, but only a size that the arguments or the input picture say exactly."""
    roles = endpoint.roles
    if roles.size:
        said = argument_value(endpoint, arguments, roles.size)
        if said is None:
            return picture if roles.image else None
        return _written_size(said)
    if roles.aspect_ratio:
        return picture if argument_value(endpoint, arguments, roles.aspect_ratio) == "match_input" else None
    if endpoint.does in {Task.UPSCALE, Task.RESTORE}:
        return _enlarged_size(endpoint, arguments, picture)
    return picture if endpoint.does in {Task.IMAGE_TO_IMAGE, Task.INPAINT} else None


def _enlarged_size(
    endpoint: Endpoint, arguments: JSONObject, picture: tuple[int, int] | None
) -> tuple[int, int] | None:
    factor = argument_value(endpoint, arguments, endpoint.roles.factor)
    if picture is None or isinstance(factor, bool) or not isinstance(factor, int | float):
        return None
    return round(picture[0] * factor), round(picture[1] * factor)


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
    """One fault in an endpoint's arguments; `path` leads to it, `data` always has `field` and `endpoint`.

    `kind` is one of `cli/words/catalog.py`. A warning does not stop a run.
    """

    kind: str
    path: tuple[str | int, ...]
    data: JSONObject
    suggestions: tuple[str, ...] = ()
    warning: bool = False


def json_type_name(value: JSONValue) -> str:
    """What `value` is, as a JSON type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "list" if isinstance(value, list | tuple) else "object"


ArgumentPath: TypeAlias = "tuple[str | int, ...]"


class ValueChecker(Struct, frozen=True, kw_only=True):
    """Judges values of an endpoint's fields; what `deferred` accepts is left unjudged."""

    endpoint: Endpoint
    deferred: Callable[[JSONValue], bool]

    def faults(self, field: Field, value: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        """Everything wrong with `value`, which stands at `path`."""
        if self.deferred(value):
            return
        match field.type:
            case FieldType.INTEGER | FieldType.NUMBER:
                yield from self._number(field, value, path)
            case FieldType.ENUM:
                yield from self._choice(field, value, path, field.choices)
            case FieldType.IMAGE_SIZE:
                yield from self._size(field, value, path)
            case FieldType.ADAPTERS | FieldType.URLS | FieldType.LIST:
                yield from self._list(field, value, path)
            case FieldType.BOOLEAN | FieldType.OBJECT:
                if json_type_name(value) != field.type:
                    yield self._type(field, value, path)
            case FieldType.STRING | FieldType.URL:
                if not isinstance(value, str):
                    yield self._type(field, value, path)

    def _number(self, field: Field, value: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield self._type(field, value, path)
        elif not field.in_range(value):
            yield self._range("field_range", field, value, path)
        elif field.type is FieldType.INTEGER and value != int(value):
            yield self._type(field, value, path)

    def _choice(
        self, field: Field, value: JSONValue, path: ArgumentPath, choices: Sequence[str]
    ) -> Iterator[ArgumentProblem]:
        if isinstance(value, str) and value in choices:
            return
        data: JSONObject = {"found": value, "choices": list(choices)}
        if not isinstance(value, str) and str(value) in choices:
            yield self._misfit("field_needs_quotes", field, path, {"found": value})
        else:
            near = did_you_mean(str(value), choices)
            yield self._misfit("field_choice", field, path, data, suggestions=near)

    def _size(self, field: Field, value: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        if isinstance(value, str):
            yield from self._choice(field, value, path, (*NAMED_SIZES, *field.choices))
        elif not isinstance(value, Mapping) or set(value) != {"width", "height"}:
            yield self._misfit("size_shape", field, path)
        else:
            for side, length in value.items():
                yield from self._side(field, side, length, path)

    def _side(self, field: Field, side: str, length: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        at = (*path, side)
        if self.deferred(length):
            return
        if isinstance(length, bool) or not isinstance(length, int | float):
            yield self._misfit("size_shape", field, path)
        elif not field.in_range(length) or length != int(length):
            yield self._range("size_range", field, length, at, side=side)
        elif length % SIZE_MULTIPLE:
            near = str(max(1, round(length / SIZE_MULTIPLE)) * SIZE_MULTIPLE)
            data: JSONObject = {"side": side, "value": length, "multiple": SIZE_MULTIPLE}
            yield self._misfit("size_multiple", field, at, data, suggestions=(near,), warning=True)

    def _list(self, field: Field, value: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        if not isinstance(value, list | tuple):
            yield self._type(field, value, path)
            return
        adapters = field.type is FieldType.ADAPTERS
        most = self.endpoint.adapters_max if adapters else field.max_items
        if most is not None and len(value) > most:
            kind = "adapters_too_many" if adapters else "list_too_long"
            yield self._misfit(kind, field, path, {"count": len(value), "most": most})
        for index, item in enumerate(value):
            if self.deferred(item):
                continue
            if adapters:
                yield from self._adapter(field, item, (*path, index))
            elif field.type is FieldType.URLS and not isinstance(item, str):
                yield self._type(field, item, (*path, index), wants="url")

    def _adapter(self, field: Field, item: JSONValue, path: ArgumentPath) -> Iterator[ArgumentProblem]:
        if not isinstance(item, Mapping) or not {"path"} <= set(item) <= {"path", "scale", *field.choices}:
            yield self._misfit("adapter_shape", field, path)
            return
        where, scale = item["path"], item.get("scale", 1)
        if not isinstance(where, str):
            yield self._misfit("adapter_shape", field, (*path, "path"))
        if self.deferred(scale):
            return
        if isinstance(scale, bool) or not isinstance(scale, int | float):
            yield self._misfit("adapter_shape", field, (*path, "scale"))
        elif not field.in_range(scale):
            yield self._range("field_range", field, scale, (*path, "scale"))

    def _type(self, field: Field, value: JSONValue, path: ArgumentPath, *, wants: str = "") -> ArgumentProblem:
        return self._misfit(
            "field_type", field, path, {"wants": wants or field.type.value, "found": json_type_name(value)}
        )

    def _range(
        self, kind: str, field: Field, value: JSONValue, path: ArgumentPath, **more: JSONValue
    ) -> ArgumentProblem:
        data: JSONObject = {"value": value, "range": _range_text(field), **more}
        return self._misfit(kind, field, path, data)

    def _misfit(
        self,
        kind: str,
        field: Field,
        path: ArgumentPath,
        data: JSONObject | None = None,
        *,
        suggestions: tuple[str, ...] = (),
        warning: bool = False,
    ) -> ArgumentProblem:
        about: JSONObject = {"field": field.name, "endpoint": self.endpoint.id, **(data or {})}
        return ArgumentProblem(kind=kind, path=path, data=about, suggestions=suggestions, warning=warning)


def _range_text(field: Field) -> str:
    low = "" if field.minimum is None else f"{field.minimum:g}"
    high = "" if field.maximum is None else f"{field.maximum:g}"
    if low and high:
        return f"{low}–{high}"
    return f"≥ {low}" if low else f"≤ {high}" if high else "finite"


def never_deferred(_: JSONValue) -> bool:
    """No value is deferred."""
    return False


def argument_problems(
    endpoint: Endpoint,
    given: JSONObject,
    *,
    filled: Collection[str] = (),
    deferred: Callable[[JSONValue], bool] = never_deferred,
) -> list[ArgumentProblem]:
    """Everything about `given` that the endpoint would refuse, or that the runner sets itself.

    `filled` names the endpoint's fields that a stage supplies: they need not be given, and must not be.
    Values that `deferred` accepts (templates that are rendered later), at any depth, are not judged.
    """
    wrong: list[ArgumentProblem] = []
    values = ValueChecker(endpoint=endpoint, deferred=deferred)
    for name, value in given.items():
        if name not in endpoint.fields:
            wrong.append(_unknown_field(endpoint, name))
        elif name in filled or (_is_set_by_runner(endpoint, name, value) and not deferred(value)):
            wrong.append(
                ArgumentProblem(kind="field_is_ours", path=(name,), data={"field": name, "endpoint": endpoint.id})
            )
        else:
            wrong.extend(values.faults(endpoint.fields[name], value, (name,)))
    wrong.extend(_missing_fields(endpoint, {*given, *filled}))
    return wrong


def _unknown_field(endpoint: Endpoint, name: str) -> ArgumentProblem:
    data: JSONObject = {"field": name, "endpoint": endpoint.id}
    negative = endpoint.roles.negative_prompt
    if name.casefold().startswith("negative") and negative is None:
        return ArgumentProblem(kind="no_negative_prompt", path=(name,), data=data)
    return ArgumentProblem(
        kind="field_unknown", path=(name,), data=data, suggestions=did_you_mean(name, endpoint.fields)
    )


def _is_set_by_runner(endpoint: Endpoint, name: str, value: JSONValue) -> bool:
    """Whether the runner sets the field itself: one picture a request, never an inline answer."""
    if name == endpoint.roles.count:
        return value != 1
    return name == endpoint.roles.sync and value is not False


def _missing_fields(endpoint: Endpoint, there: Collection[str]) -> Iterator[ArgumentProblem]:
    for name, field in endpoint.fields.items():
        if field.required and field.default is MISSING and name not in there:
            yield ArgumentProblem(kind="field_missing", path=(name,), data={"field": name, "endpoint": endpoint.id})


TEMPLATE_SCHEMA: JSONObject = {"type": "string", "pattern": r"\{\{"}
"""Where a value of another type is wanted, a template that makes one will do."""


def arguments_schema(endpoint: Endpoint, *, without: Collection[str] = ()) -> JSONObject:
    """The JSON Schema (draft 2020-12) of what may stand under a stage's `with` for this endpoint.

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
    return {"anyOf": [*_typed_schemas(endpoint, field), TEMPLATE_SCHEMA]}


def _typed_schemas(endpoint: Endpoint, field: Field) -> list[JSONObject]:
    match field.type:
        case FieldType.ENUM:
            return [{"enum": list(field.choices)}]
        case FieldType.IMAGE_SIZE:
            return _size_schemas(field)
        case FieldType.ADAPTERS:
            return [_with_max_items({"type": "array", "items": _adapter_schema(field)}, endpoint.adapters_max)]
        case FieldType.URLS:
            return [_with_max_items({"type": "array", "items": {"type": "string"}}, field.max_items)]
        case FieldType.LIST:
            return [_with_max_items({"type": "array"}, field.max_items)]
        case _:
            return [_number_schema(field, field.type.value)]


def _size_schemas(field: Field) -> list[JSONObject]:
    side: JSONObject = {"anyOf": [_number_schema(field, "integer"), TEMPLATE_SCHEMA]}
    sides: JSONObject = {
        "type": "object",
        "properties": {"width": side, "height": side},
        "required": ["width", "height"],
        "additionalProperties": False,
    }
    return [{"enum": [*NAMED_SIZES, *field.choices]}, sides]


def _adapter_schema(field: Field) -> JSONObject:
    scale: JSONObject = {"anyOf": [_number_schema(field, "number"), TEMPLATE_SCHEMA], "default": 1}
    extra: JSONObject = {name: {} for name in field.choices}
    return {
        "type": "object",
        "properties": {"path": {"type": "string"}, "scale": scale, **extra},
        "required": ["path"],
        "additionalProperties": False,
    }


def _with_max_items(shape: JSONObject, most: int | None) -> JSONObject:
    return shape if most is None else {**shape, "maxItems": most}


def _number_schema(field: Field, kind: str) -> JSONObject:
    low: JSONObject = {} if field.minimum is None else {"minimum": field.minimum}
    high: JSONObject = {} if field.maximum is None else {"maximum": field.maximum}
    return {"type": kind, **low, **high}
