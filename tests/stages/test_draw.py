"""Drawing as a flow: which call a drawing becomes."""

from __future__ import annotations

import pytest

from nano_banana.model.call import Reply, blob_of
from nano_banana.model.flow import Ask, Made
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed
from nano_banana.stages.generate_stage import ImageRequest, image_call
from nano_banana.stages.stage_calls import CallTarget, call_for_picture, compute_call
from tests.stages.tools import endpoint, result_of

SITE = CallTarget(provider="local", revision=3)
LIKENESS = blob_of(b"likeness", media="application/octet-stream")
FILM = blob_of(b"film", media="application/octet-stream")
PHOTO = blob_of(b"photo", media="image/jpeg")
OTHER = blob_of(b"other", media="image/jpeg")
PICTURE = blob_of(b"picture", media="image/png")


def test_asks_for_one_picture_and_returns_it() -> None:
    drawing = ImageRequest(endpoint=endpoint("flux-lora"), arguments={"prompt": "anqz7 woman", "seed": 11})
    call = SITE.call("fal-ai/flux-lora", {"prompt": "anqz7 woman", "seed": 11}, {})
    flow = call_for_picture("takes", image_call(SITE, drawing), drawing.endpoint)
    assert next(flow) == Ask(stage="takes", calls=(call,))
    made = flow.send((Reply(data={"seed": 11}, files={"images/0": PICTURE}),))
    assert made == Made(stage="takes", blob=PICTURE, call=call)
    assert result_of(flow) == PICTURE


def test_the_provider_and_its_revision_are_part_of_the_call() -> None:
    call = image_call(SITE, ImageRequest(endpoint=endpoint("flux-lora"), arguments={}))
    assert (call.provider, call.revision) == ("local", 3)


def test_adapters_go_in_by_their_bytes_with_their_scales() -> None:
    adapters = [(LIKENESS, 0.95), (FILM, 0.4)]
    call = image_call(SITE, ImageRequest(endpoint=endpoint("flux-lora"), arguments={"seed": 1}, adapters=adapters))
    assert call.arguments == {"seed": 1, "loras": [{"scale": 0.95}, {"scale": 0.4}]}
    assert call.inputs == {"loras/0/path": LIKENESS, "loras/1/path": FILM}


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("nano-banana/edit", {"image_urls/0": PHOTO, "image_urls/1": OTHER}),
        ("flux-lora/image-to-image", {"image_url": PHOTO}),
    ],
)
def test_pictures_go_where_the_endpoint_takes_them(name: str, inputs: object) -> None:
    call = image_call(SITE, ImageRequest(endpoint=endpoint(name), arguments={}, images=[PHOTO, OTHER]))
    assert call.inputs == inputs


def test_an_answer_without_a_picture_fails() -> None:
    drawing = ImageRequest(endpoint=endpoint("flux-lora"), arguments={})
    flow = call_for_picture("takes", image_call(SITE, drawing), drawing.endpoint)
    next(flow)
    with pytest.raises(CallFailed) as caught:
        flow.send((Reply(data={}),))
    (problem,) = caught.value.problems
    assert (problem.kind, problem.data["expected"]) == ("no_result", "images/*")


def test_only_masks_that_changed_have_a_new_revision() -> None:
    shapes: dict[str, JSONObject] = {
        "same": {"box": [0, 0, 1, 1]},
        "file": {"file": True},
        "hair": {"find": {"part": "hair"}},
        "clothes": {"find": {"part": "clothes"}},
    }
    made = {name: compute_call("mask", {"shape": shape}, {}).revision for name, shape in shapes.items()}
    assert made == {"same": 1, "file": 2, "hair": 3, "clothes": 3}
