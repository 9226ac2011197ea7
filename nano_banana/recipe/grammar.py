"""What a recipe may say, as JSON Schema; the stages say theirs themselves.

A file of declarations, longer than its neighbours because it is one table.
"""

from __future__ import annotations

from nano_banana.core.json import JSONObject
from nano_banana.recipe.outputs import OUTPUTS
from nano_banana.recipe.patterns import AXIS_NAME, NAME
from nano_banana.recipe.people import CAST, SUBJECT
from nano_banana.recipe.photo_rules import PHOTO_RULES
from nano_banana.recipe.terms import LIMITS, PRIVACY
from nano_banana.stages.kind import NAMES, TEXT

_TEXTS: JSONObject = NAMES

AXIS: JSONObject = {
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

TEMPLATE: JSONObject = {
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

_SEEDS: JSONObject = {
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

SHOT: JSONObject = {
    "type": "object",
    "description": "A template × a cast × one value of each axis; with a seed it is a take.",
    "properties": {
        "template": {**TEXT, "description": "The name of a template, or the prompt itself."},
        "cast": CAST,
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
            "additionalProperties": {**_TEXTS, "description": "The axis's values here: `all`, one, or a list."},
            "default": {},
        },
        "exclude": {
            "type": "array",
            "description": "Combinations to leave out: each entry names a value for some axes (or `subject`).",
            "items": {
                "type": "object",
                "additionalProperties": {**_TEXTS, "description": "The value or values that are left out."},
                "minProperties": 1,
            },
            "default": [],
        },
        "pictures": {
            **_TEXTS,
            "description": "Picture files, folders or globs that are there already, for an `open` stage: a take each, "
            "by the axis `picture`. Then `template` and `seeds` may be left out.",
        },
        "seeds": _SEEDS,
    },
    "if": {"not": {"required": ["pictures"]}},
    "then": {
        "properties": {"template": {"description": "The prompt."}, "seeds": {"description": "One take each."}},
        "required": ["template", "seeds"],
    },
    "additionalProperties": False,
}

ADAPTER: JSONObject = {
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


def named(schema: JSONObject, about: str, *, name: JSONObject = NAME) -> JSONObject:
    """A mapping from names to things of one kind."""
    return {
        "type": "object",
        "description": about,
        "propertyNames": name,
        "additionalProperties": schema,
        "default": {},
    }


TOP: JSONObject = {
    "nano_banana": {"const": 1, "description": "The format's version, and the first key: `nano_banana: 1`."},
    "name": {**NAME, "description": "The recipe's name; the output folder is named for it."},
    "provider": {"enum": ["fal", "local"], "description": "Who does the paid work; `--provider` wins."},
    "vars": {
        "type": "object",
        "description": "Values for templates: `{{ company }}`; `--set company=Other` wins.",
        "additionalProperties": {"type": ["string", "number", "boolean", "null"], "description": "Its value."},
        "default": {},
    },
    "include": {**_TEXTS, "description": "Other files of the same shape, merged into this one."},
    "limits": LIMITS,
    "privacy": PRIVACY,
    "subjects": named(SUBJECT, "The people, by name."),
    "photo_rules": PHOTO_RULES,
    "adapters": named(ADAPTER, "Adapters that are there already, by name."),
    "axes": named(AXIS, "What varies from shot to shot: scene, style, light …", name=AXIS_NAME),
    "templates": named(TEMPLATE, "Prompts, by name."),
    "shots": named(SHOT, "What to take, by name."),
    "outputs": OUTPUTS,
}
