"""Endpoints as their service lists them: OpenAPI, parsed and kept."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from msgspec import Struct

from nano_banana.catalog.arguments import NAMED_SIZES
from nano_banana.catalog.endpoint import MISSING, Field, FieldType, MissingDefault
from nano_banana.catalog.endpoint_format import endpoint_from_json, field_to_json
from nano_banana.model.json_values import JSONObject, JSONValue

_MAX_REFERENCE_DEPTH = 12
"""How far a `$ref` may lead to another; more would be a circle."""


class OpenApiDocument:
    """Reads schemas, references resolved. What the document does not hold is an empty schema, never an error."""

    def __init__(self, document: JSONObject) -> None:
        self._document = document

    def input(self) -> JSONObject | None:
        """The schema of what is posted; None where there is no such thing."""
        for _, operation in self._operations("post"):
            found = _value_at(operation, "requestBody", "content", "application/json", "schema")
            schema = self.whole(found)
            if "properties" in schema:
                return schema
        return None

    def output(self) -> JSONObject:
        """The schema of the result: what a finished request's GET gives, else the best that looks like it."""
        gets = [(path, item) for path, item in self._operations("get") if path.endswith("{request_id}")]
        for _, operation in (*gets, *self._operations("post")):
            found = _value_at(operation, "responses", "200", "content", "application/json", "schema")
            schema = self.whole(found)
            if "properties" in schema and "status_url" not in _object_at(schema, "properties"):
                return schema
        return {}

    def whole(self, schema: JSONValue) -> JSONObject:
        """The schema with its reference, `allOf` and lone alternative taken in; what stands beside them wins."""
        return self._whole(schema, _MAX_REFERENCE_DEPTH)

    def alternatives(self, schema: JSONObject) -> list[JSONObject]:
        """What it may be, null left out: itself, or each of its `anyOf` or `oneOf`."""
        return self._alternatives(schema, _MAX_REFERENCE_DEPTH)

    def _whole(self, schema: JSONValue, deep: int) -> JSONObject:
        if not isinstance(schema, Mapping) or not deep:
            return {}
        parts: list[JSONObject] = []
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            parts.append(self._whole(_value_at(self._document, *reference[2:].split("/")), deep - 1))
        parts += [self._whole(part, deep - 1) for part in _list_at(schema, "allOf")]
        own = {name: value for name, value in schema.items() if name not in {"$ref", "allOf"}}
        if "anyOf" in own or "oneOf" in own:
            some = self._alternatives(own, deep - 1)
            if len(some) == 1:
                parts += some
                own = {name: value for name, value in own.items() if name not in {"anyOf", "oneOf"}}
        return {name: value for part in (*parts, own) for name, value in part.items()}

    def _alternatives(self, schema: JSONObject, deep: int) -> list[JSONObject]:
        listed = [*_list_at(schema, "anyOf"), *_list_at(schema, "oneOf")]
        if not listed:
            return [schema]
        return [whole for item in listed if (whole := self._whole(item, deep)).get("type") != "null"]

    def _operations(self, method: str) -> Iterator[tuple[str, JSONObject]]:
        for path, item in _object_at(self._document, "paths").items():
            operation = item.get(method) if isinstance(item, Mapping) else None
            if isinstance(operation, Mapping):
                yield path, operation


def _value_at(value: JSONValue, *names: str) -> JSONValue:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _object_at(data: JSONObject, key: str) -> JSONObject:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}


def _list_at(data: JSONObject, key: str) -> list[JSONValue]:
    found = data.get(key)
    return list(found) if isinstance(found, list | tuple) else []


class EndpointListing(Struct, frozen=True, kw_only=True):
    """What the service says of one endpoint. `as_of` is when it was asked, in seconds since 1970.

    `gone` where it has no such endpoint (any more); `deprecated` ones still answer, for how long nobody says.
    `fields` is None where it does not describe them; `makes` are the places of files in its result, as far as
    its description tells.
    """

    id: str
    as_of: float
    gone: bool = False
    deprecated: bool = False
    fields: Mapping[str, Field] | None = None
    makes: tuple[str, ...] = ()


_SCALAR_TYPES = {
    "string": FieldType.STRING,
    "integer": FieldType.INTEGER,
    "number": FieldType.NUMBER,
    "boolean": FieldType.BOOLEAN,
    "object": FieldType.OBJECT,
}


def parse_listing(name: str, document: JSONObject | None, *, as_of: float, deprecated: bool = False) -> EndpointListing:
    """What the document says of the endpoint `name`; of none, or one without an input, there are no fields."""
    api = OpenApiDocument(document or {})
    schema = api.input()
    if schema is None:
        return EndpointListing(id=name, as_of=as_of, deprecated=deprecated)
    required = _texts(schema.get("required"))
    return EndpointListing(
        id=name,
        as_of=as_of,
        deprecated=deprecated,
        fields={
            field: _field(api, field, item, required=field in required)
            for field, item in _ordered_properties(schema).items()
        },
        makes=tuple(_output_places(api)),
    )


def _ordered_properties(schema: JSONObject) -> JSONObject:
    found = schema.get("properties")
    properties = found if isinstance(found, Mapping) else {}
    first = [name for name in _texts(schema.get("x-fal-order-properties")) if name in properties]
    return {name: properties[name] for name in dict.fromkeys([*first, *properties])}


def _field(api: OpenApiDocument, name: str, raw: JSONValue, *, required: bool) -> Field:
    schema = api.whole(raw)
    some = api.alternatives(schema)
    kind = _field_type(api, name, some)
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


def _field_type(api: OpenApiDocument, name: str, some: list[JSONObject]) -> FieldType:
    if any(_is_size(one) for one in some):
        return FieldType.IMAGE_SIZE
    for one in some:
        if one.get("type") == "array":
            return _list_type(name, api.whole(one.get("items")))
    if any(_texts(one.get("enum")) for one in some):
        return FieldType.ENUM if all(_texts(one.get("enum")) for one in some) else FieldType.STRING
    kinds = {_SCALAR_TYPES.get(str(one.get("type")), FieldType.OBJECT) for one in some}
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


def _bounds(api: OpenApiDocument, kind: FieldType, some: list[JSONObject]) -> Iterator[JSONObject]:
    """Where the field's range stands: with a side of an image size, with an adapter's scale, with a number itself."""
    for one in some:
        if kind is FieldType.IMAGE_SIZE and _is_size(one):
            yield api.whole(_properties(one)["width"])
        elif kind is FieldType.ADAPTERS and one.get("type") == "array":
            yield api.whole(_properties(api.whole(one.get("items"))).get("scale"))
        elif kind in {FieldType.INTEGER, FieldType.NUMBER}:
            yield one


def _bound(schema: JSONObject, inside: str, outside: str, *, up: int) -> float | None:
    if (value := _number_or_none(schema.get(inside))) is not None:
        return value
    value = _number_or_none(schema.get(outside))
    if value is None or schema.get("type") != "integer":
        return value
    return math.floor(value) + up if up > 0 else math.ceil(value) + up


def _choices(api: OpenApiDocument, kind: FieldType, some: list[JSONObject]) -> Iterator[str]:
    if kind is FieldType.ENUM:
        yield from dict.fromkeys(name for one in some for name in _texts(one.get("enum")))
    elif kind is FieldType.IMAGE_SIZE:
        yield from (name for one in some for name in _texts(one.get("enum")) if name not in NAMED_SIZES)
    elif kind is FieldType.ADAPTERS:
        for one in some:
            keys = _properties(api.whole(one.get("items")))
            yield from (key for key in keys if key not in {"path", "scale"})


def _default(value: JSONValue) -> JSONValue | MissingDefault:
    """Nothing, and an empty text or list, say no more than that the field may be left out."""
    return MISSING if value is None or value in ("", [], {}) else value


def _max_items(some: list[JSONObject]) -> int | None:
    found = [most for one in some if isinstance(most := one.get("maxItems"), int) and most > 0]
    return found[0] if found else None


def _output_places(api: OpenApiDocument) -> Iterator[str]:
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


def _number_or_none(value: JSONValue) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


LISTINGS_FILE = "listings.json"
"""The file's name in the store's folder."""


def format_listings(listings: Mapping[str, EndpointListing]) -> str:
    """The file's text."""
    return (
        json.dumps({"listings": {name: _listing_to_json(listing) for name, listing in sorted(listings.items())}}) + "\n"
    )


def read_listings(path: Path) -> dict[str, EndpointListing]:
    """The listings in the file. None where it is not there or not whole: they can be asked for again."""
    try:
        rows = json.loads(path.read_text("utf-8"))["listings"]
        return {name: _listing_from_json(name, row) for name, row in rows.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _listing_to_json(listing: EndpointListing) -> JSONValue:
    fields: JSONValue = None
    if listing.fields is not None:
        fields = {name: field_to_json(field) for name, field in listing.fields.items()}
    return {
        "as_of": listing.as_of,
        "gone": listing.gone,
        "deprecated": listing.deprecated,
        "fields": fields,
        "makes": list(listing.makes),
    }


def _listing_from_json(name: str, row: JSONObject) -> EndpointListing:
    fields, makes = row["fields"], tuple(cast("list[str]", row["makes"]))
    made = None if fields is None else endpoint_from_json({"id": name, "does": "other", "makes": [], "fields": fields})
    return EndpointListing(
        id=name,
        as_of=float(cast(float, row["as_of"])),
        gone=row["gone"] is True,
        deprecated=row["deprecated"] is True,
        fields=None if made is None else made.fields,
        makes=makes,
    )
