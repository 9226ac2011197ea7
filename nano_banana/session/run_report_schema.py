"""The JSON Schema of `run --json` and `plan --json`."""

from __future__ import annotations

from nano_banana.model.flow import Ruling
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.nodes import NodeStatus

COUNT: JSONObject = {"type": "integer", "minimum": 0}
DOLLARS: JSONObject = {"type": ["number", "null"], "minimum": 0}
DIGEST: JSONObject = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}
TEXT: JSONObject = {"type": "string"}


def object_schema(about: str, properties: JSONObject, *, optional: tuple[str, ...] = ()) -> JSONObject:
    """An object with all of these properties but the optional ones; others may come with later versions."""
    required: list[JSONValue] = [name for name in properties if name not in optional]
    return {"type": "object", "description": about, "properties": properties, "required": required}


STATUS: JSONObject = {
    "enum": [str(status) for status in NodeStatus],
    "description": "`done`; `failed`; `blocked`: what it waits for failed; `stopped`: the run ended first; "
    "`planned`: to be made (in a plan).",
}

REASONS: JSONObject = {
    "type": "array",
    "description": "Why it failed; empty where it did not.",
    "items": object_schema(
        "One reason.", {"kind": {**TEXT, "description": "What went wrong, as one word for programs."}}
    ),
}


_FIGURE: JSONObject = {"type": ["number", "null"]}
_LIKENESS = "Cosine similarity, −1 to 1; of several people the one that decided."

VERDICT: JSONObject = {
    **object_schema(
        "What a gate said of a picture; null where none did.",
        {
            "stage": {**TEXT, "description": "The gate's id."},
            "ruling": {
                "enum": [str(ruling) for ruling in Ruling if ruling is not Ruling.IMAGINED],
                "description": "`accepted`; `unsure`: a person is to look; `rejected`; `not_judged`: passed over, as "
                "the recipe says.",
            },
            "score": {**_FIGURE, "description": f"The likeness. {_LIKENESS}"},
            "threshold": {**_FIGURE, "description": "What it had to reach."},
            "reasons": {
                "type": "array",
                "description": "Why it was not accepted.",
                "items": object_schema(
                    "One reason, with its numbers.",
                    {"kind": {**TEXT, "description": "`too_far`, `no_face`, `extra_face` …"}},
                ),
            },
        },
    ),
    "type": ["object", "null"],
}

PICTURES: JSONObject = {
    "type": "object",
    "description": "Stage to the file of its picture, for the stages that made one.",
    "additionalProperties": {**TEXT, "description": "The file's path."},
}

ATTEMPT = object_schema(
    "One try at a take that was judged, or would have been.",
    {
        "attempt": {**COUNT, "description": "How many chances went before; 0 is the first try."},
        "label": {**TEXT, "description": "What its files are called by: `retry1`, `repair2`; empty for the first."},
        "detail": {
            "type": "object",
            "description": "What was done differently: `seed`, `strength`.",
            "additionalProperties": {"description": "The value."},
        },
        "stage": {**TEXT, "description": "The gate that judged it, or the stage that it came to."},
        "pictures": PICTURES,
        "verdict": VERDICT,
    },
)

LEFT: JSONObject = {
    **object_schema(
        "Where the take's way ended early; null where it went all the way.",
        {
            "stage": {**TEXT, "description": "The stage that did not let it go on."},
            "why": {**TEXT, "description": "Its ruling, or `not_chosen`."},
        },
    ),
    "type": ["object", "null"],
}

PERSON = object_schema(
    "One person, as a gate knows them.",
    {
        "id": {**TEXT, "description": "The gate and the subject: `judged/ana`."},
        "subject": {**TEXT, "description": "Who it is."},
        "status": STATUS,
        "held_out": {
            "type": "boolean",
            "description": "Whether they are compared with photos that did not train; with those that did, likeness "
            "reads high.",
        },
        "references": {**COUNT, "description": "How many photos they are compared with."},
        "left_out": {**COUNT, "description": "How many more have not just one clear face."},
        "calibration": {
            "type": "array",
            "description": "The likeness of each of the photos to the others, lowest first.",
            "items": {"type": "number", "description": "Cosine similarity, −1 to 1."},
        },
        "reasons": REASONS,
    },
    optional=("references", "left_out", "calibration"),
)

_NUMBERS: JSONObject = {
    "judged": {**COUNT, "description": "All that were looked at."},
    "accepted": {**COUNT, "description": "Those that passed."},
    "unsure": {**COUNT, "description": "Those that a person is to look at."},
    "rejected": {**COUNT, "description": "Those that were refused."},
    "not_judged": {**COUNT, "description": "Those that were passed over, as the recipe says."},
    "reasons": {
        "type": "object",
        "description": "Why they were refused: each reason once a picture.",
        "additionalProperties": {**COUNT, "description": "How many."},
    },
}


def _each(about: str) -> JSONObject:
    return {"type": "object", "description": about, "additionalProperties": object_schema("Its numbers.", _NUMBERS)}


ACCEPTANCE: JSONObject = {
    "type": "object",
    "description": "What gates said, by the gate's id; empty where nothing was judged.",
    "additionalProperties": object_schema(
        "What a gate said of the takes that it came to an end with.",
        {
            **_NUMBERS,
            "templates": _each("The same by template."),
            "subjects": _each("The same by who is in the picture (`ana + ben` where several are)."),
            "axes": {
                "type": "object",
                "description": "The same by axis, and then by its values.",
                "additionalProperties": _each("By value."),
            },
            "attempts": _each("Of every picture, by its attempt: `first`, `retry1`, `repair2`."),
        },
    ),
}

MAY_MAKE = object_schema(
    "In a plan: the calls that second chances would need if gates refused everything that is not judged yet.",
    {
        "calls": {**COUNT, "description": "All of them."},
        "paid_calls": {**COUNT, "description": "Those that are the provider's."},
        "usd_high": {**DOLLARS, "description": "The most that they would cost; null where a price is not known."},
    },
)

EXPECTED: JSONObject = {
    **object_schema(
        "In a plan: what is likely of the second chances that gates may give; null where there are none.",
        {
            "calls": {"type": "number", "minimum": 0, "description": "Of the calls that may be made, of the provider."},
            "usd": {"type": "number", "minimum": 0, "description": "What they would cost."},
            "passed": {**COUNT, "description": "It is judged by so many that passed …"},
            "judged": {**COUNT, "description": "… of so many."},
            "known": {"type": "boolean", "description": "Whether that was so before; else it is assumed."},
        },
    ),
    "type": ["object", "null"],
}


SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_ID = "https://nano-banana.invalid/schemas/run.schema.json"

_TAKE = object_schema(
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

_ADAPTER = object_schema(
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

_CALLS = object_schema(
    "Calls, of this machine and of the provider, each counted once.",
    {
        "total": {**COUNT, "description": "All of them."},
        "cached": {**COUNT, "description": "Answered already: they cost nothing."},
        "made": {**COUNT, "description": "Made by this run; in a plan: to be made."},
        "failed": {**COUNT, "description": "Asked for, and failed."},
        "unknown": {**COUNT, "description": "Sent, and nobody knows what became of them."},
    },
)

_COST = object_schema(
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
    **object_schema(
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

_PROBLEM = object_schema(
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
        object_schema(
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

_REPORT = object_schema(
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

_ERROR = object_schema(
    "Why nothing else could be said.",
    {
        "status": {"const": "error", "description": "It ended before there was anything to report."},
        "exit_code": {"type": "integer", "minimum": 1, "description": "The exit code that goes with it."},
        "problems": {"type": "array", "items": _PROBLEM, "minItems": 1, "description": "All of them, by place."},
    },
)


def run_report_schema() -> JSONObject:
    """The schema, draft 2020-12: a report, or an error where `status` says so."""
    return {
        "$schema": SCHEMA_DIALECT,
        "$id": SCHEMA_ID,
        "title": "What `nano-banana run --json` and `plan --json` print",
        "type": "object",
        "required": ["status"],
        "if": {"properties": {"status": {"const": "error"}}},
        "then": _ERROR,
        "else": _REPORT,
    }


if __name__ == "__main__":
    import json

    print(json.dumps(run_report_schema(), indent=1, ensure_ascii=False))  # noqa: T201 - prints the file
