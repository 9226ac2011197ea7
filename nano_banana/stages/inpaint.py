"""The inpaint stage: crop, paint, paste back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nano_banana.core.blob import Blob
from nano_banana.core.flow import Flow, Made, ask
from nano_banana.core.json import JSONObject, as_whole
from nano_banana.core.reply import Reply
from nano_banana.stages.generate import Drawing, drawing_call
from nano_banana.stages.kind import ADAPTERS, NAMES, TEXT, USING, WITH, Kind
from nano_banana.stages.mask import CROP, MASK
from nano_banana.stages.site import Site, compute, first_file
from nano_banana.stages.standing import Standing

KIND = Kind(
    verb="inpaint",
    about="Repaints a region of every picture of a collection; the rest keeps its pixels.",
    params={
        "inpaint": {**NAMES, "description": "The collection: a stage's id, or `stage.shot`; or a list of them."},
        "mask": MASK,
        "prompt": {
            **TEXT,
            "description": "A template's name, or the prompt itself; without it, the shot's own prompt.",
        },
        "using": USING,
        "adapters": ADAPTERS,
        "redraws": {
            "type": "integer",
            "minimum": 0,
            "maximum": 10,
            "default": 2,
            "description": "With `assign: cast`: how often a picture with the wrong number of faces is drawn again.",
        },
        "crop": CROP,
        "with": WITH,
    },
    required=("inpaint", "mask", "using"),
    needs=("image", "prompt"),
)


LEAST_SIDE = 64
"""Pixels a side that painters take at least."""

LARGER_SIDE = 256
"""A cut that is smaller than that is made again with more around it, so large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What to repaint: the shape's arguments, the file of a file mask, and how to cut it out."""

    mask: JSONObject
    crop: JSONObject
    file: Blob | None = None


def inpaint(site: Site, stage: str, drawing: Drawing, region: Region, picture: Blob) -> Flow[Standing]:
    """Mask → crop → paint → paste, and return the picture with only the masked pixels changed."""
    files = {} if region.file is None else {"file": region.file}
    masked = yield from ask(stage, compute("mask", region.mask, {"image": picture, **files}))
    mask = masked.files["mask"]
    cut = yield from ask(stage, compute("crop", region.crop, {"image": picture, "mask": mask}))
    if min(as_whole(cut.data["width"]), as_whole(cut.data["height"])) < LEAST_SIDE:
        wider = {**region.crop, "least": LARGER_SIDE}
        cut = yield from ask(stage, compute("crop", wider, {"image": picture, "mask": mask}))
    call = drawing_call(site, _over(drawing, cut))
    painted = first_file(drawing.endpoint, (yield from ask(stage, call)))
    pasting = compute("paste", {"box": cut.data["box"]}, {"original": picture, "painted": painted, "mask": mask})
    pasted = yield from ask(stage, pasting)
    result = pasted.files["image"]
    yield Made(stage=stage, blob=result, call=call)
    return Standing(picture=result, call=call)


def _over(drawing: Drawing, cut: Reply) -> Drawing:
    """The drawing, told to paint over the cut: its picture, its mask and its size."""
    roles = drawing.endpoint.roles
    arguments = dict(drawing.arguments)
    inputs = {**drawing.inputs, str(roles.image): cut.files["image"]}
    if roles.mask:
        inputs[roles.mask] = cut.files["mask"]
    if roles.size and roles.size not in drawing.arguments:
        arguments[roles.size] = {"width": cut.data["width"], "height": cut.data["height"]}
    return replace(drawing, arguments=arguments, inputs=inputs)
