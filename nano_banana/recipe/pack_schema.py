"""What a pack.yaml may say, as JSON Schema."""

from __future__ import annotations

from nano_banana.model.json_values import JSONObject
from nano_banana.recipe.naming import AXIS_NAME, NAME, TEXT, VERSION
from nano_banana.recipe.pack import PackVariableType

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
PACK_SCHEMA_ID = "https://nano-banana.invalid/schemas/pack.schema.json"

MAX_TEMPLATES = 200

_SIDE: JSONObject = {
    "type": "integer",
    "minimum": 256,
    "maximum": 2048,
    "multipleOf": 16,
    "description": "Pixels, a multiple of 16.",
}

VARIABLE_SCHEMA: JSONObject = {
    "type": "object",
    "description": "What a template leaves open; its prompt writes it by its name: `{{ decade }}`.",
    "properties": {
        "type": {"enum": [known.value for known in PackVariableType], "description": "What values it takes."},
        "default": {
            "type": ["string", "number", "boolean"],
            "description": "The value where a recipe gives none; of a choice, its key.",
        },
        "about": {**TEXT, "description": "What it is for, in a line."},
        "choices": {
            "description": "Of a choice: key to the words in the prompt; or a list, whose texts are both.",
            "anyOf": [
                {"type": "array", "items": TEXT, "minItems": 1, "uniqueItems": True},
                {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": NAME,
                    "additionalProperties": {"type": "string", "description": "The words in the prompt."},
                },
            ],
        },
        "minimum": {"type": "number", "description": "Of a number: the least that it may be."},
        "maximum": {"type": "number", "description": "Of a number: the most that it may be."},
    },
    "required": ["type", "default", "about"],
    "additionalProperties": False,
}

VARIABLES_SCHEMA: JSONObject = {
    "type": "object",
    "description": "Variables by name.",
    "propertyNames": AXIS_NAME,
    "additionalProperties": VARIABLE_SCHEMA,
    "default": {},
}

PACK_TEMPLATE_SCHEMA: JSONObject = {
    "type": "object",
    "description": "One template: a prompt, and what goes well with it.",
    "properties": {
        "title": {**TEXT, "description": "Its name for people."},
        "about": {**TEXT, "description": "What the picture looks like, in a line."},
        "prompt": {**TEXT, "description": "The file of its Jinja prompt, beside pack.yaml."},
        "nouns": {
            "type": "array",
            "items": TEXT,
            "uniqueItems": True,
            "description": "Whom it suits: `[woman, man, person]`; none: everybody.",
            "default": [],
        },
        "crops": {
            "type": "array",
            "items": TEXT,
            "uniqueItems": True,
            "description": "The choices of `crop` that it is good at (all, if not said). Where the variable's default "
            "is none of them, the first is the default.",
        },
        "variables": {
            **VARIABLES_SCHEMA,
            "description": "Its own variables; one called as the pack's stands in for that.",
        },
        "settings": {
            "type": "object",
            "description": "Fields of the endpoint that draws, where it has them; a stage's own `with` wins.",
            "additionalProperties": {"type": ["string", "number", "boolean"], "description": "The field's value."},
            "default": {},
        },
        "sizes": {
            "type": "object",
            "description": "The picture's size for each `crop`; a stage's own `with` wins.",
            "additionalProperties": {
                "type": "object",
                "description": "Width and height.",
                "properties": {"width": _SIDE, "height": _SIDE},
                "required": ["width", "height"],
                "additionalProperties": False,
            },
            "default": {},
        },
        "adapter_scale": {
            "type": "number",
            "minimum": 0,
            "maximum": 4,
            "description": "How much of the adapter does well here: advice for who writes a recipe.",
        },
        "gate": {
            "type": "boolean",
            "default": True,
            "description": "`false`: the picture is painted, and a gate lets it through unjudged.",
        },
        "preview": {**TEXT, "description": "A picture of the pack that shows it: .jpg, .png or .webp."},
    },
    "required": ["title", "about", "prompt"],
    "additionalProperties": False,
}

PACK_SCHEMA: JSONObject = {
    "$schema": SCHEMA_DIALECT,
    "$id": PACK_SCHEMA_ID,
    "title": "Nano Banana pack",
    "description": "A folder of prompt templates with variables, to share and to use from recipes.",
    "type": "object",
    "properties": {
        "nano_banana_pack": {"enum": [1], "description": "The format's version, and the first key."},
        "name": {**NAME, "description": "The pack's name, which is its folder's too."},
        "version": {"type": "string", "pattern": VERSION, "description": 'Its version, three numbers: "1.0.0".'},
        "title": {**TEXT, "description": "Its name for people."},
        "about": {**TEXT, "description": "What the pack holds, in a line."},
        "license": {**TEXT, "description": "An SPDX name, such as CC0-1.0."},
        "variables": {**VARIABLES_SCHEMA, "description": "Variables that all templates of the pack have."},
        "templates": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": MAX_TEMPLATES,
            "propertyNames": NAME,
            "additionalProperties": PACK_TEMPLATE_SCHEMA,
            "description": "The templates, by name.",
        },
    },
    "required": ["nano_banana_pack", "name", "version", "title", "about", "templates"],
    "additionalProperties": False,
}


if __name__ == "__main__":
    import json

    print(json.dumps(PACK_SCHEMA, indent=1, ensure_ascii=False))  # noqa: T201 - prints the file
