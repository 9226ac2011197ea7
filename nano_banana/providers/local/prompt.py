"""Reads a prompt: place, light, style, crop and clothes, from its words."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Sequence
from dataclasses import replace

from nano_banana.providers.local.backdrops.canvas import Colour
from nano_banana.providers.local.direction import Direction, Light
from nano_banana.providers.local.headcount import kinds
from nano_banana.providers.local.seeds import seed_of
from nano_banana.providers.local.vocabulary import SceneWords, Vocabulary, found, vocabulary

CROP = 0.27
"""Height of the face (chin to hairline) where nothing is said."""

GARMENTS = (
    "blazer|suit|jacket|coat|shirt|dress|jumper|sweater|hoodie|turtleneck|overalls|coverall|uniform|blouse|top|waistcoat|"
    "robe|cloak|t-shirt|tie|raincoat|overcoat|cardigan|roll-neck|apron"
)
USUAL_COLOURS = {
    "dark": "charcoal",
    "pale": "cream",
    "suit": "navy",
    "space suit": "white",
    "blazer": "navy",
    "uniform": "navy",
    "jacket": "brown",
    "leather jacket": "black",
    "coat": "camel",
    "trench coat": "beige",
    "raincoat": "mustard",
    "overcoat": "charcoal",
    "shirt": "light blue",
    "t-shirt": "white",
    "blouse": "cream",
    "dress": "burgundy",
    "robe": "burgundy",
    "jumper": "cream",
    "sweater": "cream",
    "cardigan": "sage",
    "hoodie": "grey",
    "turtleneck": "black",
    "roll-neck": "black",
    "overalls": "denim",
    "coverall": "denim",
    "waistcoat": "charcoal",
    "cloak": "forest green",
    "apron": "tan",
}
"""Colours of clothes that are named without one: else they would keep that of the photo, whatever they are."""

_AWAY = r"(?! in an? | in the | at | on | against | by | before )"
_CLOTHES = re.compile(rf"\b(?:wearing|dressed in|in an?|with an?)\b((?:{_AWAY}[^,.;]){{0,50}}?\b(?:{GARMENTS})s?\b)")
_WEARING = re.compile(rf"\b(?:wearing|dressed in)\b(?:{_AWAY}[^,.;])*")
_PLACE = re.compile(r" (?:studio|backdrop|background|wall|seamless|light|paper)\b")
_NO_WORD = re.compile(r"[^a-z ]")
_NEVER = re.compile(r"\b(?:no|without|not)\s+[a-z-]+")


def read(prompt: str) -> Direction:
    """What the prompt asks for. A prompt that names no known place gets coloured light, hued by its words."""
    words = vocabulary()
    text = _NEVER.sub(" ", " ".join(prompt.casefold().split()))
    garment, people = _garment(text, words), kinds(text)
    text = _WEARING.sub(" ", _CLOTHES.sub(" ", text))
    styles = _styles(text, words)
    names = found(text, words.phrases["scenes"])
    name = names[0] if names else _scene_of_style(styles)
    scene = words.scenes[name] if name else SceneWords(painter="mood", colours=_hashed(text))
    if scene.painter == "seamless":
        scene = replace(scene, colours=_paper(text, words) or scene.colours)
    light, lit = _light(text, words)
    dark = max(scene.dark, 0.85 if "night" in lit else 0.0, 0.3 if "golden" in lit else 0.0)
    crops = found(text, words.phrases["crops"])
    return Direction(
        scene=name or "mood",
        painter=scene.painter,
        colours=[_linear(colour) for colour in scene.colours],
        light=light,
        styles=styles,
        crop=float(crops[0]) if crops else CROP,
        dark=dark,
        wet=scene.wet or _says(text, "rain", "rainy", "wet"),
        snowy=scene.snowy or _says(text, "snow", "snowy", "snowfall", "winter"),
        garment=garment,
        people=people,
    )


def colour_named(prompt: str, *, hashed: bool) -> Colour | None:
    """The first colour (display values) that the prompt names; else one that its words choose, if `hashed`."""
    words = vocabulary()
    text = _NEVER.sub(" ", " ".join(prompt.casefold().split()))
    names = found(text, words.phrases["colours"])
    if names:
        return words.colours[names[0]]
    return _hashed(text)[0] if hashed else None


def _garment(text: str, words: Vocabulary) -> Colour | None:
    clause = _CLOTHES.search(text)
    if clause is None:
        return None
    names = found(clause.group(1), words.phrases["colours"]) or found(clause.group(1), USUAL_COLOURS)
    return words.colours[names[0]] if names else None


def _styles(text: str, words: Vocabulary) -> Sequence[str]:
    """At most one way of painting and one look of film, the painting first."""
    names = found(text, words.phrases["styles"])
    painted = [name for name in names if name in PAINTED]
    filmed = [name for name in names if name not in PAINTED]
    return (*painted[:1], *filmed[:1])


PAINTED = frozenset({"oil", "watercolour", "pencil", "charcoal", "comic", "impressionist", "mosaic"})


def _scene_of_style(styles: Sequence[str]) -> str:
    """The place that suits a style, where the prompt names none."""
    suits = {
        "oil": "cloth",
        "sepia": "cloth",
        "pencil": "studio-white",
        "charcoal": "studio-grey",
        "watercolour": "park",
        "noir": "night-street",
        "neon": "neon",
        "mono": "studio-grey",
        "kodachrome": "coast",
        "instant": "home",
        "cinematic": "night-street",
    }
    return next((suits[style] for style in styles if style in suits), "")


def _paper(text: str, words: Vocabulary) -> list[Colour] | None:
    """The colour of the studio's paper, where one is said before it (`a teal studio backdrop`)."""
    end = 0
    for place in _PLACE.finditer(text):
        before = _NO_WORD.split(text[end : place.start()])[-1]
        if not before:
            continue
        end = place.end()
        names = found(before, words.phrases["colours"])
        if names:
            return [words.colours[names[0]]] * 3
    return None


def _light(text: str, words: Vocabulary) -> tuple[Light, Sequence[str]]:
    """The light of the longest phrase, with the second's contrast mixed in; and all that were named."""
    names = found(text, words.phrases["lights"])
    sides = found(text, words.phrases["sides"])
    side = {"left": -1, "right": 1}[sides[0]] if sides else 0
    if not names:
        return Light(side=side), ()
    first, second = words.lights[names[0]], words.lights[names[min(1, len(names) - 1)]]
    red, green, blue = ((one * 2 + other) / 3 for one, other in zip(first.tint, second.tint, strict=True))
    light = Light(
        tint=(red, green, blue),
        exposure=(first.exposure * 2 + second.exposure) / 3,
        contrast=(first.contrast * 2 + second.contrast) / 3,
        rim=max(first.rim, second.rim * 0.7),
        side=side,
    )
    return light, names


def _hashed(text: str) -> list[Colour]:
    """Three colours that go together, hued by the words."""
    start = (seed_of(text) % 360) / 360
    return [
        colorsys.hsv_to_rgb((start + turn) % 1, saturation, value)
        for turn, saturation, value in ((0.0, 0.42, 0.72), (0.08, 0.5, 0.6), (0.42, 0.4, 0.85))
    ]


def _says(text: str, *names: str) -> bool:
    return any(re.search(rf"\b{name}\b", text) for name in names)


def _linear(colour: Colour) -> Colour:
    red, green, blue = (value**2.2 for value in colour)
    return (red, green, blue)
