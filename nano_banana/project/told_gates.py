"""The shape of what reports say of gates: verdicts, attempts, acceptance."""

from __future__ import annotations

from nano_banana.core.json import JSONObject
from nano_banana.core.verdict import Ruling
from nano_banana.project.told_shapes import COUNT, DOLLARS, REASONS, STATUS, TEXT, shape

_FIGURE: JSONObject = {"type": ["number", "null"]}
_LIKENESS = "Cosine similarity, −1 to 1; of several people the one that decided."

VERDICT: JSONObject = {
    **shape(
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
                "items": shape(
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

ATTEMPT = shape(
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
    **shape(
        "Where the take's way ended early; null where it went all the way.",
        {
            "stage": {**TEXT, "description": "The stage that did not let it go on."},
            "why": {**TEXT, "description": "Its ruling, or `not_chosen`."},
        },
    ),
    "type": ["object", "null"],
}

PERSON = shape(
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
    return {"type": "object", "description": about, "additionalProperties": shape("Its numbers.", _NUMBERS)}


ACCEPTANCE: JSONObject = {
    "type": "object",
    "description": "What gates said, by the gate's id; empty where nothing was judged.",
    "additionalProperties": shape(
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

MAY_MAKE = shape(
    "In a plan: the calls that second chances would need if gates refused everything that is not judged yet.",
    {
        "calls": {**COUNT, "description": "All of them."},
        "paid_calls": {**COUNT, "description": "Those that are the provider's."},
        "usd_high": {**DOLLARS, "description": "The most that they would cost; null where a price is not known."},
    },
)

EXPECTED: JSONObject = {
    **shape(
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
