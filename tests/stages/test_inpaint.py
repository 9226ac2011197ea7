"""Inpainting as a flow: mask, crop, paint, paste."""

from __future__ import annotations

from nano_banana.model.call import Call, Reply, blob_of
from nano_banana.model.flow import Ask, Made
from nano_banana.model.json_values import JSONObject
from nano_banana.stages.generate_stage import ImageRequest
from nano_banana.stages.inpaint_stage import InpaintRegion, inpaint
from nano_banana.stages.stage_calls import CallTarget, compute_call
from tests.stages.tools import endpoint, result_of

SITE = CallTarget(provider="fal")
PICTURE = blob_of(b"picture", media="image/png")
DRAWN = blob_of(b"a drawn mask", media="image/png")
MASK = blob_of(b"mask", media="image/png")
CUT = blob_of(b"cut", media="image/png")
CUT_MASK = blob_of(b"cut mask", media="image/png")
PAINTED = blob_of(b"painted", media="image/png")
PASTED = blob_of(b"pasted", media="image/png")
BOX: JSONObject = {"shape": {"box": [0, 0, 0.5, 0.5]}, "grow": 0.1}
CROP: JSONObject = {"megapixels": 1.0, "context": 0.5}
CROPPED = Reply(data={"box": [0, 0, 640, 800], "width": 896, "height": 1120}, files={"image": CUT, "mask": CUT_MASK})


def asked(event: object) -> Call:
    assert isinstance(event, Ask)
    assert event.stage == "faces"
    (call,) = event.calls
    return call


def painting(arguments: JSONObject, *, name: str = "flux-lora/inpainting") -> Call:
    """The paid call of an inpainting with these arguments."""
    flow = inpaint(SITE, "faces", ImageRequest(endpoint=endpoint(name), arguments=arguments), REGION, PICTURE)
    next(flow)
    flow.send((Reply(data={}, files={"mask": MASK}),))
    return asked(flow.send((CROPPED,)))


REGION = InpaintRegion(mask=BOX, crop=CROP)


def test_the_whole_way() -> None:
    drawing = ImageRequest(endpoint=endpoint("flux-lora/inpainting"), arguments={"prompt": "face", "seed": 11})
    flow = inpaint(SITE, "faces", drawing, REGION, PICTURE)
    assert asked(next(flow)) == compute_call("mask", BOX, {"image": PICTURE})
    cropping = asked(flow.send((Reply(data={}, files={"mask": MASK}),)))
    assert cropping == compute_call("crop", CROP, {"image": PICTURE, "mask": MASK})
    paid = asked(flow.send((CROPPED,)))
    assert paid.inputs == {"image_url": CUT, "mask_url": CUT_MASK}
    assert paid.arguments == {"prompt": "face", "seed": 11, "image_size": {"width": 896, "height": 1120}}
    pasting = asked(flow.send((Reply(data={}, files={"images/0": PAINTED}),)))
    expected: JSONObject = {"box": [0, 0, 640, 800]}
    assert pasting == compute_call("paste", expected, {"original": PICTURE, "painted": PAINTED, "mask": MASK})
    made = flow.send((Reply(data={}, files={"image": PASTED}),))
    assert made == Made(stage="faces", blob=PASTED, call=paid)
    assert result_of(flow) == PASTED


def test_a_mask_from_a_file_is_an_input_of_the_mask() -> None:
    region = InpaintRegion(mask={"shape": {"file": True}}, crop=CROP, file=DRAWN)
    drawing = ImageRequest(endpoint=endpoint("flux-lora/inpainting"), arguments={})
    call = asked(next(inpaint(SITE, "faces", drawing, region, PICTURE)))
    assert call.inputs == {"image": PICTURE, "file": DRAWN}


def test_a_size_that_the_recipe_names_is_kept() -> None:
    assert painting({"image_size": "square"}).arguments["image_size"] == "square"


def test_an_endpoint_without_a_mask_or_a_size_gets_the_cut_alone() -> None:
    call = painting({"prompt": "face"}, name="flux/dev/image-to-image")
    assert call.inputs == {"image_url": CUT}
    assert call.arguments == {"prompt": "face"}
