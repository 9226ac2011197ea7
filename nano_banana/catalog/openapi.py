"""An OpenAPI document: what its one endpoint takes and gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nano_banana.core.json import JSONObject, JSONValue

_DEEPEST = 12
"""How far a `$ref` may lead to another; more would be a circle."""


class OpenApi:
    """Reads schemas, references resolved. What the document does not hold is an empty schema, never an error."""

    def __init__(self, document: JSONObject) -> None:
        self._document = document

    def input(self) -> JSONObject | None:
        """The schema of what is posted; None where there is no such thing."""
        for _, operation in self._operations("post"):
            found = _dig(operation, "requestBody", "content", "application/json", "schema")
            schema = self.whole(found)
            if "properties" in schema:
                return schema
        return None

    def output(self) -> JSONObject:
        """The schema of the result: what a finished request's GET gives, else the best that looks like it."""
        gets = [(path, item) for path, item in self._operations("get") if path.endswith("{request_id}")]
        for _, operation in (*gets, *self._operations("post")):
            found = _dig(operation, "responses", "200", "content", "application/json", "schema")
            schema = self.whole(found)
            if "properties" in schema and "status_url" not in _table(schema, "properties"):
                return schema
        return {}

    def whole(self, schema: JSONValue) -> JSONObject:
        """The schema with its reference, `allOf` and lone alternative taken in; what stands beside them wins."""
        return self._whole(schema, _DEEPEST)

    def alternatives(self, schema: JSONObject) -> list[JSONObject]:
        """What it may be, null left out: itself, or each of its `anyOf` or `oneOf`."""
        return self._alternatives(schema, _DEEPEST)

    def _whole(self, schema: JSONValue, deep: int) -> JSONObject:
        if not isinstance(schema, Mapping) or not deep:
            return {}
        parts: list[JSONObject] = []
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            parts.append(self._whole(_dig(self._document, *reference[2:].split("/")), deep - 1))
        parts += [self._whole(part, deep - 1) for part in _list(schema, "allOf")]
        own = {name: value for name, value in schema.items() if name not in {"$ref", "allOf"}}
        if "anyOf" in own or "oneOf" in own:
            some = self._alternatives(own, deep - 1)
            if len(some) == 1:
                parts += some
                own = {name: value for name, value in own.items() if name not in {"anyOf", "oneOf"}}
        return {name: value for part in (*parts, own) for name, value in part.items()}

    def _alternatives(self, schema: JSONObject, deep: int) -> list[JSONObject]:
        listed = [*_list(schema, "anyOf"), *_list(schema, "oneOf")]
        if not listed:
            return [schema]
        return [whole for item in listed if (whole := self._whole(item, deep)).get("type") != "null"]

    def _operations(self, method: str) -> Iterator[tuple[str, JSONObject]]:
        for path, item in _table(self._document, "paths").items():
            operation = item.get(method) if isinstance(item, Mapping) else None
            if isinstance(operation, Mapping):
                yield path, operation


def _dig(value: JSONValue, *names: str) -> JSONValue:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _table(data: JSONObject, key: str) -> JSONObject:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}


def _list(data: JSONObject, key: str) -> list[JSONValue]:
    found = data.get(key)
    return list(found) if isinstance(found, list | tuple) else []
