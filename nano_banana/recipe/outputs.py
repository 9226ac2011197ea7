"""What becomes of finished pictures: a sheet, and copies handed out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.home import expanded
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.recipe.model import Source, Text
from nano_banana.recipe.patterns import AXIS_NAME
from nano_banana.stages.kind import NAMES, TEXT

FORMATS = ("html", "png", "pdf")
SHOWN = ("score", "verdict", "cost", "seed", "attempt")
EMBEDS = ("recipe", "ai_source", "c2pa")
EMBEDDED = ("recipe", "ai_source")
"""What goes into every picture where the recipe says nothing."""

EXPORT_NAME = "{{ take }}"
"""What copies are called where the recipe says nothing."""

MEDIA = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
"""What pictures may be handed out as."""

QUALITY = 92
"""Of a JPEG and a WebP, where the recipe says nothing."""

CROPS = {"linkedin": (800, 800), "instagram": (1080, 1350), "x": (400, 400), "youtube": (800, 800)}
"""Sizes that have a name: what these sites want of a profile's picture (of Instagram: of a portrait), in pixels."""

LONGEST = 16_384

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
        "format": {"enum": list(MEDIA), "description": "The copies' format; the picture's own by default."},
        "quality": {
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": QUALITY,
            "description": "How good a JPEG or a WebP is; the higher, the larger.",
        },
        "longest_side": {
            "type": "integer",
            "minimum": 16,
            "maximum": LONGEST,
            "description": "Scale the copies down so that no side has more pixels; smaller ones stay as they are.",
        },
        "crop": {
            **TEXT,
            "description": "Cut the copies to exactly this size: `WIDTHxHEIGHT` in pixels, or "
            + ", ".join(f"`{name}` ({width}x{height})" for name, (width, height) in CROPS.items())
            + ".",
        },
        "crop_around": {
            "enum": ["face", "centre"],
            "default": "face",
            "description": "What the crop is centred on: the face (of several people, all faces) or the picture.",
        },
        "embed": _some_of(
            EMBEDS,
            "What is written into every picture besides that it is AI-made, which is written always: the take's "
            "`recipe`, `c2pa` content credentials. `[]`: nothing.",
            EMBEDDED,
        ),
    },
    "dependentRequired": {
        **{name: ["export"] for name in ("name", "to", "zip", "format", "quality", "longest_side", "crop")},
        "crop_around": ["crop"],
    },
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
class Fit:
    """How copies differ from the pictures: `format` is one of `MEDIA` (empty: each picture's own).

    `longest` bounds the sides; `crop` is an exact width and height in pixels, cut out `around` the face or the centre.
    """

    format: str = ""
    quality: int = QUALITY
    longest: int | None = None
    crop: tuple[int, int] | None = None
    around: str = "face"

    def arguments(self, media: str) -> JSONObject:
        """What the compute endpoint `fit` is asked for a picture of that media type."""
        wanted = MEDIA.get(self.format) or (media if media in MEDIA.values() else MEDIA["png"])
        told: dict[str, JSONValue] = {"media": wanted}
        if wanted != MEDIA["png"]:
            told["quality"] = self.quality
        if self.longest is not None:
            told["longest"] = self.longest
        if self.crop is not None:
            told |= {"width": self.crop[0], "height": self.crop[1], "around": self.around}
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Copies of pictures: `to` a folder and into a `zip` (each empty: not), as the recipe writes them.

    `name` is a template. Without a `fit` the copies are the pictures as they are.
    """

    sources: tuple[Source, ...]
    name: Text
    to: str = ""
    zip: str = ""
    fit: Fit | None = None

    def places(self, folder: Path) -> tuple[Path | None, Path | None]:
        """The copies' folder and the ZIP, seen from the recipe's `folder`; None for what there is none of."""
        to, packed = (folder / expanded(said) if said else None for said in (self.to, self.zip))
        return to, packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What becomes of the pictures. `embed` is what is written into each, of `EMBEDS`."""

    sheet: Sheet | None = None
    export: Export | None = None
    embed: frozenset[str] = frozenset(EMBEDDED)

    @property
    def crops_faces(self) -> bool:
        """Whether copies are cut out around faces."""
        fit = self.export.fit if self.export else None
        return fit is not None and fit.crop is not None and fit.around == "face"
