"""How fal is reached, what a stand-in is told apart by, and what a plan knows of requests."""

from __future__ import annotations

import pytest

from nano_banana.catalog.provider_registry import BUILT_IN, EMULATED_REVISION
from nano_banana.model.problem import Refused
from nano_banana.model.ticket import Ticket, TicketState, is_loopback_url, transition
from nano_banana.providers.fal.fal_config import fal_config
from nano_banana.session.run_request import RunRequest
from nano_banana.session.session import Session, call_target
from nano_banana.settings.configuration import Settings
from nano_banana.settings.fal_key import has_fal_key
from tests.workspace import Workspace

RECIPE = """
nano_banana: 1
name: cats
provider: fal
limits: {rate: {requests_per_second: 5}}
privacy: {uploads_expire_after: 7d}
templates: {cat: "a cat in {{ scene }}"}
shots:
  cats: {template: cat, matrix: {scene: [rain, snow, sun]}, seeds: [1]}
stages:
  - {id: takes, generate: cats, using: fal-ai/flux/dev}
"""
KEY = {"FAL_KEY": "0123456789:abcdefgh"}


def opened(workspace: Workspace, fal_url: str = "") -> Session:
    workspace.write("recipe.yaml", RECIPE)
    wish = RunRequest(recipe=workspace.path("recipe.yaml"))
    return Session.open(wish, Settings(store=workspace.path("store"), fal_url=fal_url), environ=KEY)


def ticket(key: str, state: TicketState) -> Ticket:
    found = Ticket(key=key, document="{}", provider="fal", service="https://s", endpoint="a/b", body="{}", begun_at=1.0)
    return found if state is TicketState.SENDING else transition(found, state)


def test_fal_is_reached_by_the_recipe_s_bounds_and_the_settings_address(workspace: Workspace) -> None:
    with opened(workspace, fal_url="https://proxy.test") as project:
        recipe = project.recipe
        access = fal_config(project.settings, KEY, limits=recipe.limits, privacy=recipe.privacy)
        assert (access.base, access.per_second, access.uploads_expire_after) == ("https://proxy.test", 5.0, 604_800)
        assert access.key() == KEY["FAL_KEY"]
        assert KEY["FAL_KEY"] not in repr(access)
        with pytest.raises(Refused) as lost:
            fal_config(project.settings, {}).key()
    assert [problem.kind for problem in lost.value.problems] == ["no_key"]


def test_uploads_expire_even_if_no_recipe_says_so() -> None:
    assert fal_config(Settings(), KEY).uploads_expire_after == 86_400


@pytest.mark.parametrize(
    ("environ", "want"),
    [
        (KEY, True),
        ({}, False),
        ({"FAL_KEY": " "}, False),
        ({"FAL_KEY_ID": "a"}, False),
        ({"FAL_KEY_ID": "a", "FAL_KEY_SECRET": "b"}, True),
    ],
)
@pytest.mark.usefixtures("workspace")
def test_a_key_is_there_or_not(environ: dict[str, str], *, want: bool) -> None:
    assert has_fal_key(environ) is want


def test_what_a_stand_in_draws_has_other_keys_than_the_real_thing_s(workspace: Workspace) -> None:
    keys: list[set[str]] = []
    for address in ("", "https://proxy.test", "https://127.0.0.1:4000", "https://localhost:4001"):
        with opened(workspace, fal_url=address) as project:
            site = call_target(project.recipe, project.catalog, BUILT_IN["fal"], emulated=project.uses_emulator)
            assert site.revision == (EMULATED_REVISION if is_loopback_url(address) else 0)
            keys.append({key for record in project.forecast().records for key in record.missing})
    assert keys[0] == keys[1]
    assert keys[2] == keys[3]
    assert not keys[0] & keys[2]
    with opened(workspace) as project:
        assert project.uses_emulator is False
        assert (
            call_target(project.recipe, project.catalog, BUILT_IN["local"], emulated=False).revision
            != EMULATED_REVISION
        )


def test_a_plan_tells_what_was_sent_and_what_was_lost_of_its_own_calls(workspace: Workspace) -> None:
    with opened(workspace) as project:
        one, two, three = sorted(key for record in project.forecast().records for key in record.missing)
        states = {one: TicketState.SENT, two: TicketState.UNKNOWN, three: TicketState.SENDING, "x": TicketState.SENT}
        kept = project.runner.store.tickets.keep([ticket(key, state) for key, state in states.items()])
        forecast = project.forecast()
        assert list(forecast.open_requests) == kept[:1]
        assert list(forecast.unknown_requests) == kept[1:3]
