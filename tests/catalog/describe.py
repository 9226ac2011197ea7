"""Endpoints made up for a test."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint, endpoint_from_json
from nano_banana.model.json_values import JSONObject, JSONValue

CATALOG = Catalog.load()


def shipped(name: str) -> Endpoint:
    """An endpoint of the package's own, by what follows `fal-ai/`; of another owner by its whole id."""
    endpoint = CATALOG.get("fal-ai/" + name) or CATALOG.get(name)
    assert endpoint is not None
    return endpoint


def made(fields: JSONObject, **more: JSONValue) -> Endpoint:
    """An endpoint with these fields, by default one that draws pictures."""
    return endpoint_from_json({"id": "acme/draw", "does": "generate", "makes": ["images/*"], "fields": fields, **more})


def dig(value: JSONValue, *path: str | int) -> JSONValue:
    """What lies at `path` in `value`; fails the test where there is nothing."""
    for step in path:
        if isinstance(step, int):
            assert isinstance(value, list)
            value = value[step]
        else:
            assert isinstance(value, Mapping)
            value = value[step]
    return value
