"""How a recipe's names are spelled, and the problem that breaking each is."""

from __future__ import annotations

from nano_banana.core.json import JSONObject
from nano_banana.recipe.packs.version import VERSION

NAME: JSONObject = {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_-]*(?!\n)$", "maxLength": 64}
"""Names that become parts of ids and files. (Python's `$` would let a line's end through.)"""

AXIS_NAME: JSONObject = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*(?!\n)$", "maxLength": 64}
"""Names that templates write: an axis is a variable there."""

WORD: JSONObject = {"type": "string", "pattern": r"^\S+(?!\n)$", "maxLength": 64}
"""One word of a prompt."""

PLACE: JSONObject = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9_]*(?!\n)$", "maxLength": 64}
"""Places in a picture, which templates write too: `cast.left`."""

WORDS = frozenset({"true", "false", "none", "True", "False", "None", "self"})
"""Words that templates read as something else than a name of the recipe's."""

RESERVED = frozenset({"subject", "seed", "shot", "cast", "env", "vars", "recipe"}) | WORDS
"""Names that templates have anyway, so that no axis and no variable may take them."""

NAME_PATTERNS = {
    str(NAME["pattern"]): "bad_name",
    str(AXIS_NAME["pattern"]): "bad_axis",
    str(PLACE["pattern"]): "bad_place",
    VERSION: "bad_version",
}
"""The problem that breaking each is."""
