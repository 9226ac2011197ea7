"""What is told of one adapter on the shelf; knows no files and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from nano_banana.core.json import JSONObject, JSONValue, as_number, as_object, as_text, as_whole

MOST_WORDS = 200
"""Characters of a trigger, a noun or a name."""
MOST_SETTING = 10_000
"""Characters of a text among the settings."""
DEEPEST = 8
"""How deep lists and objects among the settings may be nested."""
LARGEST = 2**64
"""Of the numbers among the settings: a seed may be that large."""
MOST = 1e12
"""Above any count or price that means something."""
LAST_DAY = 253_402_300_799.0
"""The end of the year 9999, in seconds since 1970: dates end there."""


class Origin(StrEnum):
    """How an adapter came to the shelf."""

    TRAINED = "trained"
    IMPORTED = "imported"
    """From an archive (`.nbm`) of this program's."""
    FILE = "file"
    """From a plain `.safetensors`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What travels with an adapter, also to another project.

    `base` is the model family as the catalog's endpoints name it, `local` for the local provider's own; `provider` who
    trained it (empty: not known). `settings` are the trainer's arguments, `training_set` the digest of the photos and
    captions as a lock has it, `photos` their number (None: not known).
    `likeness` is the median likeness (0 … 1) of the first tries drawn with it to photos that were held out of the
    training, and `judged` how many those were; every first try counts, also a refused one, since only those show
    what the adapter does by itself. None where no gate compared with held-out photos.
    `cost_usd` is None where nobody knows; `made_at` in seconds since 1970.
    """

    base: str
    provider: str = ""
    subject: str = ""
    trigger: str = ""
    noun: str = ""
    trainer: str = ""
    settings: JSONObject = field(default_factory=dict)
    training_set: str = ""
    photos: int | None = None
    likeness: float | None = None
    judged: int = 0
    cost_usd: float | None = None
    made_at: float = 0.0
    origin: Origin = Origin.TRAINED
    recipe: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """One version of a name on the shelf: its bytes by digest (SHA-256, hex) and size, and its card."""

    name: str
    version: int
    digest: str
    size: int
    card: Card
    tags: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """How a recipe or a lock names it for good: `ana@3`."""
        return f"{self.name}@{self.version}"


def card_json(card: Card) -> JSONObject:
    """The card as JSON, every field."""
    told: dict[str, JSONValue] = {name: getattr(card, name) for name in Card.__dataclass_fields__}
    return {**told, "settings": dict(card.settings), "origin": str(card.origin)}


def card_of(told: Mapping[str, JSONValue]) -> Card:
    """The card that JSON tells; fields of later versions are passed over. Raises KeyError, TypeError, ValueError."""
    texts = ("base", "provider", "subject", "trigger", "noun", "trainer", "training_set", "recipe", "run")
    photos, likeness, cost = told.get("photos"), told.get("likeness"), told.get("cost_usd")
    return Card(
        **{name: as_text(told.get(name, "")) for name in texts},
        settings=as_object(told.get("settings")),
        photos=None if photos is None else as_whole(photos),
        likeness=None if likeness is None else as_number(likeness),
        judged=as_whole(told.get("judged", 0)),
        cost_usd=None if cost is None else as_number(cost),
        made_at=as_number(told.get("made_at", 0.0)),
        origin=Origin(as_text(told.get("origin", Origin.TRAINED))),
    )


def stored_card(told: Mapping[str, JSONValue]) -> Card:
    """The card as a store has it; a number that can't be is one that is not known, and so is a card that isn't one."""
    try:
        card = card_of(told)
    except (KeyError, TypeError, ValueError, OverflowError):
        return Card(base="")
    wrong = unlikely(card)
    return replace(card, **{name: getattr(Card(base=""), name) for name in wrong}) if wrong else card


def unlikely(card: Card) -> list[str]:
    """The fields with numbers that can't be: negative, not finite, beyond any date, a likeness beyond 1."""
    ranges = {"photos": MOST, "judged": MOST, "cost_usd": MOST, "made_at": LAST_DAY, "likeness": 1.0}
    found = {name: getattr(card, name) for name in ranges}
    return [
        name
        for name, value in found.items()
        if value is not None and not (-1 if name == "likeness" else 0) <= value <= ranges[name]
    ]


def is_plain(value: JSONValue, depth: int = DEEPEST) -> bool:
    """Whether settings may say it: bounded in depth, in length and in numbers."""
    if isinstance(value, Mapping):
        return depth > 0 and all(may_be_told(name) and is_plain(item, depth - 1) for name, item in value.items())
    if isinstance(value, str):
        return len(value) <= MOST_SETTING
    if isinstance(value, Sequence):
        return depth > 0 and all(is_plain(item, depth - 1) for item in value)
    return value is None or abs(value) <= LARGEST


def may_be_told(text: str) -> bool:
    """Whether a card may say it: short, on one line, and nothing that steers a terminal."""
    return len(text) <= MOST_WORDS and text.isprintable()
