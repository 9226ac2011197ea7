"""What differs between a take's calls in two runs."""

from __future__ import annotations

from nano_banana.features.sheets.sheet_page import MAX_VALUE_LENGTH, call_changes
from nano_banana.model.json_values import JSONObject, JSONValue


def call(
    stage: str, *, provider: str = "fal", endpoint: str = "fal-ai/flux-lora", **arguments: JSONValue
) -> JSONObject:
    return {"stage": stage, "provider": provider, "endpoint": endpoint, "arguments": arguments}


def test_arguments_that_differ_by_stage_and_number() -> None:
    before = [call("takes", seed=1, loud=True), call("takes", seed=2), call("faces", seed=3)]
    now = [call("takes", seed=1), call("takes", seed=5, size={"width": 8})]
    assert list(call_changes(before, now)) == [
        ("takes: loud", "true", "not set"),
        ("takes: seed", "2", "5"),
        ("takes: size", "not set", '{"width": 8}'),
    ]


def test_another_endpoint_and_what_this_machine_works_out() -> None:
    before = [call("takes", endpoint="fal-ai/flux"), call("takes", provider="compute", endpoint="crop", side=1)]
    now = [call("takes"), call("takes", provider="compute", endpoint="crop", side=2)]
    assert list(call_changes(before, now)) == [("takes: endpoint", "fal-ai/flux", "fal-ai/flux-lora")]


def test_long_values_are_cut() -> None:
    ((_, was, _),) = call_changes([call("takes", prompt="x" * 9999)], [call("takes", prompt="y")])
    assert was == "x" * MAX_VALUE_LENGTH + "…"
