"""What a page knows of its takes, as JSON that is safe inside HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from nano_banana.core.json import JSONObject, JSONValue, as_object
from nano_banana.project.sheet.sheet import Sheet
from nano_banana.project.sheet.shown import Before, Shown, cost_of
from nano_banana.web.changes import changes
from nano_banana.web.speech import STATES, Speech

COMPUTE = "compute"


def script_json(value: JSONValue) -> str:
    """JSON that ends no script and begins no comment, whatever it holds; ASCII alone."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class _Shared:
    """Arguments that many calls have, each written once; the one place where the data keeps state."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}

    def place(self, row: JSONObject) -> int:
        """Where in the list it is."""
        return self.rows.setdefault(script_json(row), len(self.rows))


def data_of(sheet: Sheet, speech: Speech, folder: str) -> Iterator[str]:
    """The page's data in pieces. `folder` is where the full pictures lie, as a URL from the page's own."""
    shared = _Shared()
    yield f'{{"folder":{script_json(folder)},"against":{script_json(sheet.against)},"takes":['
    for number, take in enumerate(sheet.takes):
        yield ("," if number else "") + script_json(_take(take, sheet, speech, shared))
    yield f'],"shared":[{",".join(shared.rows)}]}}'


def values_of(take: Shown, stages: Sequence[str]) -> dict[str, str]:
    """What the take is of, by axis; the stage where the sheet has several."""
    card = take.card
    values = {"subject": card.subject or "+".join(card.cast), "shot": card.shot, "template": card.template, **card.axes}
    if len(stages) > 1:
        values["stage"] = take.stage
    return {axis: value for axis, value in values.items() if value}


def _take(take: Shown, sheet: Sheet, speech: Speech, shared: _Shared) -> JSONObject:
    calls, ruled = take.calls, take.ruled
    return {
        "id": take.record.id,
        "values": values_of(take, sheet.stages),
        "state": str(take.state),
        "said": STATES[take.state],
        "why": speech.why(take),
        "score": None if ruled is None else ruled.score,
        "needs": None if ruled is None else ruled.threshold,
        "gate": "" if ruled is None else ruled.stage,
        "seed": take.seed,
        "attempts": take.attempts,
        "cost": cost_of(calls),
        "place": sheet.lines.get(f"shot/{take.card.shot}", ""),
        "prompt_place": sheet.lines.get(f"template/{take.card.shot}", ""),
        "path": take.name,
        "here": take.here,
        "digest": "" if take.picture is None else take.picture.digest,
        "tries": _tries(take, speech),
        "pictures": [
            [_labelled(picture.stage, picture.attempt.label), picture.name, picture.blob.digest]
            for picture in take.record.pictures
        ],
        "calls": list(_calls(calls, sheet, shared)),
        "before": None if take.before is None else _before(take.before, take),
    }


def _tries(take: Shown, speech: Speech) -> Sequence[str]:
    """Each verdict in a line, where there is more than one."""
    verdicts = take.record.verdicts
    told = []
    for ruled in verdicts if len(verdicts) > 1 else ():
        score = "" if ruled.score is None else f", {ruled.score:.2f}"
        why = speech.reasons(ruled)
        said = str(ruled.ruling).replace("_", " ")
        told.append(f"{ruled.attempt.label or 'first'} ({ruled.stage}): {said}{score}{why and f' ({why})'}")
    return told


def _calls(calls: Sequence[JSONObject], sheet: Sheet, shared: _Shared) -> Iterator[JSONObject]:
    """The calls that cost something or drew something: what this machine works out is told as where they came from."""
    made: dict[str, str] = {digest: f"adapter {name}" for digest, name in sheet.names.items()}
    for call in calls:
        stage = str(call["stage"])
        if call["provider"] != COMPUTE:
            arguments = dict(as_object(call["arguments"]))
            prompt, seed = arguments.pop("prompt", ""), arguments.pop("seed", None)
            row = {name: call[name] for name in ("stage", "provider", "endpoint")}
            yield {
                "of": shared.place({**row, "place": sheet.lines.get(f"stage/{stage}", ""), "args": arguments}),
                "prompt": prompt,
                "seed": seed,
                "cost": call.get("cost_usd"),
                "attempt": _attempt(call),
                "from": list(dict.fromkeys(_source(made, digest) for digest in as_object(call["inputs"]).values())),
            }
        for digest in as_object(call["outputs"]).values():
            told = f"{stage} ({call['endpoint']})" if call["provider"] == COMPUTE else stage
            made.setdefault(str(digest), told)


def _source(made: Mapping[str, str], digest: JSONValue) -> str:
    return made.get(str(digest), "a file of the recipe's")


def _attempt(call: JSONObject) -> str:
    number = call.get("attempt")
    return f"try {number + 1}" if isinstance(number, int) else ""


def _labelled(stage: str, label: str) -> str:
    return f"{stage} ({label})" if label else stage


def _before(before: Before, take: Shown) -> JSONObject:
    return {
        "said": STATES[before.state],
        "score": before.score,
        "seed": before.seed,
        "cost": before.cost_usd,
        "gone": before.gone,
        "differs": before.differs,
        "changes": list(changes(before.made, take.calls)),
    }
