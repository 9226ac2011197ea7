"""What tests of flows share: endpoints by name, and a flow's end."""

from __future__ import annotations

import pytest

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow
from nano_banana.stages.stage_calls import StageOutput

CATALOG = Catalog.load()


def endpoint(name: str) -> Endpoint:
    """An endpoint of the package's own, by what follows `fal-ai/`."""
    found = CATALOG.get(f"fal-ai/{name}")
    assert found is not None
    return found


def result_of(flow: Flow[Blob] | Flow[StageOutput]) -> Blob:
    """The picture (or adapter) that a flow returns which has said what it made and asks for nothing more."""
    with pytest.raises(StopIteration) as end:
        flow.send(())
    found: object = end.value.value
    if isinstance(found, StageOutput):
        return found.picture
    assert isinstance(found, Blob)
    return found
