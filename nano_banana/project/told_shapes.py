"""The words that the shapes of reports are put together from."""

from __future__ import annotations

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.result import Status

COUNT: JSONObject = {"type": "integer", "minimum": 0}
DOLLARS: JSONObject = {"type": ["number", "null"], "minimum": 0}
DIGEST: JSONObject = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}
TEXT: JSONObject = {"type": "string"}


def shape(about: str, properties: JSONObject, *, optional: tuple[str, ...] = ()) -> JSONObject:
    """An object with all of these properties but the optional ones; others may come with later versions."""
    required: list[JSONValue] = [name for name in properties if name not in optional]
    return {"type": "object", "description": about, "properties": properties, "required": required}


STATUS: JSONObject = {
    "enum": [str(status) for status in Status],
    "description": "`done`; `failed`; `blocked`: what it waits for failed; `stopped`: the run ended first; "
    "`planned`: to be made (in a plan).",
}

REASONS: JSONObject = {
    "type": "array",
    "description": "Why it failed; empty where it did not.",
    "items": shape("One reason.", {"kind": {**TEXT, "description": "What went wrong, as one word for programs."}}),
}
