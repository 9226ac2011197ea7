"""What a recipe may say, as JSON Schema.

Sections are declared here, except `outputs` (recipe_model) and `photo_rules`; stages declare their own parameters.
With a catalog the schema also lists endpoints and spells out `with` for each, for editors. The loader validates
without one, since the catalog's own check says more and knows templates.
"""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.catalog.arguments import arguments_schema
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.provider_registry import BUILT_IN
from nano_banana.formats.struct_schema import SCHEMA_DIALECT, section_schema
from nano_banana.model.json_values import JSONObject, JSONValue, as_items
from nano_banana.recipe.naming import AXIS_NAME, NAME, NAMES, ONE_WORD, PLACE_NAME, TEXT
from nano_banana.recipe.recipe_model import OutputsSection, Privacy, RunLimits
from nano_banana.recipe.training_photos import PhotoRules
from nano_banana.stages.stage_kind import StageKind
from nano_banana.stages.stage_registry import stage_kinds

MAX_CAST = 8
"""People in one picture."""

_TRAINING_SET_SCHEMA: JSONObject = {
    "description": "The photos that train: a folder, a glob, a list of them, or an object.",
    "anyOf": [
        TEXT,
        {"type": "array", "items": TEXT, "minItems": 1},
        {
            "type": "object",
            "properties": {
                "photos": {**NAMES, "description": "A folder, a glob, or a list of them."},
                "hold_out": {
                    "description": "Photos that never train, for a gate to judge likeness by: so many, drawn by lot "
                    "from their content (neither names nor order matter), or their names or globs.",
                    "anyOf": [{"type": "integer", "minimum": 0}, *as_items(NAMES["anyOf"])],
                    "default": 0,
                },
            },
            "required": ["photos"],
            "additionalProperties": False,
        },
    ],
}

_CONSENT_SCHEMA: JSONObject = {
    "type": "object",
    "description": "Who allowed the use of this face, when and for what; kept in the manifest.",
    "properties": {
        "given_by": {"type": "string", "description": "The person who gave it."},
        "on": {"type": "string", "description": "The date, as YYYY-MM-DD."},
        "uses": {"type": "array", "items": {"type": "string"}, "description": "What for."},
    },
    "additionalProperties": False,
}

SUBJECT_SCHEMA: JSONObject = {
    "type": "object",
    "description": "One person: `{noun: woman, trigger: anqz7, training_set: photos/ana}`.",
    "properties": {
        "noun": {**TEXT, "description": "The class word that follows the trigger."},
        "trigger": {
            **ONE_WORD,
            "description": "The rare word that the adapter learns this person by, for example `anqz7`.",
        },
        "training_set": _TRAINING_SET_SCHEMA,
        "references": {
            **NAMES,
            "description": "The photos that endpoints get which draw a person from pictures (`identity: reference`): "
            "a file, a folder, a glob, or a list; the training set by default.",
        },
        "traits": {
            "type": "object",
            "description": "Words about the person for templates: `{{ subject.traits.hair }}`.",
            "additionalProperties": {"type": "string", "description": "The words of one trait."},
            "default": {},
        },
        "consent": _CONSENT_SCHEMA,
    },
    "required": ["noun", "trigger"],
    "additionalProperties": False,
}

CAST_SCHEMA: JSONObject = {
    "description": "Who is in the picture: a subject; `{each: [ana, ben]}` (or `all`), one a picture in turn; or "
    "several in one, from left to right: `{left: ana, right: ben}` or `[ana, ben]`.",
    "anyOf": [
        TEXT,
        {"type": "array", "items": TEXT, "minItems": 2, "maxItems": MAX_CAST},
        {
            "type": "object",
            "properties": {"each": {**NAMES, "description": "The subjects in turn, or `all`."}},
            "propertyNames": PLACE_NAME,
            "additionalProperties": {
                **TEXT,
                "description": "Who stands at this place; templates write it as `{{ cast.left.noun }}`.",
            },
            "minProperties": 1,
            "maxProperties": MAX_CAST,
        },
    ],
}


_TEXT_OR_LIST: JSONObject = NAMES

AXIS_SCHEMA: JSONObject = {
    "description": "The values of one axis, by key; or a list of plain texts.",
    "anyOf": [
        {"type": "array", "items": TEXT, "minItems": 1},
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": NAME,
            "additionalProperties": {
                "description": "The value: a text, or fields for templates (`{{ scene.light }}`).",
                "anyOf": [
                    TEXT,
                    {
                        "type": "object",
                        "additionalProperties": {
                            "type": ["string", "number", "boolean", "null"],
                            "description": "A field; one that other values have and this one lacks reads as nothing.",
                        },
                    },
                ],
            },
        },
    ],
}

TEMPLATE_SCHEMA: JSONObject = {
    "description": "A prompt: a Jinja text, `{file: prompts/portrait.j2}`, or `{pack: cinema/noir-detective}`.",
    "anyOf": [
        TEXT,
        {
            "type": "object",
            "properties": {"file": {**TEXT, "description": "A text file in the recipe's folder."}},
            "required": ["file"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "pack": {**TEXT, "description": "A pack and its template: `cinema/noir-detective`."},
                "version": {**TEXT, "description": 'Which versions of the pack will do: `">=1.2,<2"`.'},
                "with": {
                    "type": "object",
                    "description": "Values for the template's variables, which may be templates over axes.",
                    "additionalProperties": {"type": ["string", "number", "boolean"], "description": "The value."},
                    "default": {},
                },
            },
            "required": ["pack"],
            "additionalProperties": False,
        },
    ],
}

_SEEDS_SCHEMA: JSONObject = {
    "description": "Seeds of the takes: a list, or `{count: 4}` for seeds derived from names.",
    "anyOf": [
        {
            "type": "array",
            "items": {"type": "integer", "minimum": 0, "maximum": 4294967295},
            "minItems": 1,
            "uniqueItems": True,
        },
        {
            "type": "object",
            "properties": {
                "count": {"type": "integer", "minimum": 1, "maximum": 10000, "description": "How many seeds."},
                "salt": {"type": "string", "default": "", "description": "Another salt, other seeds."},
            },
            "required": ["count"],
            "additionalProperties": False,
        },
    ],
}

SHOT_SCHEMA: JSONObject = {
    "type": "object",
    "description": "A template × a cast × one value of each axis; with a seed it is a take.",
    "properties": {
        "template": {**TEXT, "description": "The name of a template, or the prompt itself."},
        "cast": CAST_SCHEMA,
        "identity": {
            "enum": ["adapter", "by_face", "reference"],
            "default": "adapter",
            "description": "How people get into the picture: with the adapter trained of them; `by_face`: strangers "
            "are drawn, and an `inpaint` with `assign: cast` gives each their own face; `reference`: the endpoint gets "
            "photos of them.",
        },
        "matrix": {
            "type": "object",
            "description": "Axis to values: `all`, a list of keys, or plain texts where the axis is not declared.",
            "propertyNames": AXIS_NAME,
            "additionalProperties": {**_TEXT_OR_LIST, "description": "The axis's values here: `all`, one, or a list."},
            "default": {},
        },
        "exclude": {
            "type": "array",
            "description": "Combinations to leave out: each entry names a value for some axes (or `subject`).",
            "items": {
                "type": "object",
                "additionalProperties": {**_TEXT_OR_LIST, "description": "The value or values that are left out."},
                "minProperties": 1,
            },
            "default": [],
        },
        "pictures": {
            **_TEXT_OR_LIST,
            "description": "Picture files, folders or globs that are there already, for an `open` stage: a take each, "
            "by the axis `picture`. Then `template` and `seeds` may be left out.",
        },
        "seeds": _SEEDS_SCHEMA,
    },
    "if": {"not": {"required": ["pictures"]}},
    "then": {
        "properties": {"template": {"description": "The prompt."}, "seeds": {"description": "One take each."}},
        "required": ["template", "seeds"],
    },
    "additionalProperties": False,
}

ADAPTER_SCHEMA: JSONObject = {
    "type": "object",
    "description": "An adapter that is there already: one on the shelf (`model`), or a `.safetensors` file (`file`).",
    "properties": {
        "model": {
            **TEXT,
            "description": "A name on the shelf, with a version or a tag: `ana`, `ana@3`, `ana@latest`; "
            "see `nano-banana models`.",
        },
        "file": {**TEXT, "description": "The path of the file."},
        "base": {
            "type": "string",
            "description": "The model family that the file was made for: `flux-1` …; the shelf knows its own.",
        },
    },
    "minProperties": 1,
    "additionalProperties": False,
}


def named_entries(schema: JSONObject, about: str, *, name: JSONObject = NAME) -> JSONObject:
    """A mapping from names to things of one kind."""
    return {
        "type": "object",
        "description": about,
        "propertyNames": name,
        "additionalProperties": schema,
        "default": {},
    }


SECTION_SCHEMAS: JSONObject = {
    "nano_banana": {"const": 1, "description": "The format's version, and the first key: `nano_banana: 1`."},
    "name": {**NAME, "description": "The recipe's name; the output folder is named for it."},
    "provider": {
        "type": "string",
        "examples": [name for name, spec in BUILT_IN.items() if spec.selectable],
        "description": "The provider of the paid work; `--provider` overrides it.",
    },
    "vars": {
        "type": "object",
        "description": "Values for templates: `{{ company }}`; `--set company=Other` wins.",
        "additionalProperties": {"type": ["string", "number", "boolean", "null"], "description": "Its value."},
        "default": {},
    },
    "include": {**_TEXT_OR_LIST, "description": "Other files of the same shape, merged into this one."},
    "limits": section_schema(RunLimits),
    "privacy": section_schema(Privacy),
    "subjects": named_entries(SUBJECT_SCHEMA, "The people, by name."),
    "photo_rules": section_schema(PhotoRules),
    "adapters": named_entries(ADAPTER_SCHEMA, "Adapters that are there already, by name."),
    "axes": named_entries(AXIS_SCHEMA, "What varies from shot to shot: scene, style, light …", name=AXIS_NAME),
    "templates": named_entries(TEMPLATE_SCHEMA, "Prompts, by name."),
    "shots": named_entries(SHOT_SCHEMA, "What to take, by name."),
    "outputs": section_schema(OutputsSection),
}


RECIPE_SCHEMA_ID = "https://nano-banana.invalid/schemas/recipe.schema.json"
MAX_STAGES = 100


def recipe_schema(catalog: Catalog | None = None, kinds: Mapping[str, StageKind] | None = None) -> JSONObject:
    """The schema, draft 2020-12. With a catalog, endpoints are listed and `with` is spelled out for each.

    `kinds` are the stage kinds by verb (None: all that are installed). The loader validates without a catalog, since
    the catalog's own check says more and knows templates.
    """
    stages = _stages_schema(stage_kinds() if kinds is None else kinds, catalog)
    properties = {**SECTION_SCHEMAS, "stages": {**stages, "description": "The work, in order."}}
    return {
        "$schema": SCHEMA_DIALECT,
        "$id": RECIPE_SCHEMA_ID,
        "title": "Nano Banana recipe",
        "description": "A reproducible set of portraits: the people, the shots, and the stages they go through.",
        "type": "object",
        "properties": properties,
        "required": ["nano_banana", "name"],
        "additionalProperties": False,
    }


def _stages_schema(kinds: Mapping[str, StageKind], catalog: Catalog | None) -> JSONObject:
    return {
        "type": "array",
        "maxItems": MAX_STAGES,
        "default": [],
        "items": {
            "type": "object",
            "properties": {"id": _STAGE_ID},
            "required": ["id"],
            "anyOf": [{"required": [verb]} for verb in kinds],
            "allOf": [_kind_schema(kind, catalog) for kind in kinds.values()],
        },
    }


_STAGE_ID: JSONObject = {**NAME, "description": "The stage's name; other stages refer to it."}


def _kind_schema(kind: StageKind, catalog: Catalog | None) -> JSONObject:
    params: dict[str, JSONValue] = {**kind.parameters}
    then: dict[str, JSONValue] = {
        "description": kind.description,
        "properties": params,
        "required": ["id", *kind.required],
        "additionalProperties": False,
    }
    key = kind.endpoint_key
    if catalog is not None and key in kind.parameters:
        fit = [endpoint for name in catalog.ids if (endpoint := catalog.get(name)) and kind.can_use(endpoint)]
        params[key] = {**kind.parameters[key], "examples": [endpoint.id for endpoint in fit]}
        then["allOf"] = [_endpoint_branch(key, endpoint) for endpoint in fit]
    return {"if": {"required": [kind.verb]}, "then": {**then, "properties": {"id": _STAGE_ID, **params}}}


def _endpoint_branch(naming: str, endpoint: Endpoint) -> JSONObject:
    return {
        "if": {"properties": {naming: {"const": endpoint.id}}, "required": [naming]},
        "then": {"properties": {"with": arguments_schema(endpoint)}},
    }


if __name__ == "__main__":
    import json

    print(json.dumps(recipe_schema(Catalog.load()), indent=1, ensure_ascii=False))  # noqa: T201 - prints the file
