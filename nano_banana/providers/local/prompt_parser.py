"""Parse a prompt: place, light, style, crop, clothes and people.

The words are a table, `vocabulary.yaml` beside this module.
"""

from __future__ import annotations

import colorsys
import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.json_values import JSONObject
from nano_banana.providers.local.backdrop_canvas import Colour
from nano_banana.providers.local.local_job import seed_from_text
from nano_banana.providers.local.strangers import MAN, WOMAN

DisplayColour = Colour
"""A colour in display values (0–1)."""


class SceneLight(Struct, frozen=True, kw_only=True):
    """How the subject and the picture are lit.

    `tint` multiplies the light (1 is neutral), `exposure` its amount, `contrast` how much darker the far side is
    (0–1), `rim` the light from behind (0–1), `side` −1 left, 1 right and 0 whichever the seed says.
    """

    tint: DisplayColour = (1.0, 1.0, 1.0)
    exposure: float = 1.0
    contrast: float = 0.35
    rim: float = 0.3
    side: int = 0


class PromptReading(Struct, frozen=True, kw_only=True):
    """A prompt, read: where, in what light, in what style, how near.

    `painter` and `colours` (linear light) make the backdrop; `styles` are finishing styles in order; `crop` is the
    height of the face as a share of the picture's; `garment` is the colour of the clothes where one is named,
    `people` what everybody asked for is called (see `headcount.kinds`).
    """

    scene: str
    painter: str
    colours: Sequence[Colour]
    light: SceneLight
    styles: Sequence[str]
    crop: float
    dark: float = 0.0
    wet: bool = False
    snowy: bool = False
    garment: DisplayColour | None = None
    people: Sequence[str] = ("",)


VOCABULARY_FILE = Path(__file__).with_name("vocabulary.yaml")


class SceneWords(Struct, frozen=True, kw_only=True):
    """A scene of the vocabulary: its painter and palette (display values), hour and weather."""

    painter: str
    colours: Sequence[Colour]
    dark: float = 0.0
    wet: bool = False
    snowy: bool = False


class PromptVocabulary(Struct, frozen=True, kw_only=True):
    """What can be named in a prompt, and for each kind of thing the phrases that name it (phrase → key)."""

    scenes: Mapping[str, SceneWords]
    lights: Mapping[str, SceneLight]
    colours: Mapping[str, Colour]
    phrases: Mapping[str, Mapping[str, str]]


@functools.cache
def load_vocabulary() -> PromptVocabulary:
    """The package's own table."""
    import yaml

    table = cast(Mapping[str, Mapping[str, object]], yaml.safe_load(VOCABULARY_FILE.read_text(encoding="utf-8")))
    scenes = cast(Mapping[str, JSONObject], table["scenes"])
    lights = cast(Mapping[str, JSONObject], table["lights"])
    listed = {kind: cast(Mapping[str, Sequence[str]], table[kind]) for kind in ("sides", "styles", "crops")}
    return PromptVocabulary(
        scenes={name: _scene_entry(about) for name, about in scenes.items()},
        lights={name: _light_entry(about) for name, about in lights.items()},
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


def find_phrases(text: str, phrases: Mapping[str, str]) -> list[str]:
    """Keys of the phrases in `text` (lower case), the longest phrase first, then the first in the text; each once."""
    hits = [
        (-len(phrase.split()), -len(phrase), match.start(), key)
        for phrase, key in phrases.items()
        if (match := re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w])", text))
    ]
    return list(dict.fromkeys(key for *_, key in sorted(hits)))


_LIGHT_DEFAULTS = {"exposure": 1.0, "contrast": 0.35, "rim": 0.3}


def _by_phrase(lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {phrase: str(key) for key, phrases in lists.items() for phrase in phrases}


def _scene_entry(about: JSONObject) -> SceneWords:
    return SceneWords(
        painter=str(about["painter"]),
        colours=[hex_colour(text) for text in cast(Sequence[str], about["colours"])],
        dark=float(cast(float, about.get("dark", 0.0))),
        wet=bool(about.get("wet", False)),
        snowy=bool(about.get("snowy", False)),
    )


def _light_entry(about: JSONObject) -> SceneLight:
    red, green, blue = cast(Sequence[float], about["tint"])
    exposure, contrast, rim = (cast(float, about.get(name, usual)) for name, usual in _LIGHT_DEFAULTS.items())
    return SceneLight(tint=(red, green, blue), exposure=exposure, contrast=contrast, rim=rim)


MAX_PEOPLE = 6
"""More are not drawn side by side."""

_SINGULAR: Mapping[str, str] = {
    **dict.fromkeys(("woman", "girl", "lady", "mother", "daughter", "sister", "wife", "bride", "grandmother"), WOMAN),
    **dict.fromkeys(("man", "boy", "gentleman", "father", "son", "brother", "husband", "groom", "grandfather"), MAN),
    **dict.fromkeys(("person", "friend", "colleague", "child", "kid", "stranger", "astronaut", "dancer"), ""),
}
_IRREGULAR = {
    "woman": "women",
    "man": "men",
    "lady": "ladies",
    "gentleman": "gentlemen",
    "child": "children",
    "wife": "wives",
}
_PLURAL: Mapping[str, str] = {
    **{_IRREGULAR.get(noun, f"{noun}s"): kind for noun, kind in _SINGULAR.items()},
    "people": "",
    "adults": "",
    "siblings": "",
    "twins": "",
}
_NUMBERS: Mapping[str, int] = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6} | {
    str(at): at for at in range(2, 7)
}
_SETS: Mapping[str, int] = {"couple": 2, "pair": 2, "duo": 2, "twins": 2, "trio": 3, "group": 3}

_NOUN = rf"(?:{'|'.join(_SINGULAR)})"
_CHAIN = re.compile(
    rf"\b{_NOUN}\b(?:,\s+(?:[\w-]+\s+){{0,3}}{_NOUN}\b){{0,{MAX_PEOPLE}}}[^.;,]{{0,60}}?,?\s"
    rf"(?:and|&|with|beside|next to|plus)\s+(?:[\w-]+\s+){{0,3}}?{_NOUN}\b"
)
_COUNTED = re.compile(rf"\b({'|'.join(_NUMBERS)})\s+(?:[\w-]+\s+){{0,3}}?({'|'.join(_PLURAL)})\b")
_SET = re.compile(rf"\b({'|'.join(_SETS)})\b(?:\s+of\s+(?:[\w-]+\s+){{0,3}}?({'|'.join(_PLURAL)})\b)?")


def people_in_prompt(text: str) -> tuple[str, ...]:
    """One kind (WOMAN, MAN or empty) for each person that the text (lower case) asks for, from left to right.

    `two women`, `a couple`, `a woman and a man`; where nobody is named, it is one person of either kind.
    """
    counted = _COUNTED.search(text)
    if counted:
        return (_PLURAL[counted.group(2)],) * _NUMBERS[counted.group(1)]
    chain = _CHAIN.search(text)
    if chain:
        return tuple(_SINGULAR[noun] for noun in re.findall(rf"\b{_NOUN}\b", chain.group()))[:MAX_PEOPLE]
    several = _SET.search(text)
    if several and (several.group(2) or several.group(1) in {"couple", "duo", "twins", "trio"}):
        return (_PLURAL.get(several.group(2) or "", ""),) * _SETS[several.group(1)]
    single = re.search(rf"\b{_NOUN}\b", text)
    return (_SINGULAR[single.group()],) if single else ("",)


DEFAULT_CROP = 0.27
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
_NEGATION = re.compile(r"\b(?:no|without|not)\s+[a-z-]+")


def parse_prompt(prompt: str) -> PromptReading:
    """What the prompt asks for. A prompt that names no known place gets coloured light, hued by its words."""
    words = load_vocabulary()
    text = _NEGATION.sub(" ", " ".join(prompt.casefold().split()))
    garment, people = _garment(text, words), people_in_prompt(text)
    text = _WEARING.sub(" ", _CLOTHES.sub(" ", text))
    styles = _styles(text, words)
    names = find_phrases(text, words.phrases["scenes"])
    name = names[0] if names else _scene_of_style(styles)
    scene = words.scenes[name] if name else SceneWords(painter="mood", colours=_colours_from_text(text))
    if scene.painter == "seamless":
        scene = replace(scene, colours=_paper(text, words) or scene.colours)
    light, lit = _light_named(text, words)
    dark = max(scene.dark, 0.85 if "night" in lit else 0.0, 0.3 if "golden" in lit else 0.0)
    crops = find_phrases(text, words.phrases["crops"])
    return PromptReading(
        scene=name or "mood",
        painter=scene.painter,
        colours=[_linear_colour(colour) for colour in scene.colours],
        light=light,
        styles=styles,
        crop=float(crops[0]) if crops else DEFAULT_CROP,
        dark=dark,
        wet=scene.wet or _mentions(text, "rain", "rainy", "wet"),
        snowy=scene.snowy or _mentions(text, "snow", "snowy", "snowfall", "winter"),
        garment=garment,
        people=people,
    )


def named_colour(prompt: str, *, hashed: bool) -> Colour | None:
    """The first colour (display values) that the prompt names; else one that its words choose, if `hashed`."""
    words = load_vocabulary()
    text = _NEGATION.sub(" ", " ".join(prompt.casefold().split()))
    names = find_phrases(text, words.phrases["colours"])
    if names:
        return words.colours[names[0]]
    return _colours_from_text(text)[0] if hashed else None


def _garment(text: str, words: PromptVocabulary) -> Colour | None:
    clause = _CLOTHES.search(text)
    if clause is None:
        return None
    names = find_phrases(clause.group(1), words.phrases["colours"]) or find_phrases(clause.group(1), USUAL_COLOURS)
    return words.colours[names[0]] if names else None


def _styles(text: str, words: PromptVocabulary) -> Sequence[str]:
    """At most one way of painting and one look of film, the painting first."""
    names = find_phrases(text, words.phrases["styles"])
    painted = [name for name in names if name in PAINTED_STYLES]
    filmed = [name for name in names if name not in PAINTED_STYLES]
    return (*painted[:1], *filmed[:1])


PAINTED_STYLES = frozenset({"oil", "watercolour", "pencil", "charcoal", "comic", "impressionist", "mosaic"})


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


def _paper(text: str, words: PromptVocabulary) -> list[Colour] | None:
    """The colour of the studio's paper, where one is said before it (`a teal studio backdrop`)."""
    end = 0
    for place in _PLACE.finditer(text):
        before = _NO_WORD.split(text[end : place.start()])[-1]
        if not before:
            continue
        end = place.end()
        names = find_phrases(before, words.phrases["colours"])
        if names:
            return [words.colours[names[0]]] * 3
    return None


def _light_named(text: str, words: PromptVocabulary) -> tuple[SceneLight, Sequence[str]]:
    """The light of the longest phrase, with the second's contrast mixed in; and all that were named."""
    names = find_phrases(text, words.phrases["lights"])
    sides = find_phrases(text, words.phrases["sides"])
    side = {"left": -1, "right": 1}[sides[0]] if sides else 0
    if not names:
        return SceneLight(side=side), ()
    first, second = words.lights[names[0]], words.lights[names[min(1, len(names) - 1)]]
    red, green, blue = ((one * 2 + other) / 3 for one, other in zip(first.tint, second.tint, strict=True))
    light = SceneLight(
        tint=(red, green, blue),
        exposure=(first.exposure * 2 + second.exposure) / 3,
        contrast=(first.contrast * 2 + second.contrast) / 3,
        rim=max(first.rim, second.rim * 0.7),
        side=side,
    )
    return light, names


def _colours_from_text(text: str) -> list[Colour]:
    """Three colours that go together, hued by the words."""
    start = (seed_from_text(text) % 360) / 360
    return [
        colorsys.hsv_to_rgb((start + turn) % 1, saturation, value)
        for turn, saturation, value in ((0.0, 0.42, 0.72), (0.08, 0.5, 0.6), (0.42, 0.4, 0.85))
    ]


def _mentions(text: str, *names: str) -> bool:
    return any(re.search(rf"\b{name}\b", text) for name in names)


def _linear_colour(colour: Colour) -> Colour:
    red, green, blue = (value**2.2 for value in colour)
    return (red, green, blue)
