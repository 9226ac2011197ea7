"""The generation record: how a picture was made, as JSON in its file.

A record holds the calls that the picture depends on, in an order in which they can be repeated, back to adapters and
their training. A training is recorded, its photos are not. The same data is also available as IPTC digital source type,
as software name, and as AUTOMATIC1111's parameter text, which other programs read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from nano_banana.model.call import COMPUTE
from nano_banana.model.json_values import JSONObject, JSONValue, as_object, as_whole
from nano_banana.model.problem import Invalid, problem

RECORD_VERSION = 1
MAX_CALLS = 1000
"""Calls of a record, at most; this program never makes more for one picture."""

TRAINED_MEDIA = "trainedAlgorithmicMedia"
COMPOSITE_MEDIA = "compositeWithTrainedAlgorithmicMedia"
AI_MADE = frozenset((TRAINED_MEDIA, COMPOSITE_MEDIA))
"""IPTC's digital source types of pictures that a trained model made, at least in part."""


class CallRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A call in a record: the document that its key hashes, and its result.

    `inputs` and `outputs` map places to digests of files; `cost_usd` is None if unknown. In the order of its JSON.
    """

    stage: str
    attempt: int = 0
    provider: str
    endpoint: str
    revision: int = 0
    key: str
    arguments: JSONObject
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    cost_usd: float | None


class DepictedPerson(Struct, frozen=True, kw_only=True):
    """A person in the picture, by the words of the prompt; nothing else is recorded about them."""

    name: str
    trigger: str
    noun: str


class GenerationRecord(Struct, frozen=True, kw_only=True):
    """How a picture was made.

    `picture` is the SHA-256 of its file without our metadata; `source` the last word of its IPTC digital source type
    (empty: not generated). `verdict` is the last gate's, as in the manifest. `run` made it, at `made_at` (UTC, ISO
    8601). `calls` are those that its bytes depend on, in an order in which they can be repeated.
    """

    program: str
    recipe: str
    take: str
    stage: str
    attempt: int = 0
    label: str = ""
    shot: str = ""
    template: str = ""
    axes: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    people: Sequence[DepictedPerson] = ()
    verdict: JSONObject = field(default_factory=dict)
    source: str = TRAINED_MEDIA
    picture: str
    run: str = ""
    made_at: str = ""
    calls: Annotated[Sequence[CallRecord], Meta(max_length=MAX_CALLS)] = ()

    @property
    def text(self) -> str:
        """The record as JSON on one line; `parse_record` reads it."""
        data = {"nano_banana": RECORD_VERSION, **msgspec.to_builtins(self)}
        data["attempt"] = {"number": self.attempt, "label": data.pop("label")}
        data["verdict"] = self.verdict or None
        return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def parse_record(text: str) -> GenerationRecord:
    """Parse a record. Raises Invalid: `account_newer`, `account_broken`."""
    try:
        data = as_object(json.loads(text))
        version = as_whole(data["nano_banana"])
        if version > RECORD_VERSION:
            raise Invalid([problem("account_newer", version=version, known=RECORD_VERSION)])
        attempt, verdict = as_object(data["attempt"]), as_object(data["verdict"])
        flat = {**data, "attempt": attempt["number"], "label": attempt["label"], "verdict": verdict}
        return msgspec.convert(flat, GenerationRecord, strict=False)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise Invalid([problem("account_broken")]) from error


PASTE = "paste"
"""The endpoint that pastes a painted region into a picture."""


def call_closure(
    digest: str, made_by: Callable[[str], CallRecord | None], is_end: Callable[[CallRecord], bool]
) -> list[CallRecord]:
    """The calls that a file depends on, in an order in which they can be repeated.

    `made_by` returns the call that produced a file, None for the user's own files. The search stops at calls for which
    `is_end` is true (trainings).
    """
    order: dict[str, CallRecord] = {}
    entered: set[str] = set()
    stack: list[tuple[str, CallRecord | None]] = [(digest, None)]
    while stack:
        wanted, done = stack.pop()
        if done is not None:
            order.setdefault(done.key, done)
            continue
        call = made_by(wanted)
        if call is None or call.key in entered or len(entered) >= MAX_CALLS:
            continue
        entered.add(call.key)
        stack.append((wanted, call))
        if not is_end(call):
            stack += [(each, None) for _, each in sorted(call.inputs.items(), reverse=True)]
    return list(order.values())


def digital_source_type(calls: Sequence[CallRecord], is_end: Callable[[CallRecord], bool]) -> str:
    """The digital source type of the result of these calls, which are in an order in which they can be repeated.

    Composite after a paste, or if a picture that wasn't generated went into a generation; empty if nothing was
    generated.
    """
    drawn: set[str] = set()
    pasted = started = False
    for call in (each for each in calls if not is_end(each)):
        if call.provider == COMPUTE:
            pasted |= call.endpoint == PASTE
            # A crop of a photo is still a photo.
            drawn |= set(call.outputs.values()) if drawn & set(call.inputs.values()) else set()
        else:
            started |= any(_is_picture(place) and digest not in drawn for place, digest in call.inputs.items())
            drawn |= set(call.outputs.values())
    if not drawn:
        return ""
    return COMPOSITE_MEDIA if pasted or started else TRAINED_MEDIA


def creator_tool(calls: Sequence[CallRecord], program: str, is_end: Callable[[CallRecord], bool]) -> str:
    """The software's name, with the last generating endpoint: `Nano Banana 0.1.0 (fal fal-ai/flux-lora)`."""
    drawings = [call for call in calls if call.provider != COMPUTE and not is_end(call)]
    name = f"Nano Banana {program}"
    return f"{name} ({drawings[-1].provider} {drawings[-1].endpoint})" if drawings else name


def producing_calls(calls: Sequence[CallRecord]) -> Mapping[str, CallRecord]:
    """The call that produced each file, the first if there are several."""
    found: dict[str, CallRecord] = {}
    for call in calls:
        for digest in call.outputs.values():
            found.setdefault(digest, call)
    return found


def _is_picture(place: str) -> bool:
    """Whether the input in this place is a picture to start from or to look at (`image_url`, `image_urls/0`)."""
    return "image" in place and "mask" not in place


_A1111_NAMES: Sequence[tuple[str, Sequence[str]]] = (
    ("Steps", ("num_inference_steps", "steps")),
    ("Sampler", ("scheduler", "sampler")),
    ("CFG scale", ("guidance_scale", "cfg_scale")),
    ("Seed", ("seed",)),
)
"""AUTOMATIC1111's name for a value, and the fields of endpoints that hold it."""


def a1111_parameters(account: GenerationRecord) -> str:
    """The parameter text of the first call with a prompt; empty if no call has one.

    It holds only arguments of the call, no defaults of the service.
    """
    call = next((call for call in account.calls if isinstance(call.arguments.get("prompt"), str)), None)
    if call is None:
        return ""
    lines = [str(call.arguments["prompt"])]
    negative = call.arguments.get("negative_prompt")
    if isinstance(negative, str) and negative:
        lines.append(f"Negative prompt: {negative}")
    lines.append(", ".join(f"{name}: {value}" for name, value in _a1111_values(call, account).items()))
    return "\n".join(lines)


def _a1111_values(call: CallRecord, account: GenerationRecord) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, fields in _A1111_NAMES:
        value = next((call.arguments[field] for field in fields if field in call.arguments), None)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            found[name] = _quoted(str(value))
    size = _image_size(call.arguments)
    return {
        **found,
        **({"Size": size} if size else {}),
        "Model": _quoted(call.endpoint),
        "Version": f"Nano Banana {account.program}",
    }


def _image_size(arguments: JSONObject) -> str:
    asked: JSONValue = arguments.get("image_size")
    sides = asked if isinstance(asked, Mapping) else arguments
    width, height = sides.get("width"), sides.get("height")
    return f"{width}x{height}" if isinstance(width, int) and isinstance(height, int) else ""


def _quoted(text: str) -> str:
    """The value, in quotes if it has a comma, a colon or a line break."""
    return f'"{text}"' if any(mark in text for mark in ",:\n") and '"' not in text else text
