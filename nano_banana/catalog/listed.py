"""From an OpenAPI document to a Listing: fields as the catalog knows them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from nano_banana.catalog.field import MISSING, Field, FieldType, Missing
from nano_banana.catalog.listing import Listing
from nano_banana.catalog.openapi import OpenApi
from nano_banana.catalog.size import NAMED
from nano_banana.core.json import JSONObject, JSONValue

_PLAIN = {
    "string": FieldType.STRING,
    "integer": FieldType.INTEGER,
    "number": FieldType.NUMBER,
    "boolean": FieldType.BOOLEAN,
    "object": FieldType.OBJECT,
}


def read_listing(name: str, document: JSONObject | None, *, as_of: float, deprecated: bool = False) -> Listing:
    """What the document says of the endpoint `name`; of none, or one without an input, there are no fields."""
    api = OpenApi(document or {})
    schema = api.input()
    if schema is None:
        return Listing(id=name, as_of=as_of, deprecated=deprecated)
    required = _texts(schema.get("required"))
    return Listing(
        id=name,
        as_of=as_of,
        deprecated=deprecated,
        fields={
            field: _field(api, field, item, required=field in required) for field, item in _in_order(schema).items()
        },
        makes=tuple(_makes(api)),
    )


def _in_order(schema: JSONObject) -> JSONObject:
    found = schema.get("properties")
    properties = found if isinstance(found, Mapping) else {}
    first = [name for name in _texts(schema.get("x-fal-order-properties")) if name in properties]
    return {name: properties[name] for name in dict.fromkeys([*first, *properties])}


def _field(api: OpenApi, name: str, raw: JSONValue, *, required: bool) -> Field:
    schema = api.whole(raw)
    some = api.alternatives(schema)
    kind = _type(api, name, some)
    bounds = next(iter(_bounds(api, kind, some)), {})
    default = schema.get("default")
    return Field(
        name=name,
        type=kind,
        required=required and default is None,
        default=_default(default),
        minimum=_bound(bounds, "minimum", "exclusiveMinimum", up=1),
        maximum=_bound(bounds, "maximum", "exclusiveMaximum", up=-1),
        choices=tuple(_choices(api, kind, some)),
        max_items=_max_items(some),
        description=" ".join(str(schema.get("description") or "").split()),
    )


def _type(api: OpenApi, name: str, some: list[JSONObject]) -> FieldType:
    if any(_is_size(one) for one in some):
        return FieldType.IMAGE_SIZE
    for one in some:
        if one.get("type") == "array":
            return _list_type(name, api.whole(one.get("items")))
    if any(_texts(one.get("enum")) for one in some):
        return FieldType.ENUM if all(_texts(one.get("enum")) for one in some) else FieldType.STRING
    kinds = {_PLAIN.get(str(one.get("type")), FieldType.OBJECT) for one in some}
    if kinds == {FieldType.INTEGER, FieldType.NUMBER}:
        return FieldType.NUMBER
    kind = FieldType.STRING if FieldType.STRING in kinds else next(iter(kinds), FieldType.OBJECT)
    is_url = kind is FieldType.STRING and (name.endswith("url") or any(one.get("format") == "uri" for one in some))
    return FieldType.URL if is_url else kind


def _list_type(name: str, item: JSONObject) -> FieldType:
    if "path" in _properties(item):
        return FieldType.ADAPTERS
    is_url = item.get("type") == "string" and (name.endswith("urls") or item.get("format") == "uri")
    return FieldType.URLS if is_url else FieldType.LIST


def _bounds(api: OpenApi, kind: FieldType, some: list[JSONObject]) -> Iterator[JSONObject]:
    """Where the field's range stands: with a side of an image size, with an adapter's scale, with a number itself."""
    for one in some:
        if kind is FieldType.IMAGE_SIZE and _is_size(one):
            yield api.whole(_properties(one)["width"])
        elif kind is FieldType.ADAPTERS and one.get("type") == "array":
            yield api.whole(_properties(api.whole(one.get("items"))).get("scale"))
        elif kind in {FieldType.INTEGER, FieldType.NUMBER}:
            yield one


def _bound(schema: JSONObject, inside: str, outside: str, *, up: int) -> float | None:
    if (value := _number(schema.get(inside))) is not None:
        return value
    value = _number(schema.get(outside))
    if value is None or schema.get("type") != "integer":
        return value
    return math.floor(value) + up if up > 0 else math.ceil(value) + up


def _choices(api: OpenApi, kind: FieldType, some: list[JSONObject]) -> Iterator[str]:
    if kind is FieldType.ENUM:
        yield from dict.fromkeys(name for one in some for name in _texts(one.get("enum")))
    elif kind is FieldType.IMAGE_SIZE:
        yield from (name for one in some for name in _texts(one.get("enum")) if name not in NAMED)
    elif kind is FieldType.ADAPTERS:
        for one in some:
            keys = _properties(api.whole(one.get("items")))
            yield from (key for key in keys if key not in {"path", "scale"})


def _default(value: JSONValue) -> JSONValue | Missing:
    """Nothing, and an empty text or list, say no more than that the field may be left out."""
    return MISSING if value is None or value in ("", [], {}) else value


def _max_items(some: list[JSONObject]) -> int | None:
    found = [most for one in some if isinstance(most := one.get("maxItems"), int) and most > 0]
    return found[0] if found else None


def _makes(api: OpenApi) -> Iterator[str]:
    """The places of files in a result: whatever has an address."""
    for name, raw in _properties(api.output()).items():
        for one in api.alternatives(api.whole(raw)):
            if one.get("type") == "array" and "url" in _properties(api.whole(one.get("items"))):
                yield f"{name}/*"
            elif "url" in _properties(one):
                yield name


def _is_size(schema: JSONObject) -> bool:
    return {"width", "height"} <= set(_properties(schema))


def _properties(schema: JSONObject) -> JSONObject:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _texts(value: JSONValue) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def _number(value: JSONValue) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
