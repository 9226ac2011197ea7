"""What a picture tells of how it was made: all that making it again takes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_number, as_object, as_text, as_whole

FORMAT = 1
MOST_CALLS = 1000
"""A picture that hangs on more calls than this was not made here."""

TRAINED = "trainedAlgorithmicMedia"
COMPOSITE = "compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A call as an account tells it: the document that its key hashes, and what came of it.

    `inputs` and `outputs` map places to the digests of files; `cost_usd` is None where nobody knows.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is in the picture, by the words that call them: nothing else is told of anybody."""

    name: str
    trigger: str
    noun: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a picture tells of itself.

    `picture` is the SHA-256 of its file without our marks; `source` the last word of its IPTC digital source type
    (empty: nothing drew it). `verdict` is the last gate's word, as the manifest has it. `run` made it, at `made_at`
    (UTC, ISO 8601). `calls` are those that its bytes hang on, in the order in which they can be made; a training is
    told, what it was trained from is not.
    """

    program: str
    recipe: str
    take: str
    stage: str
    picture: str
    source: str = TRAINED
    attempt: int = 0
    label: str = ""
    shot: str = ""
    template: str = ""
    axes: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    people: Sequence[Person] = ()
    verdict: JSONObject = field(default_factory=dict)
    run: str = ""
    made_at: str = ""
    calls: Sequence[Told] = ()

    @property
    def text(self) -> str:
        """The account as JSON on one line; `account_of` reads it."""
        told: dict[str, JSONValue] = {
            "nano_banana": FORMAT,
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


def account_of(text: str) -> Account:
    """Read an account. Raises Invalid: `account_newer`, `account_broken`."""
    try:
        told = as_object(json.loads(text))
        version = as_whole(told["nano_banana"])
        if version > FORMAT:
            raise Invalid([trouble("account_newer", version=version, known=FORMAT)])
        return _account(told)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise Invalid([trouble("account_broken")]) from error


def _account(told: JSONObject) -> Account:
    attempt, seed, calls = as_object(told["attempt"]), told["seed"], as_items(told["calls"])
    if len(calls) > MOST_CALLS:
        raise ValueError("too many calls")
    return Account(
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
        people=[_person(as_object(each)) for each in as_items(told["people"])],
        verdict=as_object(told["verdict"]),
        run=as_text(told["run"]),
        made_at=as_text(told["made_at"]),
        calls=[told_call(as_object(call)) for call in calls],
    )


def told_call(told: JSONObject) -> Told:
    """A call of an account or of a manifest. Raises KeyError and TypeError."""
    cost = told.get("cost_usd")
    return Told(
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


def _call_json(call: Told) -> JSONObject:
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


def _person(told: JSONObject) -> Person:
    return Person(name=as_text(told["name"]), trigger=as_text(told["trigger"]), noun=as_text(told["noun"]))


def _texts(value: JSONValue) -> dict[str, str]:
    return {name: as_text(text) for name, text in as_object(value).items()}
