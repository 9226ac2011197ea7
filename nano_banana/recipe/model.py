"""The nouns of a recipe: subjects, templates, shots and stages, resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from nano_banana.core.json import JSONObject, JSONValue, as_object
from nano_banana.core.lost import Resend
from nano_banana.recipe.axis_value import AxisValue
from nano_banana.recipe.packs.given import Given
from nano_banana.stages.choose import Keep
from nano_banana.stages.standard import Standard

Where: TypeAlias = tuple[str | int, ...]
"""A path into the recipe's data, which the document turns into a place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A training photo and the caption file beside it, where there is one."""

    path: Path
    caption: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One person.

    `photos` are all that train or judge; of them `held_out` are named as those that only judge likeness, or so many
    (`hold_out`) are to be set aside by content. `references` are shown to endpoints that draw from photos.
    """

    name: str
    noun: str
    trigger: str
    traits: Mapping[str, str] = field(default_factory=dict)
    photos: Sequence[Photo] = ()
    held_out: frozenset[Path] = frozenset()
    hold_out: int = 0
    references: Sequence[Path] = ()
    consent: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A prompt template's text and where it stands: in the recipe (`where`) or in a file of its own.

    Of a pack's, `given` says which, and with what values.
    """

    text: str
    where: Where
    file: Path | None = None
    given: Given | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """Explicit seeds, or a count of seeds that are derived from names."""

    explicit: tuple[int, ...] = ()
    count: int = 0
    salt: str = ""

    def __len__(self) -> int:
        """How many takes each shot gets."""
        return len(self.explicit) or self.count


PICTURE = "picture"
"""The axis of a shot of pictures that are there already."""


class Identity(StrEnum):
    """How a person gets into a picture."""

    ADAPTER = "adapter"
    """Drawn with the adapter that was trained of them."""
    BY_FACE = "by_face"
    """Strangers are drawn; then each face is painted over with its own person's adapter."""
    REFERENCE = "reference"
    """Photos of them go to an editing endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A template, who is in the picture, the axes with their values, and the seeds.

    `cast` are the subjects in turn, one a picture (empty: nobody); or, where they stand `together` in each picture,
    all of them from left to right, and `together` their places (`left`, `right`) to their names. A shot of `pictures`
    opens these files, by the keys of its axis `picture`, where others draw; its template may be empty.
    """

    name: str
    where: Where
    template: Text
    cast: tuple[str, ...]
    together: Mapping[str, str] = field(default_factory=dict)
    identity: Identity = Identity.ADAPTER
    matrix: Mapping[str, tuple[AxisValue, ...]]
    exclude: Sequence[Mapping[str, frozenset[str]]]
    seeds: Seeds
    pictures: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterFile:
    """An adapter that is there already: a file of the recipe's, or one on the shelf.

    Of one on the shelf `model` is the version (`ana@3`), whatever the recipe wrote, `digest` that of its bytes, and
    `provider` who alone can draw with it, where that is known.
    """

    name: str
    path: Path
    base: str = ""
    model: str = ""
    digest: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A collection that a stage works on: another stage's pictures, of one shot or of all (empty).

    Of a gate's, `ruling` names those that are wanted: `accepted`, `unsure` or `rejected`; empty for all but the
    rejected.
    """

    stage: str
    shot: str = ""
    ruling: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a gate stage does. `skip` are the takes it passes over, by `axis` or `axis.field` and value; see `skipped`.

    `against` is `hold_out` or `training_set`. In a picture of several, `every_face` must pass, or one will do.
    `repair` is the inpainting of what it refuses, as a stage with the gate's id; `ladder` the field that it turns up,
    with its values, one try each (none: one try, with the fields as they are).
    """

    standard: Standard
    against: str = "hold_out"
    every_face: bool = True
    skip: Mapping[str, JSONValue] = field(default_factory=dict)
    retries: int = 0
    repair: Stage | None = None
    ladder: tuple[str, tuple[float, ...]] = ("strength", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One entry of `stages`, its references resolved.

    `verb` picks the kind. `endpoint` is the paid endpoint's id (empty: it has none), `options` its fields (texts may be
    templates), `adapters` pairs of name and scale. `subjects` is for train, `shots` for generate and open,
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
    gate: Gate | None = None
    keep: Keep | None = None

    @property
    def by_person(self) -> bool:
        """Whether it paints one person at a time, so that its texts may speak of `subject` in a shot of several."""
        repairs = self.where[-1:] == ("repair",)
        return repairs or as_object(self.data.get("mask")).get("assign") == "cast"


def asking(stages: Iterable[Stage]) -> list[Stage]:
    """The stages that ask an endpoint, in their order, gates' repairs among them."""
    found = []
    for stage in stages:
        if stage.endpoint:
            found.append(stage)
        elif stage.gate is not None and stage.gate.repair is not None:
            found.append(stage.gate.repair)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on money and on work at the same time; None where the recipe says nothing.

    `rate` is in requests a second, more than 0. `resend_unknown` says which requests that never arrived are sent again.
    """

    budget_usd: float | None = None
    ask_above_usd: float | None = None
    rate: float | None = None
    resend_unknown: Resend = Resend.CHEAP
    parallel: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """What becomes of photos at a service: `uploads_expire_after` in seconds (60 or more), None for never."""

    uploads_expire_after: int | None = 86_400
