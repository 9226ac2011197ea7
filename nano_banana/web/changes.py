"""What a take's calls say otherwise than in another run, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from nano_banana.core.json import JSONObject, JSONValue, as_object

LONG = 400
"""Characters of a value that are shown."""


def changes(before: Sequence[JSONObject], now: Sequence[JSONObject]) -> Iterator[tuple[str, str, str]]:
    """What differs (`takes: guidance_scale`), what it was, what it is; calls match by stage and number there."""
    old, new = _by_place(before), _by_place(now)
    for place, call in old.items():
        other = new.get(place)
        if other is None:
            continue
        was, here = as_object(call["arguments"]), as_object(other["arguments"])
        if call["endpoint"] != other["endpoint"]:
            yield f"{place[0]}: endpoint", str(call["endpoint"]), str(other["endpoint"])
        for name in dict.fromkeys([*was, *here]):
            if was.get(name) != here.get(name):
                yield f"{place[0]}: {name}", _said(was, name), _said(here, name)


def _by_place(calls: Sequence[JSONObject]) -> Mapping[tuple[str, int], JSONObject]:
    """The calls that a provider answered, by stage and number there."""
    found: dict[tuple[str, int], JSONObject] = {}
    for call in calls:
        if call["provider"] != "compute":
            stage = str(call["stage"])
            found[stage, sum(place[0] == stage for place in found)] = call
    return found


def _said(arguments: JSONObject, name: str) -> str:
    if name not in arguments:
        return "not there"
    value: JSONValue = arguments[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONG else f"{text[:LONG]}…"
