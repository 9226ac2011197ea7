"""Parse a prompt: place, light, style, crop, clothes and people.

The words are a table, `vocabulary.yaml` beside this module.
"""

from __future__ import annotations

import colorsys
import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from nano_banana.providers.local.backdrop_canvas import Colour
from nano_banana.providers.local.local_job import seed_from_text
from nano_banana.providers.local.strangers import MAN, WOMAN

DisplayColour = Colour
"""A colour in display values (0–1)."""

Key = TypeVar("Key", str, float)


class SceneLight(Struct, frozen=True, kw_only=True):
    """How the subject and the picture are lit.

    `tint` multiplies the light (1 is neutral), `exposure` its amount, `contrast` how much darker the far side is
    (0–1), `rim` the light from behind (0–1), `side` −1 left, 1 right, 0 by the seed.
    """

    tint: DisplayColour = (1.0, 1.0, 1.0)
    exposure: float = 1.0
    contrast: float = 0.35
    rim: float = 0.3
    side: int = 0


class FilmGrade(Struct, frozen=True, kw_only=True):
    """A look. `shadows` and `highlights` are added (display values), `tone` multiplies, `fade` lifts black.

    `curve` steepens the middle (0–1), `colour` is saturation (1 as it is), `glow` and `vignette` 0–1, `grain` the
    deviation of the noise, `lump` the size of its grains in pixels.
    """

    curve: float = 0.35
    colour: float = 1.1
    shadows: tuple[float, float, float] = (-0.008, 0.0, 0.012)
    highlights: tuple[float, float, float] = (0.012, 0.004, -0.012)
    tone: tuple[float, float, float] = (1.0, 1.0, 1.0)
    fade: float = 0.0
    glow: float = 0.12
    vignette: float = 0.28
    grain: float = 0.009
    lump: float = 1.25


class PromptReading(Struct, frozen=True, kw_only=True):
    """What a prompt asks for: place, light, style, crop, clothes and people.

    `painter` and `colours` (linear light) make the backdrop; `styles` are finishing styles in order; `crop` is the
    height of the face as a share of the picture's; `garment` is the colour of the clothes if one is named,
    `people` the kind of each person asked for (see `people_in_prompt`).
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


class _Worded(Protocol):
    """An entry of the vocabulary, and the phrases that name it."""

    @property
    def words(self) -> Sequence[str]: ...


class SceneWords(Struct, frozen=True, kw_only=True):
    """A scene: its painter and palette (hex colours), hour and weather."""

    painter: str
    colours: tuple[str, ...]
    dark: float = 0.0
    wet: bool = False
    snowy: bool = False
    words: tuple[str, ...] = ()


class LightWords(SceneLight, frozen=True, kw_only=True):
    """A light."""

    words: tuple[str, ...]


class StyleWords(FilmGrade, frozen=True, kw_only=True):
    """A way of painting or a look of film, and the scene that suits it."""

    scene: str = ""
    words: tuple[str, ...]


class OtherWords(Struct, frozen=True, kw_only=True):
    """Something that is no more than its key: a side, a crop."""

    words: tuple[str, ...]


class PromptVocabulary(Struct, frozen=True, kw_only=True):
    """What a prompt may name: `vocabulary.yaml` as it is."""

    scenes: dict[str, SceneWords]
    lights: dict[str, LightWords]
    sides: dict[str, OtherWords]
    paintings: dict[str, StyleWords]
    looks: dict[str, StyleWords]
    crops: dict[float, OtherWords]
    colours: dict[str, str]
    garments: dict[str, str]

    def colour_in(self, text: str) -> Colour | None:
        """The first colour (display values) that the text names."""
        names = find_phrases(text, dict(zip(self.colours, self.colours, strict=True)))
        return hex_colour(self.colours[names[0]]) if names else None


@functools.cache
def load_vocabulary() -> PromptVocabulary:
    """The package's vocabulary."""
    import yaml

    text = Path(__file__).with_name("vocabulary.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), PromptVocabulary)


def hex_colour(text: str) -> Colour:
    """`"ff8000"` as display values 0–1."""
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return (red, green, blue)


def find_phrases(text: str, phrases: Mapping[str, Key]) -> list[Key]:
    """Keys of the phrases in `text` (lower case), the longest phrase first, then the first in the text; each once."""
    hits = [
        (-len(phrase.split()), -len(phrase), match.start(), key)
        for phrase, key in phrases.items()
        if (match := re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w])", text))
    ]
    return list(dict.fromkeys(key for *_, key in sorted(hits)))


def _named(text: str, entries: Mapping[Key, _Worded]) -> list[Key]:
    """The keys of the entries that the text names, as `find_phrases` sorts them."""
    return find_phrases(text, {phrase: key for key, entry in entries.items() for phrase in entry.words})


MAX_PEOPLE = 6
"""Most people in one picture."""

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

    `two women`, `a couple`, `a woman and a man`; one person of either kind if nobody is named.
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
"""Height of the face (chin to hairline) if the prompt doesn't say."""

GARMENTS = (
    "blazer|suit|jacket|coat|shirt|dress|jumper|sweater|hoodie|turtleneck|overalls|coverall|uniform|blouse|top|waistcoat|"
    "robe|cloak|t-shirt|tie|raincoat|overcoat|cardigan|roll-neck|apron"
)
_AWAY = r"(?! in an? | in the | at | on | against | by | before )"
_CLOTHES = re.compile(rf"\b(?:wearing|dressed in|in an?|with an?)\b((?:{_AWAY}[^,.;]){{0,50}}?\b(?:{GARMENTS})s?\b)")
_WEARING = re.compile(rf"\b(?:wearing|dressed in)\b(?:{_AWAY}[^,.;])*")
_PLACE = re.compile(r" (?:studio|backdrop|background|wall|seamless|light|paper)\b")
_NO_WORD = re.compile(r"[^a-z ]")
_NEGATION = re.compile(r"\b(?:no|without|not)\s+[a-z-]+")


def parse_prompt(prompt: str) -> PromptReading:
    """What the prompt asks for. A prompt without a known place gets coloured light, derived from its words."""
    words = load_vocabulary()
    text = _plain_text(prompt)
    garment, people = _garment(text, words), people_in_prompt(text)
    text = _WEARING.sub(" ", _CLOTHES.sub(" ", text))
    # At most one way of painting and one look of film.
    styles = (*_named(text, words.paintings)[:1], *_named(text, words.looks)[:1])
    suited = [name for style in styles if (name := {**words.paintings, **words.looks}[style].scene)]
    name = next(iter(_named(text, words.scenes) or suited), "")
    scene = words.scenes[name] if name else SceneWords(painter="mood", colours=())
    colours = [hex_colour(colour) for colour in scene.colours] or _colours_from_text(text)
    if scene.painter == "seamless":
        colours = _paper(text, words) or colours
    light, lit = _light_named(text, words)
    return PromptReading(
        scene=name or "mood",
        painter=scene.painter,
        colours=[(red**2.2, green**2.2, blue**2.2) for red, green, blue in colours],
        light=light,
        styles=styles,
        crop=next(iter(_named(text, words.crops)), DEFAULT_CROP),
        dark=max(scene.dark, 0.85 if "night" in lit else 0.0, 0.3 if "golden" in lit else 0.0),
        wet=scene.wet or bool(re.search(r"\b(rain|rainy|wet)\b", text)),
        snowy=scene.snowy or bool(re.search(r"\b(snow|snowy|snowfall|winter)\b", text)),
        garment=garment,
        people=people,
    )


def named_colour(prompt: str, *, hashed: bool) -> Colour | None:
    """The first colour (display values) that the prompt names; else one derived from its words, if `hashed`."""
    text = _plain_text(prompt)
    return load_vocabulary().colour_in(text) or (_colours_from_text(text)[0] if hashed else None)


def _plain_text(prompt: str) -> str:
    """The prompt in lower case, without what it excludes."""
    return _NEGATION.sub(" ", " ".join(prompt.casefold().split()))


def _garment(text: str, words: PromptVocabulary) -> Colour | None:
    clause = _CLOTHES.search(text)
    if clause is None:
        return None
    usual = find_phrases(clause.group(1), words.garments)
    return words.colour_in(clause.group(1)) or (hex_colour(words.colours[usual[0]]) if usual else None)


def _paper(text: str, words: PromptVocabulary) -> list[Colour] | None:
    """The colour of the studio's backdrop, if one is named before it (`a teal studio backdrop`)."""
    end = 0
    for place in _PLACE.finditer(text):
        before = _NO_WORD.split(text[end : place.start()])[-1]
        if not before:
            continue
        end = place.end()
        if colour := words.colour_in(before):
            return [colour] * 3
    return None


def _light_named(text: str, words: PromptVocabulary) -> tuple[SceneLight, Sequence[str]]:
    """The first light mixed with some of the second, and the names of all lights in the text."""
    names, sides = _named(text, words.lights), _named(text, words.sides)
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
    """Three matching colours, derived from the words."""
    start = (seed_from_text(text) % 360) / 360
    return [
        colorsys.hsv_to_rgb((start + turn) % 1, saturation, value)
        for turn, saturation, value in ((0.0, 0.42, 0.72), (0.08, 0.5, 0.6), (0.42, 0.4, 0.85))
    ]
