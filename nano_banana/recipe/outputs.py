"""What becomes of finished pictures: a sheet, and copies handed out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.json import JSONObject
from nano_banana.recipe.model import Source
from nano_banana.recipe.model import Text
from nano_banana.recipe.patterns import AXIS_NAME
from nano_banana.stages.kind import NAMES
from nano_banana.stages.kind import TEXT

FORMATS = ("html", "png", "pdf")
SHOWN = ("score", "verdict", "cost", "seed", "attempt")
EMBEDS = ("recipe", "ai_source", "c2pa")
EMBEDDED = ("recipe", "ai_source")
"""What goes into every picture where the recipe says nothing."""

EXPORT_NAME = "{{ take }}"
"""What copies are called where the recipe says nothing."""

_AXES: JSONObject = {
    "anyOf": [AXIS_NAME, {"type": "array", "items": AXIS_NAME, "uniqueItems": True}],
}


def _some_of(names: tuple[str, ...], about: str, default: tuple[str, ...]) -> JSONObject:
    return {
        "type": "array",
        "items": {"enum": list(names)},
        "uniqueItems": True,
        "default": list(default),
        "description": about,
    }


SHEET: JSONObject = {
    "type": "object",
    "description": "A contact sheet of the takes, written after each run into the output folder.",
    "properties": {
        "contact_sheet": {**NAMES, "description": "Whose pictures: a stage, `stage.shot`, or a list of them."},
        "rows": {**_AXES, "description": "The axes (also `subject`, `shot`, `seed`) that go downwards."},
        "columns": {**_AXES, "description": "The axes that go to the right."},
        "show": _some_of(SHOWN, "What is written below each picture.", ("score", "verdict")),
        "formats": _some_of(FORMATS, "The files that are written: `sheet.html`, `sheet.png`, `sheet.pdf`.", FORMATS),
    },
    "required": ["contact_sheet"],
    "additionalProperties": False,
}

FILES: JSONObject = {
    "type": "object",
    "description": "How pictures are handed out.",
    "properties": {
        "export": {**NAMES, "description": "Whose pictures are copied out: a stage, `stage.shot`, or a list of them."},
        "to": {**TEXT, "description": "The folder of the copies, from the recipe's own; it is made where it is not."},
        "name": {
            **TEXT,
            "default": EXPORT_NAME,
            "description": "The name of each copy, a template: the take's names, `cast` (who is in it), `take`, "
            "`stage`, `way`, `verdict`, `recipe`. Slashes make folders; the suffix is the picture's own.",
        },
        "zip": {**TEXT, "description": "A ZIP of the copies, from the recipe's own folder."},
        "embed": _some_of(
            EMBEDS,
            "What is written into every picture besides that it is AI-made, which is written always: the take's "
            "`recipe`, `c2pa` content credentials. `[]`: nothing.",
            EMBEDDED,
        ),
    },
    "dependentRequired": {"name": ["export"], "to": ["export"], "zip": ["export"]},
    "additionalProperties": False,
}

OUTPUTS: JSONObject = {
    "type": "object",
    "description": "What becomes of the pictures: a contact sheet, copies under names of your own.",
    "properties": {"sheet": SHEET, "files": FILES},
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A contact sheet. `rows` and `columns` are axes, also `subject`, `shot` and `seed`; empty: whatever fits."""

    sources: tuple[Source, ...]
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    show: tuple[str, ...] = ("score", "verdict")
    formats: tuple[str, ...] = FORMATS


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Copies of pictures: `to` a folder and into a `zip` (each empty: not), as the recipe writes them.

    `name` is a template.
    """

    sources: tuple[Source, ...]
    name: Text
    to: str = ""
    zip: str = ""

    def places(self, folder: Path) -> tuple[Path | None, Path | None]:
        """The copies' folder and the ZIP, seen from the recipe's `folder`; None for what there is none of."""
        to, packed = (folder / Path(said).expanduser() if said else None for said in (self.to, self.zip))
        return to, packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What becomes of the pictures. `embed` is what is written into each, of `EMBEDS`."""

    sheet: Sheet | None = None
    export: Export | None = None
    embed: frozenset[str] = frozenset(EMBEDDED)
