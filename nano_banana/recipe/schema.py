"""The recipe's JSON Schema, from grammar, stages and catalog."""

from __future__ import annotations

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.schema import with_schema
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.recipe.grammar import TOP
from nano_banana.recipe.patterns import NAME
from nano_banana.stages.kind import Kind
from nano_banana.stages.registry import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ADDRESS = "https://nano-banana.invalid/schemas/recipe.schema.json"
MOST_STAGES = 100


def recipe_schema(catalog: Catalog | None = None) -> JSONObject:
    """The schema, draft 2020-12. With a catalog, endpoints are listed and `with` is spelled out for each.

    The loader validates without one, since the catalog's own check says more and knows templates.
    """
    properties = {**TOP, "stages": {**_stages(catalog), "description": "The work, in order."}}
    return {
        "$schema": DIALECT,
        "$id": ADDRESS,
        "title": "Nano Banana recipe",
        "description": "A reproducible set of portraits: the people, the shots, and the stages they go through.",
        "type": "object",
        "properties": properties,
        "required": ["nano_banana", "name"],
        "additionalProperties": False,
    }


def _stages(catalog: Catalog | None) -> JSONObject:
    verbs: list[JSONValue] = [{"required": [verb]} for verb in KINDS]
    return {
        "type": "array",
        "maxItems": MOST_STAGES,
        "default": [],
        "items": {
            "type": "object",
            "properties": {"id": _ID},
            "required": ["id"],
            "anyOf": verbs,
            "allOf": [_of_kind(kind, catalog) for kind in KINDS.values()],
        },
    }


_ID: JSONObject = {**NAME, "description": "The stage's name; other stages refer to it."}


def _of_kind(kind: Kind, catalog: Catalog | None) -> JSONObject:
    params: dict[str, JSONValue] = {**kind.params}
    then: dict[str, JSONValue] = {
        "description": kind.about,
        "properties": params,
        "required": ["id", *kind.required],
        "additionalProperties": False,
    }
    naming = "using" if "using" in kind.params else "call"
    if catalog is not None and naming in kind.params:
        fit = [endpoint for name in catalog.ids if (endpoint := catalog.get(name)) and does(kind, endpoint)]
        params[naming] = {**kind.params[naming], "examples": [endpoint.id for endpoint in fit]}
        then["allOf"] = [_of_endpoint(naming, endpoint) for endpoint in fit]
    return {"if": {"required": [kind.verb]}, "then": {**then, "properties": {"id": _ID, **params}}}


def does(kind: Kind, endpoint: Endpoint) -> bool:
    """Whether the endpoint has a field for everything that the kind hands over, and is made for it where it must be."""
    roles = endpoint.roles.named()
    return all(role in roles for role in kind.needs) and (not kind.strict or str(endpoint.does) == kind.verb)


def _of_endpoint(naming: str, endpoint: Endpoint) -> JSONObject:
    return {
        "if": {"properties": {naming: {"const": endpoint.id}}, "required": [naming]},
        "then": {"properties": {"with": with_schema(endpoint)}},
    }


if __name__ == "__main__":
    import json

    print(json.dumps(recipe_schema(Catalog.load()), indent=1, ensure_ascii=False))  # noqa: T201 - prints the file
