"""The call stage as a flow, and what kinds of stages there are."""

from __future__ import annotations

import pytest

from nano_banana.model.call import Reply, blob_of
from nano_banana.model.flow import Ask, Made
from nano_banana.model.problem import CallFailed
from nano_banana.stages.call_stage import EndpointRequest, call_endpoint
from nano_banana.stages.stage_kind import CallTarget
from nano_banana.stages.stage_registry import STAGE_KINDS
from tests.stages.tools import result_of

SITE = CallTarget(provider="fal")
PICTURE = blob_of(b"picture", media="image/png")
LARGER = blob_of(b"larger", media="image/png")
LOG = blob_of(b"log", media="text/plain")
MASK = blob_of(b"mask", media="image/png")
ASKING = EndpointRequest(endpoint="fal-ai/esrgan", arguments={"scale": 2}, taking="image_url", files={"mask_url": MASK})


def test_sends_the_picture_and_the_files_and_returns_what_is_a_picture() -> None:
    flow = call_endpoint(SITE, "larger", ASKING, PICTURE)
    call = SITE.call("fal-ai/esrgan", {"scale": 2}, {"mask_url": MASK, "image_url": PICTURE})
    assert next(flow) == Ask(stage="larger", calls=(call,))
    made = flow.send((Reply(data={}, files={"a/log": LOG, "image": LARGER}),))
    assert made == Made(stage="larger", blob=LARGER, call=call)
    assert result_of(flow) == LARGER


def test_an_answer_without_a_picture_fails() -> None:
    flow = call_endpoint(SITE, "larger", ASKING, PICTURE)
    next(flow)
    with pytest.raises(CallFailed):
        flow.send((Reply(data={}, files={"a/log": LOG}),))


@pytest.mark.parametrize("verb", STAGE_KINDS)
def test_a_kind_begins_with_its_verb_and_needs_only_what_it_has(verb: str) -> None:
    kind = STAGE_KINDS[verb]
    assert kind.verb == verb
    assert next(iter(kind.params)) == verb
    assert set(kind.required) <= set(kind.params)
    assert all(shape.get("description") for shape in kind.params.values())
