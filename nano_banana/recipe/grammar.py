"""What a recipe may say, as JSON Schema; the stages say theirs themselves.

A file of declarations, longer than its neighbours because it is one table.
"""

from __future__ import annotations

from nano_banana.core.json import JSONObject

NAME: JSONObject = {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_-]*$", "maxLength": 64}
"""Names that become parts of ids, files and template variables."""

_TEXTS: JSONObject = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
}

_TRAINING_SET: JSONObject = {
    "description": "The photos that train: a folder, a glob, a list of them, or an object.",
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
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
    "description": "One person.",
    "properties": {
        "noun": {"type": "string", "minLength": 1, "description": "The class word that follows the trigger."},
        "trigger": {
            "type": "string",
            "pattern": r"^\S+$",
            "description": "The rare word that the adapter learns this person by, for example `anqz7`.",
        },
        "training_set": _TRAINING_SET,
        "traits": {
            "type": "object",
            "description": "Words about the person for templates: `{{ subject.traits.hair }}`.",
            "additionalProperties": {"type": "string"},
        },
        "consent": _CONSENT,
    },
    "required": ["noun", "trigger"],
    "additionalProperties": False,
}

AXIS: JSONObject = {
    "description": "The values of one axis, by key; or a list of plain texts.",
    "anyOf": [
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "anyOf": [
                    {"type": "string"},
                    {
                        "type": "object",
                        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
                    },
                ]
            },
        },
    ],
}

TEMPLATE: JSONObject = {
    "description": "A Jinja prompt: the text itself, or `{file: prompts/portrait.j2}`.",
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"file": {"type": "string", "description": "A text file in the recipe's folder."}},
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
                "count": {"type": "integer", "minimum": 1, "maximum": 10000, "description": "How many."},
                "salt": {"type": "string", "description": "Another salt, other seeds."},
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
        "template": {"type": "string", "description": "The name of a template, or the prompt itself."},
        "cast": {
            "description": "Who is in the picture: a subject, or `{each: [ana, ben]}` (or `all`) in turn.",
            "anyOf": [
                {"type": "string"},
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
            "additionalProperties": _TEXTS,
        },
        "exclude": {
            "type": "array",
            "description": "Combinations to leave out: each entry names a value for some axes (or `subject`).",
            "items": {"type": "object", "additionalProperties": _TEXTS, "minProperties": 1},
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
        "file": {"type": "string", "description": "The path of the file."},
        "base": {"type": "string", "description": "The model family it was made for, for example `flux-1`."},
        "trigger": {"type": "string", "description": "The words that call it up, for templates."},
    },
    "required": ["file"],
    "additionalProperties": False,
}

_COUNT: JSONObject = {"type": "integer", "minimum": 1, "maximum": 256}

LIMITS: JSONObject = {
    "type": "object",
    "description": "Bounds on money and on work at the same time.",
    "properties": {
        "budget_usd": {"type": "number", "minimum": 0, "description": "A run stops before the call that crosses it."},
        "ask_above_usd": {
            "type": "number",
            "minimum": 0,
            "description": "A run that may cost more asks first, or needs `--yes`.",
        },
        "parallel": {
            "type": "object",
            "description": "How many calls of a kind run at once.",
            "properties": {
                "train": {**_COUNT, "default": 2, "description": "Trainings."},
                "image": {**_COUNT, "default": 4, "description": "Pictures."},
                "compute": {**_COUNT, "description": "Work on this machine; the number of cores by default."},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


def named(schema: JSONObject, about: str) -> JSONObject:
    """A mapping from names to things of one kind."""
    return {
        "type": "object",
        "description": about,
        "propertyNames": NAME,
        "additionalProperties": schema,
    }


TOP: JSONObject = {
    "nano_banana": {"const": 1, "description": "The format's version; the first key."},
    "name": {**NAME, "description": "The recipe's name; the output folder is named for it."},
    "provider": {"enum": ["fal", "local"], "description": "Who does the paid work; `--provider` wins."},
    "vars": {
        "type": "object",
        "description": "Values for templates: `{{ company }}`; `--set company=Other` wins.",
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    },
    "include": {**_TEXTS, "description": "Other files of the same shape, merged into this one."},
    "limits": LIMITS,
    "subjects": named(SUBJECT, "The people, by name."),
    "adapters": named(ADAPTER, "Adapters that are there already, by name."),
    "axes": named(AXIS, "What varies from shot to shot: scene, style, light …"),
    "templates": named(TEMPLATE, "Prompts, by name."),
    "shots": named(SHOT, "What to take, by name."),
}
