"""What a recipe may say, as JSON Schema; the stages say theirs themselves.

A file of declarations, longer than its neighbours because it is one table.
"""

from __future__ import annotations

from nano_banana.core.json import JSONObject
from nano_banana.recipe.terms import LIMITS
from nano_banana.recipe.terms import PRIVACY
from nano_banana.stages.kind import NAMES
from nano_banana.stages.kind import TEXT

NAME: JSONObject = {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_-]*(?!\n)$", "maxLength": 64}
"""Names that become parts of ids and files. (Python's `$` would let a line's end through.)"""

AXIS_NAME: JSONObject = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*(?!\n)$", "maxLength": 64}
"""Names that templates write: an axis is a variable there."""

WORD: JSONObject = {"type": "string", "pattern": r"^\S+(?!\n)$", "maxLength": 64}
"""One word of a prompt."""

NAME_PATTERNS = {str(NAME["pattern"]): "bad_name", str(AXIS_NAME["pattern"]): "bad_axis"}
"""The problem that breaking each is."""

_TEXTS: JSONObject = NAMES

_TRAINING_SET: JSONObject = {
    "description": "The photos that train: a folder, a glob, a list of them, or an object.",
    "anyOf": [
        TEXT,
        {"type": "array", "items": TEXT, "minItems": 1},
        {
            "type": "object",
            "properties": {
                "photos": {**_TEXTS, "description": "A folder, a glob, or a list of them."},
            },
            "required": ["photos"],
            "additionalProperties": False,
        },
    ],
}

_CONSENT: JSONObject = {
    "type": "object",
    "description": "Who allowed the use of this face, when and for what; kept in the manifest.",
    "properties": {
        "given_by": {"type": "string", "description": "The person who gave it."},
        "on": {"type": "string", "description": "The date, as YYYY-MM-DD."},
        "uses": {"type": "array", "items": {"type": "string"}, "description": "What for."},
    },
    "additionalProperties": False,
}

SUBJECT: JSONObject = {
    "type": "object",
    "description": "One person: `{noun: woman, trigger: anqz7, training_set: photos/ana}`.",
    "properties": {
        "noun": {**TEXT, "description": "The class word that follows the trigger."},
        "trigger": {
            **WORD,
            "description": "The rare word that the adapter learns this person by, for example `anqz7`.",
        },
        "training_set": _TRAINING_SET,
        "traits": {
            "type": "object",
            "description": "Words about the person for templates: `{{ subject.traits.hair }}`.",
            "additionalProperties": {"type": "string", "description": "The words of one trait."},
            "default": {},
        },
        "consent": _CONSENT,
    },
    "required": ["noun", "trigger"],
    "additionalProperties": False,
}

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
    "description": "A Jinja prompt: the text itself, or `{file: prompts/portrait.j2}`.",
    "anyOf": [
        TEXT,
        {
            "type": "object",
            "properties": {"file": {**TEXT, "description": "A text file in the recipe's folder."}},
            "required": ["file"],
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
        "cast": {
            "description": "Who is in the picture: a subject, or `{each: [ana, ben]}` (or `all`) in turn.",
            "anyOf": [
                TEXT,
                {
                    "type": "object",
                    "properties": {"each": {**_TEXTS, "description": "The subjects in turn, or `all`."}},
                    "required": ["each"],
                    "additionalProperties": False,
                },
            ],
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
        "seeds": _SEEDS,
    },
    "required": ["template", "seeds"],
    "additionalProperties": False,
}

ADAPTER: JSONObject = {
    "type": "object",
    "description": "An adapter that is there already: a `.safetensors` file.",
    "properties": {
        "file": {**TEXT, "description": "The path of the file."},
        "base": {"type": "string", "description": "The model family it was made for, for example `flux-1`."},
    },
    "required": ["file"],
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
    "adapters": named(ADAPTER, "Adapters that are there already, by name."),
    "axes": named(AXIS, "What varies from shot to shot: scene, style, light …", name=AXIS_NAME),
    "templates": named(TEMPLATE, "Prompts, by name."),
    "shots": named(SHOT, "What to take, by name."),
}
