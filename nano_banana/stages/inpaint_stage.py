"""The inpaint stage: mask, crop, paint, paste back.

A mask is a shape, a file, or something to find in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nano_banana.model.call import Blob, Reply
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.model.json_values import JSONObject, as_whole
from nano_banana.stages.generate_stage import ImageRequest, image_call
from nano_banana.stages.stage_kind import (
    ADAPTERS,
    NAMES,
    TEXT,
    USING,
    WITH,
    CallTarget,
    StageKind,
    StageOutput,
    compute_call,
    primary_output,
)

MASK_SHAPES = ("find", "file", "box", "ellipse", "polygon")

MASK_PARTS = ("face", "eyes", "mouth", "hair", "skin", "background", "person", "clothes")
"""What can be found in a picture."""

FACE_ORDERS = ("size", "left_to_right", "right_to_left", "top_to_bottom")
"""How faces are counted; `size` is largest first."""

_FRACTION_SCHEMA: JSONObject = {"type": "number", "minimum": 0, "maximum": 1}
_BOX_SCHEMA: JSONObject = {"type": "array", "items": _FRACTION_SCHEMA, "minItems": 4, "maxItems": 4}

FIND_SCHEMA: JSONObject = {
    "find": {
        "enum": list(MASK_PARTS),
        "description": f"What to find: {', '.join(f'`{part}`' for part in MASK_PARTS)}.",
    },
    "which": {
        "anyOf": [{"enum": ["largest", "smallest", "all"]}, {"type": "integer", "minimum": 1, "maximum": 32}],
        "default": "largest",
        "description": "Whose, where there are several people: `largest`, `smallest`, `all`, or the first, second … "
        "by `order`.",
    },
    "order": {"enum": list(FACE_ORDERS), "default": "size", "description": "How people are counted for `which`."},
    "assign": {
        "enum": ["cast"],
        "description": "Paint each face in turn, with the adapter of the one who stands there in the shot's cast.",
    },
}
"""The fields of a mask that is found; all but `find` itself are only for those."""

MASK_SCHEMA: JSONObject = {
    "type": "object",
    "description": "The region to repaint: exactly one of `find`, `file`, `box`, `ellipse` or `polygon`.",
    "properties": {
        **FIND_SCHEMA,
        "file": {**TEXT, "description": "A picture of the take's proportions; white is repainted."},
        "box": {**_BOX_SCHEMA, "description": "`[x0, y0, x1, y1]` in fractions of width and height."},
        "ellipse": {**_BOX_SCHEMA, "description": "The ellipse within `[x0, y0, x1, y1]`, in fractions."},
        "polygon": {
            "type": "array",
            "minItems": 3,
            "items": {"type": "array", "items": _FRACTION_SCHEMA, "minItems": 2, "maxItems": 2},
            "description": "Corners `[[x, y], …]` in fractions of width and height.",
        },
        "grow": {
            "type": "number",
            "minimum": 0,
            "maximum": 2,
            "default": 0,
            "description": "How far to widen the region, as a fraction of its size (0.2–0.35 around a face).",
        },
        "feather": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "default": 0,
            "description": "Width of the soft edge, as a fraction of the region's size (0.05–0.1).",
        },
        "invert": {"type": "boolean", "default": False, "description": "Repaint everything but the region."},
    },
    "additionalProperties": False,
}

CROP_SCHEMA: JSONObject = {
    "type": "object",
    "description": "How the region is cut out for painting, so that a small face gets pixels.",
    "properties": {
        "megapixels": {
            "type": "number",
            "minimum": 0.1,
            "maximum": 4,
            "default": 1.0,
            "description": "About how many megapixels the painter gets.",
        },
        "context": {
            "type": "number",
            "minimum": 0,
            "maximum": 10,
            "default": 0.5,
            "description": "How much around the region it sees, as a fraction of the region's size.",
        },
    },
    "additionalProperties": False,
}


KIND = StageKind(
    verb="inpaint",
    about="Repaints a region of every picture of a collection; the rest keeps its pixels.",
    params={
        "inpaint": {**NAMES, "description": "The collection: a stage's id, or `stage.shot`; or a list of them."},
        "mask": MASK_SCHEMA,
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
        "crop": CROP_SCHEMA,
        "with": WITH,
    },
    required=("inpaint", "mask", "using"),
    needs=("image", "prompt"),
)


MIN_SIDE = 64
"""Pixels a side that painters take at least."""

ENLARGED_SIDE = 256
"""A cut that is smaller than that is made again with more around it, so large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InpaintRegion:
    """What to repaint: the shape's arguments, the file of a file mask, and how to cut it out."""

    mask: JSONObject
    crop: JSONObject
    file: Blob | None = None


def inpaint(
    site: CallTarget, stage: str, drawing: ImageRequest, region: InpaintRegion, picture: Blob
) -> Flow[StageOutput]:
    """Mask → crop → paint → paste, and return the picture with only the masked pixels changed."""
    files = {} if region.file is None else {"file": region.file}
    masked = yield from ask(stage, compute_call("mask", region.mask, {"image": picture, **files}))
    mask = masked.files["mask"]
    cut = yield from ask(stage, compute_call("crop", region.crop, {"image": picture, "mask": mask}))
    if min(as_whole(cut.data["width"]), as_whole(cut.data["height"])) < MIN_SIDE:
        wider = {**region.crop, "least": ENLARGED_SIDE}
        cut = yield from ask(stage, compute_call("crop", wider, {"image": picture, "mask": mask}))
    call = image_call(site, _over_crop(drawing, cut))
    painted = primary_output(drawing.endpoint, (yield from ask(stage, call)))
    pasting = compute_call("paste", {"box": cut.data["box"]}, {"original": picture, "painted": painted, "mask": mask})
    pasted = yield from ask(stage, pasting)
    result = pasted.files["image"]
    yield Made(stage=stage, blob=result, call=call)
    return StageOutput(picture=result, call=call)


def _over_crop(drawing: ImageRequest, cut: Reply) -> ImageRequest:
    """The drawing, told to paint over the cut: its picture, its mask and its size."""
    roles = drawing.endpoint.roles
    arguments = dict(drawing.arguments)
    inputs = {**drawing.inputs, str(roles.image): cut.files["image"]}
    if roles.mask:
        inputs[roles.mask] = cut.files["mask"]
    if roles.size and roles.size not in drawing.arguments:
        arguments[roles.size] = {"width": cut.data["width"], "height": cut.data["height"]}
    return replace(drawing, arguments=arguments, inputs=inputs)
