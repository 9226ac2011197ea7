"""The call stage as a flow, and what kinds of stages there are."""

from __future__ import annotations

import pytest

from nano_banana.formats.struct_schema import section_schema
from nano_banana.model.call import Reply, blob_of
from nano_banana.model.flow import Ask, Made
from nano_banana.model.json_values import as_items, as_object
from nano_banana.model.problem import CallFailed
from nano_banana.stages.call_stage import first_picture
from nano_banana.stages.stage_calls import CallTarget
from nano_banana.stages.stage_registry import stage_kinds
from tests.stages.tools import result_of

SITE = CallTarget(provider="fal")
PICTURE = blob_of(b"picture", media="image/png")
LARGER = blob_of(b"larger", media="image/png")
LOG = blob_of(b"log", media="text/plain")
MASK = blob_of(b"mask", media="image/png")
CALL = SITE.call("fal-ai/esrgan", {"scale": 2}, {"mask_url": MASK, "image_url": PICTURE})


def test_returns_what_is_a_picture() -> None:
    flow = first_picture("larger", CALL)
    assert next(flow) == Ask(stage="larger", calls=(CALL,))
    made = flow.send((Reply(data={}, files={"a/log": LOG, "image": LARGER}),))
    assert made == Made(stage="larger", blob=LARGER, call=CALL)
    assert result_of(flow) == LARGER


def test_an_answer_without_a_picture_fails() -> None:
    flow = first_picture("larger", CALL)
    next(flow)
    with pytest.raises(CallFailed):
        flow.send((Reply(data={}, files={"a/log": LOG}),))


@pytest.mark.parametrize("verb", stage_kinds())
def test_a_kind_begins_with_its_verb_and_needs_only_what_it_has(verb: str) -> None:
    kind = stage_kinds()[verb]
    schema = section_schema(kind.parameters)
    properties = as_object(schema["properties"])
    assert (kind.verb, [*properties][:2]) == (verb, ["id", verb])
    assert {"id", verb, kind.source_key} <= {*as_items(schema["required"])}
    assert all(as_object(shape).get("description") for shape in properties.values())
