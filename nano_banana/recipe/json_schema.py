"""What a recipe may say, as JSON Schema.

It is made of the sections (`recipe_sections`) and of the parameters of each stage kind. With a catalog the schema also
lists endpoints and spells out `with` for each, for editors. The loader validates without one, since the catalog's own
check says more and knows templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from nano_banana.catalog.arguments import arguments_schema
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.formats.struct_schema import SCHEMA_DIALECT, section_schema
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.recipe.recipe_sections import RecipeSection
from nano_banana.stages.stage_kind import StageKind, StageParameters
from nano_banana.stages.stage_registry import stage_kinds

RECIPE_SCHEMA_ID = "https://nano-banana.invalid/schemas/recipe.schema.json"

_cached_schema = cache(section_schema)


def recipe_schema(catalog: Catalog | None = None, kinds: Mapping[str, StageKind] | None = None) -> JSONObject:
    """The schema, draft 2020-12. With a catalog, endpoints are listed and `with` is spelled out for each.

    `kinds` are the stage kinds by verb (None: all that are installed).
    """
    kinds, recipe = stage_kinds() if kinds is None else kinds, _cached_schema(RecipeSection)
    properties = as_object(recipe["properties"])
    stages: JSONObject = {
        **as_object(properties["stages"]),
        "items": {
            "type": "object",
            "properties": {"id": as_object(_cached_schema(StageParameters)["properties"])["id"]},
            "required": ["id"],
            "anyOf": [{"required": [verb]} for verb in kinds],
            "allOf": [_kind_schema(kind, catalog) for kind in kinds.values()],
        },
    }
    return {
        "$schema": SCHEMA_DIALECT,
        "$id": RECIPE_SCHEMA_ID,
        "title": "Nano Banana recipe",
        **recipe,
        "properties": {**properties, "stages": stages},
    }


def _kind_schema(kind: StageKind, catalog: Catalog | None) -> JSONObject:
    then = {name: value for name, value in _cached_schema(kind.parameters).items() if name != "type"}
    properties, key = as_object(then["properties"]), kind.endpoint_key
    if catalog is not None and key in properties:
        fit = [endpoint for name in catalog.ids if (endpoint := catalog.get(name)) and kind.can_use(endpoint)]
        using: dict[str, JSONValue] = {**as_object(properties[key]), "examples": [endpoint.id for endpoint in fit]}
        then |= {
            "properties": {**properties, key: using},
            "allOf": [_endpoint_branch(key, endpoint) for endpoint in fit],
        }
    return {"if": {"required": [kind.verb]}, "then": then}


def _endpoint_branch(naming: str, endpoint: Endpoint) -> JSONObject:
    return {
        "if": {"properties": {naming: {"const": endpoint.id}}, "required": [naming]},
        "then": {"properties": {"with": arguments_schema(endpoint)}},
    }


if __name__ == "__main__":
    import json

    print(json.dumps(recipe_schema(Catalog.load()), indent=1, ensure_ascii=False))  # noqa: T201 - prints the file
