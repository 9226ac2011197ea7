"""The table of words that prompts are read with; plain data, loaded once."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from nano_banana.core.json import JSONObject
from nano_banana.providers.local.backdrops.canvas import Colour
from nano_banana.providers.local.direction import Light

FILE = Path(__file__).with_name("vocabulary.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneWords:
    """A scene of the vocabulary: its painter and palette (display values), hour and weather."""

    painter: str
    colours: Sequence[Colour]
    dark: float = 0.0
    wet: bool = False
    snowy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What can be named in a prompt, and for each kind of thing the phrases that name it (phrase → key)."""

    scenes: Mapping[str, SceneWords]
    lights: Mapping[str, Light]
    colours: Mapping[str, Colour]
    phrases: Mapping[str, Mapping[str, str]]


@functools.cache
def vocabulary() -> Vocabulary:
    """The package's own table."""
    import yaml

    table = cast(Mapping[str, Mapping[str, object]], yaml.safe_load(FILE.read_text(encoding="utf-8")))
    scenes = cast(Mapping[str, JSONObject], table["scenes"])
    lights = cast(Mapping[str, JSONObject], table["lights"])
    listed = {kind: cast(Mapping[str, Sequence[str]], table[kind]) for kind in ("sides", "styles", "crops")}
    return Vocabulary(
        scenes={name: _scene(about) for name, about in scenes.items()},
        lights={name: _light(about) for name, about in lights.items()},
        colours={name: hex_colour(str(value)) for name, value in table["colours"].items()},
        phrases={
            "scenes": _by_phrase({name: cast(Sequence[str], about["words"]) for name, about in scenes.items()}),
            "lights": _by_phrase({name: cast(Sequence[str], about["words"]) for name, about in lights.items()}),
            "colours": {name: name for name in table["colours"]},
            **{kind: _by_phrase(lists) for kind, lists in listed.items()},
        },
    )


def hex_colour(text: str) -> Colour:
    """`"ff8000"` as display values 0–1."""
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return (red, green, blue)


def found(text: str, phrases: Mapping[str, str]) -> list[str]:
    """Keys of the phrases in `text` (lower case), the longest phrase first, then the first in the text; each once."""
    hits = [
        (-len(phrase.split()), -len(phrase), match.start(), key)
        for phrase, key in phrases.items()
        if (match := re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w])", text))
    ]
    return list(dict.fromkeys(key for *_, key in sorted(hits)))


_USUAL = {"exposure": 1.0, "contrast": 0.35, "rim": 0.3}


def _by_phrase(lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {phrase: str(key) for key, phrases in lists.items() for phrase in phrases}


def _scene(about: JSONObject) -> SceneWords:
    return SceneWords(
        painter=str(about["painter"]),
        colours=[hex_colour(text) for text in cast(Sequence[str], about["colours"])],
        dark=float(cast(float, about.get("dark", 0.0))),
        wet=bool(about.get("wet", False)),
        snowy=bool(about.get("snowy", False)),
    )


def _light(about: JSONObject) -> Light:
    red, green, blue = cast(Sequence[float], about["tint"])
    exposure, contrast, rim = (cast(float, about.get(name, usual)) for name, usual in _USUAL.items())
    return Light(tint=(red, green, blue), exposure=exposure, contrast=contrast, rim=rim)
