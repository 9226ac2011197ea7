"""How a recipe's names are spelled, and the problem that breaking each is."""

from __future__ import annotations

from nano_banana.core.json import JSONObject

NAME: JSONObject = {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_-]*(?!\n)$", "maxLength": 64}
"""Names that become parts of ids and files. (Python's `$` would let a line's end through.)"""

AXIS_NAME: JSONObject = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*(?!\n)$", "maxLength": 64}
"""Names that templates write: an axis is a variable there."""

WORD: JSONObject = {"type": "string", "pattern": r"^\S+(?!\n)$", "maxLength": 64}
"""One word of a prompt."""

PLACE: JSONObject = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9_]*(?!\n)$", "maxLength": 64}
"""Places in a picture, which templates write too: `cast.left`."""

NAME_PATTERNS = {
    str(NAME["pattern"]): "bad_name",
    str(AXIS_NAME["pattern"]): "bad_axis",
    str(PLACE["pattern"]): "bad_place",
}
"""The problem that breaking each is."""
