"""Endpoints as their service lists them: OpenAPI, parsed and kept."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from nano_banana.catalog.arguments import NAMED_SIZES
from nano_banana.catalog.endpoint import Field, FieldType, named_fields
from nano_banana.model.json_values import JSONObject, JSONValue

_MAX_REFERENCE_DEPTH = 12
"""How many references may be nested; more would be a circle."""


class OpenApiDocument:
    """Reads schemas and resolves references. A missing part is an empty schema, never an error."""

    def __init__(self, document: JSONObject) -> None:
        self._document = document

    def input(self) -> JSONObject | None:
        """The schema of what is posted; None if there is no such thing."""
        return next((schema for _, schema in self._bodies("post", "requestBody") if "properties" in schema), None)

    def output(self) -> JSONObject:
        """The schema of the result: what a finished request's GET gives, else the best that looks like it."""
        gets = (schema for path, schema in self._bodies("get", "responses", "200") if path.endswith("{request_id}"))
        posts = (schema for _, schema in self._bodies("post", "responses", "200"))
        results = (schema for schema in (*gets, *posts) if _properties(schema))
        return next((schema for schema in results if "status_url" not in _properties(schema)), {})

    def whole(self, schema: JSONValue, depth: int = _MAX_REFERENCE_DEPTH) -> JSONObject:
        """The schema with its reference, `allOf` and only alternative merged; its own keys win."""
        if not isinstance(schema, Mapping) or not depth:
            return {}
        parts: list[JSONObject] = []
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            parts.append(self.whole(_value_at(self._document, *reference[2:].split("/")), depth - 1))
        parts += [self.whole(part, depth - 1) for part in _list_at(schema, "allOf")]
        own = {name: value for name, value in schema.items() if name not in {"$ref", "allOf"}}
        if "anyOf" in own or "oneOf" in own:
            some = self.alternatives(own, depth - 1)
            if len(some) == 1:
                parts += some
                own = {name: value for name, value in own.items() if name not in {"anyOf", "oneOf"}}
        return {name: value for part in (*parts, own) for name, value in part.items()}

    def alternatives(self, schema: JSONObject, depth: int = _MAX_REFERENCE_DEPTH) -> list[JSONObject]:
        """What it may be, null left out: itself, or each of its `anyOf` or `oneOf`."""
        listed = [*_list_at(schema, "anyOf"), *_list_at(schema, "oneOf")]
        if not listed:
            return [schema]
        return [whole for item in listed if (whole := self.whole(item, depth)).get("type") != "null"]

    def items(self, schema: JSONObject) -> JSONObject:
        """The schema of a list's items."""
        return self.whole(schema.get("items"))

    def _bodies(self, method: str, *place: str) -> Iterator[tuple[str, JSONObject]]:
        for path, item in _object_at(self._document, "paths").items():
            body = _value_at(item, method, *place, "content", "application/json", "schema")
            yield path, self.whole(body)


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
    """The service's description of one endpoint, retrieved at `as_of` (seconds since 1970).

    `gone` if it doesn't have the endpoint (any more); `deprecated` ones still answer, for an unknown time.
    `fields` is None where it does not describe them; `makes` are the places of files in its result, as far as
    its description tells.
    """

    id: str = ""
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
    """What the document says of the endpoint `name`; no fields if there is no document or it has no input."""
    api = OpenApiDocument(document or {})
    schema = api.input()
    listing = EndpointListing(id=name, as_of=as_of, deprecated=deprecated)
    if schema is None:
        return listing
    required, properties = _texts(schema.get("required")), _properties(schema)
    first = [field for field in _texts(schema.get("x-fal-order-properties")) if field in properties]
    fields = {
        field: _field(api, field, properties[field], required=field in required)
        for field in dict.fromkeys([*first, *properties])
    }
    return replace(listing, fields=fields, makes=tuple(_output_places(api)))


def _field(api: OpenApiDocument, name: str, raw: JSONValue, *, required: bool) -> Field:
    schema = api.whole(raw)
    some = api.alternatives(schema)
    kind = _field_type(api, name, some)
    bounds = next(_bounds(api, kind, some), {})
    default = schema.get("default")
    limits = (most for one in some if isinstance(most := one.get("maxItems"), int) and most > 0)
    return Field(
        name=name,
        type=kind,
        required=required and default is None,
        # An empty text or list says no more than that the field may be left out.
        default=UNSET if default in (None, "", [], {}) else default,
        minimum=_bound(bounds, "minimum", "exclusiveMinimum", up=1),
        maximum=_bound(bounds, "maximum", "exclusiveMaximum", up=-1),
        choices=tuple(_choices(api, kind, some)),
        max_items=next(limits, None),
        description=" ".join(str(schema.get("description") or "").split()),
    )


def _field_type(api: OpenApiDocument, name: str, some: list[JSONObject]) -> FieldType:
    if any(_is_size(one) for one in some):
        return FieldType.IMAGE_SIZE
    for one in some:
        if one.get("type") == "array":
            return _list_type(name, api.items(one))
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
    """The schema with the field's range: of an image size's side, an adapter's scale, or the number itself."""
    for one in some:
        if kind is FieldType.IMAGE_SIZE and _is_size(one):
            yield api.whole(_properties(one)["width"])
        elif kind is FieldType.ADAPTERS and one.get("type") == "array":
            yield api.whole(_properties(api.items(one)).get("scale"))
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
            keys = _properties(api.items(one))
            yield from (key for key in keys if key not in {"path", "scale"})


def _output_places(api: OpenApiDocument) -> Iterator[str]:
    """The places of files in a result: everything with a URL."""
    for name, raw in _properties(api.output()).items():
        for one in api.alternatives(api.whole(raw)):
            if one.get("type") == "array" and "url" in _properties(api.items(one)):
                yield f"{name}/*"
            elif "url" in _properties(one):
                yield name


def _is_size(schema: JSONObject) -> bool:
    return {"width", "height"} <= set(_properties(schema))


def _properties(schema: JSONObject) -> JSONObject:
    return _object_at(schema, "properties")


def _texts(value: JSONValue) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def _number_or_none(value: JSONValue) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


LISTINGS_FILE = "listings.json"
"""The file's name in the store's folder."""


class _ListingsFile(Struct, frozen=True, kw_only=True):
    listings: dict[str, EndpointListing]


def format_listings(listings: Mapping[str, EndpointListing]) -> str:
    """The file's text."""
    # (msgspec's JSON has no half surrogate pairs, which a description may have.)
    return json.dumps(msgspec.to_builtins(_ListingsFile(listings=dict(sorted(listings.items()))))) + "\n"


def read_listings(path: Path) -> dict[str, EndpointListing]:
    """The listings in the file. None if it doesn't exist or is damaged: they can be asked for again."""
    try:
        rows = msgspec.convert(json.loads(path.read_bytes()), _ListingsFile).listings
    except (OSError, ValueError, RecursionError):
        return {}
    return {
        name: replace(row, id=name, fields=None if row.fields is None else named_fields(row.fields))
        for name, row in rows.items()
    }
