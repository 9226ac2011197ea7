"""A kind of stage: its verb and its parameters, declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nano_banana.core.json import JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the recipe may say about a stage of this kind.

    `params` maps each key to its JSON Schema, the verb's own first; the recipe's schema, the editor's
    completion and the reference are made from it. `needs` are the roles that an endpoint must have to do
    this work; where it is `strict`, the endpoint must also be described as one for this very task.
    """

    verb: str
    about: str
    params: Mapping[str, JSONObject]
    required: tuple[str, ...]
    needs: tuple[str, ...] = ()
    strict: bool = False


TEXT: JSONObject = {"type": "string", "minLength": 1}

NAMES: JSONObject = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}

USING: JSONObject = {
    **TEXT,
    "description": "The endpoint that does the work, for example `fal-ai/flux-lora`.",
}

WITH: JSONObject = {
    "type": "object",
    "description": "Fields of the endpoint, by its own names. Texts may be templates.",
    "default": {},
}

ADAPTERS: JSONObject = {
    "type": "object",
    "description": "Adapters to draw with and their scales, `{likeness: 0.95}`: a train stage's id (each take uses "
    "its own subject's) or a name from the recipe's `adapters`.",
    "additionalProperties": {
        "type": "number",
        "minimum": 0,
        "maximum": 4,
        "description": "Scale: 0.8–1.1 for a person, 0.2–0.5 for a style beside one.",
    },
    "default": {},
}
