"""The shape of what `run --json` and `plan --json` say, as JSON Schema."""

from __future__ import annotations

from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.core.result import Status

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ADDRESS = "https://nano-banana.invalid/schemas/run.schema.json"

_COUNT: JSONObject = {"type": "integer", "minimum": 0}
_DOLLARS: JSONObject = {"type": ["number", "null"], "minimum": 0}
_DIGEST: JSONObject = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}
_TEXT: JSONObject = {"type": "string"}


def _object(about: str, properties: JSONObject, *, optional: tuple[str, ...] = ()) -> JSONObject:
    """An object with all of these properties but the optional ones; others may come with later versions."""
    required: list[JSONValue] = [name for name in properties if name not in optional]
    return {"type": "object", "description": about, "properties": properties, "required": required}


_STATUS: JSONObject = {
    "enum": [str(status) for status in Status],
    "description": "`done`; `failed`; `blocked`: what it waits for failed; `stopped`: the run ended first; "
    "`planned`: to be made (in a plan).",
}

_REASONS: JSONObject = {
    "type": "array",
    "description": "Why it failed; empty where it did not.",
    "items": _object("One reason.", {"kind": {**_TEXT, "description": "What went wrong, as one word for programs."}}),
}

_TAKE = _object(
    "One take: a shot with one value of each axis and one seed.",
    {
        "id": {**_TEXT, "description": "Its name, as `--only` and `explain` take it: `headshots/ana/office/s11`."},
        "shot": {**_TEXT, "description": "The shot's name."},
        "subject": {"type": ["string", "null"], "description": "Who is in it; null where nobody is named."},
        "axes": {
            "type": "object",
            "description": "Axis to the key of its value.",
            "additionalProperties": {**_TEXT, "description": "The value's key."},
        },
        "seed": {"type": "integer", "minimum": 0, "description": "The seed it is drawn with."},
        "status": _STATUS,
        "path": {"type": ["string", "null"], "description": "The file of the last stage's picture, once it is done."},
        "sha256": {**_DIGEST, "description": "The digest of that file."},
        "pictures": {
            "type": "object",
            "description": "Stage to the file of its picture, for the stages that made one.",
            "additionalProperties": {**_TEXT, "description": "The file's path."},
        },
        "reasons": _REASONS,
    },
)

_ADAPTER = _object(
    "One training: an adapter of one subject.",
    {
        "id": {**_TEXT, "description": "The train stage and the subject: `likeness/ana`."},
        "stage": {**_TEXT, "description": "The train stage's id."},
        "subject": {**_TEXT, "description": "Who is trained."},
        "status": _STATUS,
        "sha256": {**_DIGEST, "description": "The digest of the adapter's file; null where it is not made."},
        "size": {"type": ["integer", "null"], "minimum": 0, "description": "The file's size in bytes."},
        "reasons": _REASONS,
    },
)

_CALLS = _object(
    "Calls, of this machine and of the provider, each counted once.",
    {
        "total": {**_COUNT, "description": "All of them."},
        "cached": {**_COUNT, "description": "Answered already: they cost nothing."},
        "made": {**_COUNT, "description": "Made by this run; in a plan: to be made."},
        "failed": {**_COUNT, "description": "Asked for, and failed."},
        "unknown": {**_COUNT, "description": "Sent, and nobody knows what became of them."},
    },
)

_COST = _object(
    "Money in USD.",
    {
        "estimated_low": {**_DOLLARS, "description": "The least that the calls to be made may cost."},
        "estimated_high": {**_DOLLARS, "description": "The most; null where a price is not known."},
        "billed": {**_DOLLARS, "description": "What was paid; null in a plan, and where the provider did not say."},
    },
)

_PLACE: JSONObject = {
    **_object(
        "Where it stands; null where it has no place.",
        {
            "file": {**_TEXT, "description": "The file."},
            "line": {"type": "integer", "minimum": 1, "description": "Counted from 1."},
            "column": {"type": "integer", "minimum": 1, "description": "Counted from 1, in characters."},
            "length": {"type": "integer", "minimum": 1, "description": "In characters."},
        },
    ),
    "type": ["object", "null"],
}

_PROBLEM = _object(
    "One thing that is wrong.",
    {
        "kind": {**_TEXT, "description": "What, as one word for programs."},
        "severity": {"enum": ["error", "warning"], "description": "A warning lets the work go on."},
        "message": {**_TEXT, "description": "What, in words."},
        "hint": {"type": ["string", "null"], "description": "What to do about it."},
        "suggestions": {"type": "array", "items": _TEXT, "description": "Names that were probably meant."},
        "place": _PLACE,
    },
)

_REPORT = _object(
    "What became of a recipe, or would.",
    {
        "recipe": {**_TEXT, "description": "The recipe's name."},
        "run": {"type": ["string", "null"], "description": "The run's id; null in a plan."},
        "status": {
            "enum": ["done", "planned", "failed", "stopped"],
            "description": "`done`: everything is there; `planned`: a plan with calls to make; `failed`: some takes "
            "failed; `stopped`: by Ctrl-C, a limit or the provider.",
        },
        "calls": _CALLS,
        "cost_usd": _COST,
        "takes": {"type": "array", "items": _TAKE, "description": "The takes, in the recipe's order."},
        "adapters": {"type": "array", "items": _ADAPTER, "description": "The trainings, in the recipe's order."},
    },
)

_ERROR = _object(
    "Why nothing else could be said.",
    {
        "status": {"const": "error", "description": "It ended before there was anything to report."},
        "exit_code": {"type": "integer", "minimum": 1, "description": "The exit code that goes with it."},
        "problems": {"type": "array", "items": _PROBLEM, "minItems": 1, "description": "All of them, by place."},
    },
)


def told_schema() -> JSONObject:
    """The schema, draft 2020-12: a report, or an error where `status` says so."""
    return {
        "$schema": DIALECT,
        "$id": ADDRESS,
        "title": "What `nano-banana run --json` and `plan --json` print",
        "type": "object",
        "required": ["status"],
        "if": {"properties": {"status": {"const": "error"}}},
        "then": _ERROR,
        "else": _REPORT,
    }


if __name__ == "__main__":
    import json

    print(json.dumps(told_schema(), indent=1, ensure_ascii=False))  # noqa: T201 - prints the file
