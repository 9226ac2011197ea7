"""`prices`: by whose word an endpoint costs what, and what plans make of it."""

from __future__ import annotations

import json

import pytest

from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import JSONObject, as_items, as_object
from tests.cli.platform.conftest import recipe
from tests.workspace import Workspace


def prices(workspace: Workspace, *argv: str) -> dict[str, JSONObject]:
    rows = [as_object(row) for row in as_items(workspace.json("prices", *argv)["prices"])]
    return {str(row["endpoint"]): row for row in rows}


def test_offline_they_are_the_packages(workspace: Workspace) -> None:
    workspace.expect("prices", "fal-ai/flux-lora", "fal-ai/phota/enhance").shows(
        "megapixel  2026-08  program", "unknown"
    )
    assert not workspace.path(".nano-banana").exists()
    assert len(prices(workspace)) == 45


def test_a_refresh_is_kept_and_plans_count_with_it(online: Workspace) -> None:
    recipe(online)
    online.expect("prices", "recipe.yaml", "--refresh").shows(
        "$0.035–$1.50", "fal quotes $1.50, but the known price is $0.035", "got 1 price from fal for 1 endpoint"
    )
    row = prices(online, "fal-ai/flux-lora")["fal-ai/flux-lora"]
    assert (row["usd"], row["usd_high"], as_object(row["quote"])["doubtful"]) == (0.035, 1.5, True)
    online.env(FAL_KEY="").expect("plan", "--provider", "fal").shows("$0.035–$1.50", "prices as of 20")


def test_a_quote_that_agrees_changes_the_date_alone(online: Workspace) -> None:
    told = online.json("prices", "fal-ai/nano-banana", "fal-ai/phota/enhance", "--refresh")
    assert told["refreshed"] == 1
    found = prices(online)
    assert found["fal-ai/nano-banana"]["usd"] == 0.039
    assert found["fal-ai/nano-banana"]["source"] == "fal's pricing API"
    assert found["fal-ai/phota/enhance"]["usd"] is None
    assert found["fal-ai/flux-lora"]["quote"] is None


def test_a_refresh_of_some_keeps_the_others(online: Workspace) -> None:
    online.expect("prices", "fal-ai/flux/dev", "--refresh")
    online.expect("prices", "fal-ai/flux/schnell", "--refresh")
    found = prices(online)
    assert [found[name]["quote"] is not None for name in ("fal-ai/flux/dev", "fal-ai/flux/schnell")] == [True, True]


def test_a_quote_in_another_unit_is_shown_and_not_used(workspace: Workspace) -> None:
    quote = {"amount": 0.001, "unit": "compute_seconds", "currency": "USD", "as_of": "2026-11-20"}
    workspace.write(".nano-banana/prices.json", json.dumps({"prices": {"fal-ai/flux-lora": quote}}))
    workspace.expect("prices", "fal-ai/flux-lora").shows(
        "$0.035", "0.001 USD per compute_seconds", "plans can't use this unit"
    )


def test_unknown_endpoints_are_said_with_what_was_meant(workspace: Workspace) -> None:
    workspace.expect("prices", "flux-lora", "nope/nope", exit_code=2).shows(
        "unknown endpoint `flux-lora`", "did you mean `fal-ai/flux-lora`?", "unknown endpoint `nope/nope`"
    )


def test_without_a_key_a_refresh_says_how_to_set_one(workspace: Workspace) -> None:
    workspace.expect("prices", "--refresh", exit_code=4).shows("no fal key", "FAL_KEY", "config set-key")


@pytest.mark.parametrize(("kind", "code"), [("401", 4), ("403", 4)])
def test_a_key_that_may_not_ask_is_said(online: Workspace, emulator: Emulator, kind: str, code: int) -> None:
    emulator.control("POST", "faults", [{"kind": kind, "on": "api"}])
    online.expect("prices", "--refresh", exit_code=code).shows(f"(HTTP {kind})", "scope API")
    assert not online.path(".nano-banana/prices.json").exists()


def test_an_answer_that_was_lost_is_asked_for_again(online: Workspace, emulator: Emulator) -> None:
    emulator.control(
        "POST", "faults", [{"kind": "drop-before-accept", "on": "api"}, {"kind": "429", "on": "api", "arg": "0"}]
    )
    online.expect("prices", "fal-ai/flux/dev", "--refresh").shows("got 1 price")
