"""The parameters of a picture as AUTOMATIC1111's web UI writes them.

Other programs read that text: the prompt, what it must not be, and a line of names and values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.marks.account import Account, Told

_NAMED: Sequence[tuple[str, Sequence[str]]] = (
    ("Steps", ("num_inference_steps", "steps")),
    ("Sampler", ("scheduler", "sampler")),
    ("CFG scale", ("guidance_scale", "cfg_scale")),
    ("Seed", ("seed",)),
)
"""Their name for a value, and the fields of endpoints that hold it."""


def parameters(account: Account) -> str:
    """The text for the call that drew the picture first; empty where none has a prompt.

    Only what that call was really asked is told: what is left to a service's own choice is not.
    """
    call = next((call for call in account.calls if isinstance(call.arguments.get("prompt"), str)), None)
    if call is None:
        return ""
    lines = [str(call.arguments["prompt"])]
    negative = call.arguments.get("negative_prompt")
    if isinstance(negative, str) and negative:
        lines.append(f"Negative prompt: {negative}")
    lines.append(", ".join(f"{name}: {value}" for name, value in _values(call, account).items()))
    return "\n".join(lines)


def _values(call: Told, account: Account) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, fields in _NAMED:
        value = next((call.arguments[field] for field in fields if field in call.arguments), None)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            found[name] = _quoted(str(value))
    size = _size(call.arguments)
    return {
        **found,
        **({"Size": size} if size else {}),
        "Model": _quoted(call.endpoint),
        "Version": f"Nano Banana {account.program}",
    }


def _size(arguments: JSONObject) -> str:
    asked: JSONValue = arguments.get("image_size")
    sides = asked if isinstance(asked, Mapping) else arguments
    width, height = sides.get("width"), sides.get("height")
    return f"{width}x{height}" if isinstance(width, int) and isinstance(height, int) else ""


def _quoted(text: str) -> str:
    """A value; in quotes where a comma, a colon or a line's end would be taken for the next one's beginning."""
    return f'"{text}"' if any(mark in text for mark in ",:\n") and '"' not in text else text
