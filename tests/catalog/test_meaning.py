from __future__ import annotations

import pytest
from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import REVISION_STEP, Endpoint, Task, endpoint_revision


@pytest.fixture
def endpoint() -> Endpoint:
    found = Catalog.load().get("fal-ai/flux-lora")
    assert found is not None
    return found


def test_what_an_endpoint_does_is_its_meaning(endpoint: Endpoint) -> None:
    others = [
        replace(endpoint, does=Task.EDIT),
        replace(endpoint, makes=("image",)),
        replace(endpoint, roles=replace(endpoint.roles, prompt="text")),
    ]
    assert len({endpoint_revision(each) for each in [endpoint, *others]}) == 4


def test_what_it_is_called_and_costs_is_not(endpoint: Endpoint) -> None:
    assert endpoint_revision(replace(endpoint, title="another", price=None, notes=())) == endpoint_revision(endpoint)


def test_a_meaning_is_no_revision(endpoint: Endpoint) -> None:
    assert endpoint_revision(endpoint) % REVISION_STEP == 0
    assert endpoint_revision(endpoint) >= REVISION_STEP
