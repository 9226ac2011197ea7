"""What a person answers who begins a project, and what is proposed."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.home import expanded

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TRIGGER = re.compile(r"\S{1,64}")
NOUNS = ("person", "woman", "man", "girl", "boy")
"""Class words that models know; any other will do as well."""

TRAINER = "fal-ai/flux-lora-fast-training"
SCALE = 0.95
"""Of an adapter, where no template says another (docs: 0.8 to 1.1 draws a person as they are)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A template of a pack that may be proposed: `pack/name`, what it is, whom it suits (empty: everybody)."""

    name: str
    title: str
    about: str
    nouns: tuple[str, ...] = ()
    scale: float = SCALE
    gate: bool = True

    def suits(self, noun: str) -> bool:
        """Whether it was written for somebody like that."""
        return not self.nouns or noun in self.nouns


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A subject of a new recipe. `photos` is the folder as the recipe says it, `count` the number of photos in it.

    `consent` is empty if nobody said anything about it.
    """

    name: str
    noun: str = "person"
    trigger: str
    photos: str
    count: int = 0
    consent: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    @property
    def hold_out(self) -> int:
        """Photos that only judge likeness: three of a dozen, fewer of fewer, none if each is needed to train."""
        return 3 if self.count >= 12 else 2 if self.count >= 8 else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that a recipe is begun with; `people` has one at least.

    `offers` are the packs' templates to draw by (none: one of the recipe's own). `takes` is how many of each.
    """

    name: str
    people: Sequence[Person]
    offers: Sequence[Offer] = ()
    takes: int = 2
    provider: str = "local"
    budget: float | None = None
    gate: bool = True

    @property
    def scale(self) -> float:
        """The adapter's scale: the least that a chosen template asks for."""
        return min((offer.scale for offer in self.offers), default=SCALE)


def trigger_of(subject: str) -> str:
    """A word for the person that a model has no idea of yet, always the same: `ana` → `anqzk4`."""
    digest = hashlib.sha256(subject.encode()).digest()
    rare = "".join("bcdfghjkqvwxz"[byte % 13] for byte in digest[:3])
    start = re.sub(r"[^a-z]", "", subject.lower())[:2]
    return f"{start}{rare}{digest[3] % 10}"


def slug_of(text: str) -> str:
    """A folder's name as a recipe's: `My Set 2` → `my-set-2`."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return (slug if slug[:1].isalpha() else f"recipe-{slug}".rstrip("-"))[:64]


def named(text: str) -> str:
    """The text, where it can name something. Raises Invalid."""
    if text == "all":
        raise Invalid([trouble("named_all")])
    if not NAME.fullmatch(text):
        raise Invalid([trouble("not_a_name", name=text)])
    return text


def day_of(text: str) -> str:
    """The text, where it is a date as YYYY-MM-DD. Raises Invalid."""
    if not DAY.fullmatch(text) or not _is_day(text):
        raise Invalid([trouble("not_a_day", day=text)])
    return text


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def from_folder(folder: Path, photos: Path) -> str:
    """The photos' folder as the recipe in `folder` says it: relative where that is not far, else whole."""
    import os

    there = expanded(photos).absolute()
    if not there.is_dir():
        raise Invalid([trouble("no_such_photos", folder=str(photos))])
    relative = os.path.relpath(there, folder.absolute())
    return str(there) if relative.startswith("../../..") else relative
