"""What a recipe may say of people: who they are, and who is in a picture."""

from __future__ import annotations

from nano_banana.core.json import JSONObject, as_items
from nano_banana.recipe.patterns import PLACE, WORD
from nano_banana.stages.kind import NAMES, TEXT

MOST_TOGETHER = 8
"""People in one picture."""

_TRAINING_SET: JSONObject = {
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
        "consent": _CONSENT,
    },
    "required": ["noun", "trigger"],
    "additionalProperties": False,
}

CAST: JSONObject = {
    "description": "Who is in the picture: a subject; `{each: [ana, ben]}` (or `all`), one a picture in turn; or "
    "several in one, from left to right: `{left: ana, right: ben}` or `[ana, ben]`.",
    "anyOf": [
        TEXT,
        {"type": "array", "items": TEXT, "minItems": 2, "maxItems": MOST_TOGETHER},
        {
            "type": "object",
            "properties": {"each": {**NAMES, "description": "The subjects in turn, or `all`."}},
            "propertyNames": PLACE,
            "additionalProperties": {
                **TEXT,
                "description": "Who stands at this place; templates write it as `{{ cast.left.noun }}`.",
            },
            "minProperties": 1,
            "maxProperties": MOST_TOGETHER,
        },
    ],
}
