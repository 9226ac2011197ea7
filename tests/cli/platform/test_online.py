"""`check --online`: the recipe against fal's own description of its endpoints."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import as_items, as_object
from tests.cli.platform.conftest import RECIPE, recipe
from tests.providers.fal.platform.pages import serve
from tests.workspace import Workspace


def test_what_matters_is_a_warning_at_its_place_and_the_rest_a_number(online: Workspace) -> None:
    recipe(online)
    screen = online.run("check", "--online")
    assert screen.exit_code == 0
    dated = re.sub(r"\d{4}-\d\d-\d\d", "<day>", screen.golden)
    online.matches("cli/check-online", dated)


def test_within_a_day_it_is_said_again_without_a_network(online: Workspace, emulator: Emulator) -> None:
    recipe(online)
    told = online.json("check", "--online")
    kinds = [as_object(problem)["kind"] for problem in as_items(told["problems"])]
    assert kinds == ["listed_field_needed", "listed_field_range", "listed_field_gone"]
    online.env(FAL_KEY="", NANO_BANANA_FAL_URL="https://127.0.0.1:9")
    assert online.json("check") == told
    assert emulator.url not in online.read(".nano-banana/rehearsal/listings.json")
    old = json.loads(online.read(".nano-banana/rehearsal/listings.json"))
    old["listings"]["fal-ai/flux-lora"]["as_of"] = time.time() - 90_000
    online.write(".nano-banana/rehearsal/listings.json", json.dumps(old))
    assert online.json("check")["problems"] == []


def test_a_value_that_still_fits_is_no_matter(online: Workspace) -> None:
    text = RECIPE.replace("num_inference_steps: 25", "num_inference_steps: 10").replace("      guidance_scale: 3\n", "")
    recipe(online, text)
    online.expect("check", "--online").shows("mood", "9 changes at fal").hides("num_inference_steps")
    recipe(online, text.replace("      num_inference_steps: 10\n", "      acceleration: none\n"))
    online.expect("check", "--online").shows("`num_inference_steps` of", "no longer has the field `acceleration`")


def test_nothing_changed_is_said_with_the_date(online: Workspace) -> None:
    recipe(online, RECIPE.replace("flux-lora", "flux/dev"))
    online.expect("check", "--online").shows("no errors", "the endpoints match fal as of 20")
    online.expect("catalog", "refresh", "fal-ai/flux/dev").shows("unchanged; wrote")


@pytest.mark.parametrize(
    ("models", "kind"),
    [
        ([], "endpoint_vanished"),
        ([{"endpoint_id": "fal-ai/flux-lora", "metadata": {"status": "deprecated"}}], "endpoint_deprecated"),
    ],
)
def test_an_endpoint_that_goes(workspace: Workspace, models: list[object], kind: str) -> None:
    recipe(workspace)
    with serve(lambda *_: (200, {"models": models})) as base:
        workspace.env(NANO_BANANA_FAL_URL=base, FAL_KEY="id:a-secret")
        (problem,) = (as_object(one) for one in as_items(workspace.json("check", "--online")["problems"]))
        assert (problem["kind"], problem["severity"]) == (kind, "warning")
        assert as_object(problem["place"])["line"] == 8
        fate = "no longer at fal" if kind == "endpoint_vanished" else "deprecated by fal"
        workspace.expect("catalog", "refresh", "fal-ai/flux-lora").shows(fate)


def test_an_endpoint_that_nobody_described_is_only_looked_for(workspace: Workspace) -> None:
    text = RECIPE + "  - id: again\n    call: acme/unheard\n    each: draw\n"
    models = [{"endpoint_id": "acme/unheard"}, {"endpoint_id": "fal-ai/flux-lora"}]
    recipe(workspace, text)
    with serve(lambda *_: (200, {"models": models})) as base:
        workspace.env(NANO_BANANA_FAL_URL=base, FAL_KEY="id:a-secret")
        workspace.expect("check", "--online").shows("the endpoints match fal")


def test_without_a_network_it_says_so(workspace: Workspace) -> None:
    recipe(workspace)
    workspace.env(NANO_BANANA_FAL_URL="http://127.0.0.1:9", FAL_KEY="id:a-secret")
    workspace.expect("check", "--online", exit_code=1).shows("can't reach")
    workspace.expect("check").shows("no errors")
    assert not Path(workspace.path(".nano-banana/rehearsal/listings.json")).exists()
