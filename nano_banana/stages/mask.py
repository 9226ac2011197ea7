"""Masks as a recipe says them: a shape, a file, or what is to be found."""

from __future__ import annotations

from nano_banana.core.json import JSONObject
from nano_banana.stages.kind import TEXT

SHAPES = ("find", "file", "box", "ellipse", "polygon")

PARTS = ("face", "eyes", "mouth", "hair", "skin", "background", "person", "clothes")
"""What can be found in a picture."""

ORDERS = ("size", "left_to_right", "right_to_left", "top_to_bottom")
"""How faces are counted; `size` is largest first."""

_FRACTION: JSONObject = {"type": "number", "minimum": 0, "maximum": 1}
_BOX: JSONObject = {"type": "array", "items": _FRACTION, "minItems": 4, "maxItems": 4}

FIND: JSONObject = {
    "find": {"enum": list(PARTS), "description": f"What to find: {', '.join(f'`{part}`' for part in PARTS)}."},
    "which": {
        "anyOf": [{"enum": ["largest", "smallest", "all"]}, {"type": "integer", "minimum": 1, "maximum": 32}],
        "default": "largest",
        "description": "Whose, where there are several people: `largest`, `smallest`, `all`, or the first, second … "
        "by `order`.",
    },
    "order": {"enum": list(ORDERS), "default": "size", "description": "How people are counted for `which`."},
    "assign": {
        "enum": ["cast"],
        "description": "Paint each face in turn, with the adapter of the one who stands there in the shot's cast.",
    },
}
"""The fields of a mask that is found; all but `find` itself are only for those."""

MASK: JSONObject = {
    "type": "object",
    "description": "The region to repaint: exactly one of `find`, `file`, `box`, `ellipse` or `polygon`.",
    "properties": {
        **FIND,
        "file": {**TEXT, "description": "A picture of the take's proportions; white is repainted."},
        "box": {**_BOX, "description": "`[x0, y0, x1, y1]` in fractions of width and height."},
        "ellipse": {**_BOX, "description": "The ellipse within `[x0, y0, x1, y1]`, in fractions."},
        "polygon": {
            "type": "array",
            "minItems": 3,
            "items": {"type": "array", "items": _FRACTION, "minItems": 2, "maxItems": 2},
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

CROP: JSONObject = {
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
