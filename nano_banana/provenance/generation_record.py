"""The generation record: how a picture was made, as JSON in its file.

A record holds the calls that the picture depends on, in an order in which they can be repeated, back to adapters and
their training. A training is recorded, its photos are not. The same data is also available as IPTC digital source type,
as software name, and as AUTOMATIC1111's parameter text, which other programs read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from nano_banana.model.call import COMPUTE
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object, as_text, as_whole
from nano_banana.model.problem import Invalid, problem

RECORD_VERSION = 1
MAX_CALLS = 1000
"""Calls of a record, at most; this program never makes more for one picture."""

TRAINED_MEDIA = "trainedAlgorithmicMedia"
COMPOSITE_MEDIA = "compositeWithTrainedAlgorithmicMedia"
AI_MADE = frozenset((TRAINED_MEDIA, COMPOSITE_MEDIA))
"""IPTC's digital source types of pictures that a trained model made, at least in part."""


class CallRecord(Struct, frozen=True, kw_only=True):
    """A call in a record: the document that its key hashes, and its result.

    `inputs` and `outputs` map places to digests of files; `cost_usd` is None if unknown.
    """

    stage: str
    provider: str
    endpoint: str
    arguments: JSONObject
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    key: str = ""
    revision: int = 0
    attempt: int = 0
    cost_usd: float | None = None


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
    picture: str
    source: str = TRAINED_MEDIA
    attempt: int = 0
    label: str = ""
    shot: str = ""
    template: str = ""
    axes: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    people: Sequence[DepictedPerson] = ()
    verdict: JSONObject = field(default_factory=dict)
    run: str = ""
    made_at: str = ""
    calls: Sequence[CallRecord] = ()

    @property
    def text(self) -> str:
        """The record as JSON on one line; `parse_record` reads it."""
        told: dict[str, JSONValue] = {
            "nano_banana": RECORD_VERSION,
            "program": self.program,
            "recipe": self.recipe,
            "take": self.take,
            "stage": self.stage,
            "attempt": {"number": self.attempt, "label": self.label},
            "shot": self.shot,
            "template": self.template,
            "axes": dict(self.axes),
            "seed": self.seed,
            "people": [{"name": each.name, "trigger": each.trigger, "noun": each.noun} for each in self.people],
            "verdict": self.verdict or None,
            "source": self.source,
            "picture": self.picture,
            "run": self.run,
            "made_at": self.made_at,
            "calls": [_call_json(call) for call in self.calls],
        }
        return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def parse_record(text: str) -> GenerationRecord:
    """Parse a record. Raises Invalid: `account_newer`, `account_broken`."""
    try:
        told = as_object(json.loads(text))
        version = as_whole(told["nano_banana"])
        if version > RECORD_VERSION:
            raise Invalid([problem("account_newer", version=version, known=RECORD_VERSION)])
        return _parse_record(told)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise Invalid([problem("account_broken")]) from error


def _parse_record(told: JSONObject) -> GenerationRecord:
    attempt, seed, calls = as_object(told["attempt"]), told["seed"], as_items(told["calls"])
    if len(calls) > MAX_CALLS:
        raise ValueError("too many calls")
    return GenerationRecord(
        program=as_text(told["program"]),
        recipe=as_text(told["recipe"]),
        take=as_text(told["take"]),
        stage=as_text(told["stage"]),
        picture=as_text(told["picture"]),
        source=as_text(told["source"]),
        attempt=as_whole(attempt["number"]),
        label=as_text(attempt["label"]),
        shot=as_text(told["shot"]),
        template=as_text(told["template"]),
        axes=_texts(told["axes"]),
        seed=None if seed is None else as_whole(seed),
        people=[_parse_person(as_object(each)) for each in as_items(told["people"])],
        verdict=as_object(told["verdict"]),
        run=as_text(told["run"]),
        made_at=as_text(told["made_at"]),
        calls=[parse_call_record(as_object(call)) for call in calls],
    )


def parse_call_record(told: JSONObject) -> CallRecord:
    """Parse a call of a record or a manifest. Raises KeyError and TypeError."""
    cost = told.get("cost_usd")
    return CallRecord(
        stage=as_text(told["stage"]),
        provider=as_text(told["provider"]),
        endpoint=as_text(told["endpoint"]),
        arguments=as_object(told["arguments"]),
        inputs=_texts(told["inputs"]),
        outputs=_texts(told["outputs"]),
        key=as_text(told["key"]),
        revision=as_whole(told.get("revision", 0)),
        attempt=as_whole(told.get("attempt", 0)),
        cost_usd=None if cost is None else as_number(cost),
    )


def _call_json(call: CallRecord) -> JSONObject:
    return {
        "stage": call.stage,
        **({"attempt": call.attempt} if call.attempt else {}),
        "provider": call.provider,
        "endpoint": call.endpoint,
        **({"revision": call.revision} if call.revision else {}),
        "key": call.key,
        "arguments": call.arguments,
        "inputs": dict(call.inputs),
        "outputs": dict(call.outputs),
        "cost_usd": call.cost_usd,
    }


def _parse_person(told: JSONObject) -> DepictedPerson:
    return DepictedPerson(name=as_text(told["name"]), trigger=as_text(told["trigger"]), noun=as_text(told["noun"]))


def _texts(value: JSONValue) -> dict[str, str]:
    return {name: as_text(text) for name, text in as_object(value).items()}


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
