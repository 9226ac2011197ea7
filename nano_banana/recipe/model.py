"""The recipe as nouns: subjects, templates, shots and stages, resolved."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TypeAlias

from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.recipe.axis_value import AxisValue

Where: TypeAlias = tuple[str | int, ...]
"""A path into the recipe's data, which the document turns into a place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A training photo and the caption file beside it, where there is one."""

    path: Path
    caption: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One person."""

    name: str
    noun: str
    trigger: str
    traits: Mapping[str, str] = field(default_factory=dict)
    photos: Sequence[Photo] = ()
    consent: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A prompt template's text and where it stands: in the recipe (`where`) or in a file of its own."""

    text: str
    where: Where
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """Explicit seeds, or a count of seeds that are derived from names."""

    explicit: tuple[int, ...] = ()
    count: int = 0
    salt: str = ""

    def __len__(self) -> int:
        """How many takes each shot gets."""
        return len(self.explicit) or self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A template, the subjects in turn (empty: nobody), the axes with their values, and the seeds."""

    name: str
    where: Where
    template: Text
    cast: tuple[str, ...]
    matrix: Mapping[str, tuple[AxisValue, ...]]
    exclude: Sequence[Mapping[str, frozenset[str]]]
    seeds: Seeds


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterFile:
    """An adapter that the recipe brings along."""

    name: str
    path: Path
    base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A collection that a stage works on: another stage's pictures, of one shot or of all (empty)."""

    stage: str
    shot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One entry of `stages`, its references resolved.

    `verb` picks the kind. `endpoint` is the paid endpoint's id, `options` its fields (texts may be
    templates), `adapters` pairs of name and scale. `subjects` is for train, `shots` for generate,
    `sources` for the stages that work on collections. `data` is the entry as written.
    """

    id: str
    verb: str
    where: Where
    endpoint: str
    options: JSONObject
    data: JSONObject
    subjects: tuple[str, ...] = ()
    shots: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    adapters: tuple[tuple[str, float], ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    prompt: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on money and on work at the same time; None where the recipe says nothing.

    `rate` is in requests a second, more than 0.
    """

    budget_usd: float | None = None
    ask_above_usd: float | None = None
    rate: float | None = None
    parallel: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """What becomes of photos at a service: `uploads_expire_after` in seconds (60 or more), None for never."""

    uploads_expire_after: int | None = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A whole recipe, checked: every name in it stands for something."""

    name: str
    path: Path
    provider: str | None
    variables: Mapping[str, JSONValue]
    limits: Limits
    privacy: Privacy
    subjects: Mapping[str, Subject]
    adapters: Mapping[str, AdapterFile]
    shots: Mapping[str, Shot]
    stages: Sequence[Stage]

    def stage(self, name: str) -> Stage:
        """The stage of that id. Raises KeyError."""
        for stage in self.stages:
            if stage.id == name:
                return stage
        raise KeyError(name)
