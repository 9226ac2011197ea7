"""The terms of a recipe: bounds on money and work, and what stays where."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.json import JSONObject, JSONValue, as_number, as_object, as_text, as_whole
from nano_banana.core.lost import Resend
from nano_banana.recipe.model import Limits, Privacy

_DAY = 86_400
_SPANS: Mapping[str, int | None] = {
    "immediate": 60,
    "1h": 3_600,
    "1d": _DAY,
    "7d": 7 * _DAY,
    "30d": 30 * _DAY,
    "1y": 365 * _DAY,
    "never": None,
}
"""The spans that fal has names for, in seconds; `immediate` is its shortest."""

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
        "resend_unknown": {
            "type": "string",
            "enum": [*Resend],
            "default": Resend.CHEAP.value,
            "description": (
                "Which requests are sent again without asking if their answer was lost and fal's history shows that"
                " they never arrived. `cheap`: those that cost up to $0.50, but no trainings. `always`: all of them,"
                " and pictures also if the key may not read the history. `never`: none."
            ),
        },
        "rate": {
            "type": "object",
            "description": "How fast the provider is asked.",
            "properties": {
                "requests_per_second": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "description": "Calls that are sent to the provider in a second, at most; no bound by default.",
                },
            },
            "required": ["requests_per_second"],
            "additionalProperties": False,
        },
        "parallel": {
            "type": "object",
            "description": "How many calls of a kind run at once.",
            "properties": {
                "train": {**_COUNT, "default": 2, "description": "Trainings at once."},
                "image": {**_COUNT, "default": 10, "description": "Pictures asked for at once."},
                "compute": {**_COUNT, "description": "Work on this machine; the number of cores by default."},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}

_NAMED_SPAN: JSONObject = {"type": "string", "enum": list(_SPANS)}

PRIVACY: JSONObject = {
    "type": "object",
    "description": "What becomes of photos that leave this machine.",
    "properties": {
        "uploads_expire_after": {
            "description": f"How long uploads stay at fal: {', '.join(f'`{name}`' for name in _SPANS)}, or seconds.",
            "anyOf": [_NAMED_SPAN, {"type": "integer", "minimum": 60}],
            "default": "1d",
        },
    },
    "additionalProperties": False,
}


def limits_of(data: JSONObject) -> Limits:
    """The section `limits`, checked already."""
    return Limits(
        budget_usd=_number(data.get("budget_usd")),
        ask_above_usd=_number(data.get("ask_above_usd")),
        resend_unknown=Resend(as_text(data.get("resend_unknown", Resend.CHEAP.value))),
        rate=_number(as_object(data.get("rate")).get("requests_per_second")),
        parallel={kind: as_whole(count) for kind, count in as_object(data.get("parallel")).items()},
    )


def privacy_of(data: JSONObject) -> Privacy:
    """The section `privacy`, checked already."""
    span = data.get("uploads_expire_after", "1d")
    return Privacy(uploads_expire_after=_SPANS[span] if isinstance(span, str) else as_whole(span))


def _number(value: JSONValue) -> float | None:
    return None if value is None else as_number(value)
