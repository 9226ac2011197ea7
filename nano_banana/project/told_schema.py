"""The shape of what `run --json` and `plan --json` say, as JSON Schema."""

from __future__ import annotations

from nano_banana.core.json import JSONObject
from nano_banana.project.told_gates import ACCEPTANCE, ATTEMPT, EXPECTED, LEFT, MAY_MAKE, PERSON, PICTURES, VERDICT
from nano_banana.project.told_shapes import COUNT, DIGEST, DOLLARS, REASONS, STATUS, TEXT, shape

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ADDRESS = "https://nano-banana.invalid/schemas/run.schema.json"

_TAKE = shape(
    "One take: a shot with one value of each axis and one seed.",
    {
        "id": {**TEXT, "description": "Its name, as `--only` and `explain` take it: `headshots/ana/office/s11`."},
        "shot": {**TEXT, "description": "The shot's name."},
        "template": {
            "type": ["string", "null"],
            "description": "The template's name; the shot's where it has its own.",
        },
        "subject": {
            "type": ["string", "null"],
            "description": "Who is in it; null where nobody is named, or several stand together.",
        },
        "cast": {
            "type": "array",
            "description": "Everybody in it, from left to right.",
            "items": {**TEXT, "description": "A subject's name."},
        },
        "axes": {
            "type": "object",
            "description": "Axis to the key of its value.",
            "additionalProperties": {**TEXT, "description": "The value's key."},
        },
        "seed": {"type": "integer", "minimum": 0, "description": "The seed it is drawn with."},
        "status": STATUS,
        "path": {
            "type": ["string", "null"],
            "description": "The file of the last stage's picture, once it is done; null where its way ended early.",
        },
        "sha256": {**DIGEST, "description": "The digest of that file."},
        "pictures": PICTURES,
        "reasons": REASONS,
        "verdict": VERDICT,
        "attempts": {"type": "array", "items": ATTEMPT, "description": "Every try, where a gate judges; in order."},
        "left": LEFT,
    },
)

_ADAPTER = shape(
    "One training: an adapter of one subject.",
    {
        "id": {**TEXT, "description": "The train stage and the subject: `likeness/ana`."},
        "stage": {**TEXT, "description": "The train stage's id."},
        "subject": {**TEXT, "description": "Who is trained."},
        "status": STATUS,
        "sha256": {**DIGEST, "description": "The digest of the adapter's file; null where it is not made."},
        "size": {"type": ["integer", "null"], "minimum": 0, "description": "The file's size in bytes."},
        "reasons": REASONS,
    },
)

_CALLS = shape(
    "Calls, of this machine and of the provider, each counted once.",
    {
        "total": {**COUNT, "description": "All of them."},
        "cached": {**COUNT, "description": "Answered already: they cost nothing."},
        "made": {**COUNT, "description": "Made by this run; in a plan: to be made."},
        "failed": {**COUNT, "description": "Asked for, and failed."},
        "unknown": {**COUNT, "description": "Sent, and nobody knows what became of them."},
    },
)

_COST = shape(
    "Money in USD.",
    {
        "estimated_low": {**DOLLARS, "description": "The least that the calls to be made may cost."},
        "estimated_high": {
            **DOLLARS,
            "description": "The most, with all second chances; null where a price is not known.",
        },
        "billed": {**DOLLARS, "description": "What was paid; null in a plan, and where the provider did not say."},
    },
)

_PLACE: JSONObject = {
    **shape(
        "Where it stands; null where it has no place.",
        {
            "file": {**TEXT, "description": "The file."},
            "line": {"type": "integer", "minimum": 1, "description": "Counted from 1."},
            "column": {"type": "integer", "minimum": 1, "description": "Counted from 1, in characters."},
            "length": {"type": "integer", "minimum": 1, "description": "In characters."},
        },
    ),
    "type": ["object", "null"],
}

_PROBLEM = shape(
    "One thing that is wrong.",
    {
        "kind": {**TEXT, "description": "What, as one word for programs."},
        "severity": {"enum": ["error", "warning"], "description": "A warning lets the work go on."},
        "message": {**TEXT, "description": "What, in words."},
        "hint": {"type": ["string", "null"], "description": "What to do about it."},
        "suggestions": {"type": "array", "items": TEXT, "description": "Names that were probably meant."},
        "place": _PLACE,
    },
)

HANDED_OUT: JSONObject = {
    "description": "What was copied out under names of the user's; null where nothing is, as after a run of a part.",
    "anyOf": [
        {"type": "null", "description": "Nothing."},
        shape(
            "The copies under names of the user's.",
            {
                "to": {"type": ["string", "null"], "description": "Their folder."},
                "zip": {"type": ["string", "null"], "description": "Their ZIP; null where this run wrote none."},
                "copies": {**COUNT, "description": "How many there are."},
                "fresh": {**COUNT, "description": "How many files were written by this run."},
                "edited": {"type": "array", "items": TEXT, "description": "Those that somebody changed: left alone."},
                "older": {
                    "type": "array",
                    "items": TEXT,
                    "description": "Copies of earlier runs that nothing asks for any more, and that are still there.",
                },
                "pruned": {"type": "array", "items": TEXT, "description": "Those that `--prune` removed."},
                "enlarged": {**COUNT, "description": "Crops of pictures that were too small for them."},
                "faceless": {**COUNT, "description": "Crops around the face of pictures that show none."},
            },
        ),
    ],
}

_REPORT = shape(
    "What became of a recipe, or would.",
    {
        "recipe": {**TEXT, "description": "The recipe's name."},
        "run": {"type": ["string", "null"], "description": "The run's id; null in a plan."},
        "status": {
            "enum": ["done", "planned", "failed", "stopped"],
            "description": "`done`: everything is there; `planned`: a plan with calls to make; `failed`: some takes "
            "failed; `stopped`: by Ctrl-C, a limit or the provider.",
        },
        "calls": _CALLS,
        "cost_usd": _COST,
        "handed_out": HANDED_OUT,
        "paid_calls": {**COUNT, "description": "In a plan: the calls to be made that are the provider's."},
        "may_make": MAY_MAKE,
        "expected": EXPECTED,
        "acceptance": ACCEPTANCE,
        "takes": {"type": "array", "items": _TAKE, "description": "The takes, in the recipe's order."},
        "adapters": {"type": "array", "items": _ADAPTER, "description": "The trainings, in the recipe's order."},
        "people": {"type": "array", "items": PERSON, "description": "Whom the gates compare with."},
    },
    optional=("paid_calls", "may_make", "expected", "handed_out"),
)

_ERROR = shape(
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
