"""The recipe's JSON Schema, from grammar, stages and catalog."""

from __future__ import annotations

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.schema import with_schema
from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.recipe.grammar import NAME
from nano_banana.recipe.grammar import TOP
from nano_banana.stages.kind import Kind
from nano_banana.stages.registry import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ADDRESS = "https://nano-banana.invalid/schemas/recipe.schema.json"
MOST_STAGES = 100


def recipe_schema(catalog: Catalog | None = None) -> JSONObject:
    """The schema, draft 2020-12. With a catalog, `with` is spelled out for each endpoint.

    The loader validates without one, since the catalog's own check says more and knows templates.
    """
    properties = {**TOP, "stages": {**_stages(catalog), "description": "The work, in order."}}
    return {
        "$schema": DIALECT,
        "$id": ADDRESS,
        "title": "Nano Banana recipe",
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
    then: dict[str, JSONValue] = {
        "description": kind.about,
        "properties": {"id": _ID, **kind.params},
        "required": ["id", *kind.required],
        "additionalProperties": False,
    }
    if catalog is not None and "with" in kind.params:
        then["allOf"] = [_of_endpoint(kind, catalog, endpoint) for endpoint in catalog.ids]
    return {"if": {"required": [kind.verb]}, "then": then}


def _of_endpoint(kind: Kind, catalog: Catalog, name: str) -> JSONObject:
    naming = "using" if "using" in kind.params else kind.verb
    endpoint = catalog.get(name)
    fields = {} if endpoint is None else with_schema(endpoint)
    return {
        "if": {"properties": {naming: {"const": name}}, "required": [naming]},
        "then": {"properties": {"with": fields}},
    }


if __name__ == "__main__":
    import json

    print(json.dumps(recipe_schema(Catalog.load()), indent=1, ensure_ascii=False))  # noqa: T201 - prints the file
