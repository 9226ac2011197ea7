"""A recipe, resolved: subjects, templates, shots, stages and outputs.

The types that the planner works on. Everything is frozen, and every name in it stands for something that exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TypeAlias, TypeVar

from msgspec import Struct, field

from nano_banana.formats.struct_schema import Section
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.flow import Decision
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.known_folders import expand_user
from nano_banana.model.problem import Invalid, problem
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.pack import Pack, PackUse
from nano_banana.recipe.recipe_sections import (
    DEFAULT_QUALITY,
    EXPORT_MEDIA,
    ExportSection,
    Identity,
    Privacy,
    RunLimits,
)
from nano_banana.recipe.training_photos import PhotoRules

SectionT = TypeVar("SectionT", bound=Section)


class Photo(Struct, frozen=True, kw_only=True):
    """A training photo and the caption file beside it, where there is one."""

    path: Path
    caption: Path | None = None


class Subject(Struct, frozen=True, kw_only=True):
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


class TemplateText(Struct, frozen=True, kw_only=True):
    """A prompt template's text and where it stands: in the recipe (`where`) or in a file of its own.

    Of a pack's, `given` says which, and with what values.
    """

    text: str
    where: KeyPath
    file: Path | None = None
    given: PackUse | None = None


class SeedSpec(Struct, frozen=True, kw_only=True):
    """Explicit seeds, or a count of seeds that are derived from names."""

    explicit: tuple[int, ...] = ()
    count: int = 0
    salt: str = ""

    def __len__(self) -> int:
        """How many takes each shot gets."""
        return len(self.explicit) or self.count


PICTURE_AXIS = "picture"
"""The axis of a shot of existing pictures."""


class Shot(Struct, frozen=True, kw_only=True):
    """A template, who is in the picture, the axes with their values, and the seeds.

    `cast` are the subjects in turn, one a picture (empty: nobody); or, where they stand `together` in each picture,
    all of them from left to right, and `together` their places (`left`, `right`) to their names. A shot of `pictures`
    opens these files, by the keys of its axis `picture`, where others draw; its template may be empty.
    """

    name: str
    where: KeyPath
    template: TemplateText
    cast: tuple[str, ...]
    together: Mapping[str, str] = field(default_factory=dict)
    identity: Identity = Identity.ADAPTER
    matrix: Mapping[str, tuple[AxisValue, ...]]
    exclude: Sequence[Mapping[str, frozenset[str]]]
    seeds: SeedSpec
    pictures: Mapping[str, Path] = field(default_factory=dict)


class ExistingAdapter(Struct, frozen=True, kw_only=True):
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


class CollectionRef(Struct, frozen=True, kw_only=True):
    """A collection that a stage works on: another stage's pictures, of one shot or of all (empty).

    Of a gate's, `ruling` names those that are wanted: `accepted`, `unsure` or `rejected`; empty for all but the
    rejected.
    """

    stage: str
    shot: str = ""
    ruling: str = ""


def is_glob(name: str) -> bool:
    """Whether a name in `picks.yaml` may stand for several takes."""
    return not set("*?[").isdisjoint(name)


def shared_id(take: str) -> str:
    """The part of a take's id that all its paths share: `heads/ana/s1@finish` → `heads/ana/s1`."""
    return take.partition("@")[0]


class Decisions(Struct, frozen=True, kw_only=True, dict=True):
    """What people decided under one stage: the ids of the takes that are `kept` and `dropped`, or globs of them.

    A take's own id wins over a glob, and the whole id of a take with several paths (`…/s11@finish`) over the id that
    the paths share. Of two globs, the one that drops wins.
    """

    kept: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def decision(self, *names: str) -> Decision | None:
        """What was decided about the take with these names."""
        return self.by_id(*names) or self.by_glob(*names)

    def by_id(self, *names: str) -> Decision | None:
        """What was decided about the take by one of its ids."""
        if not self.kept and not self.dropped:
            return None
        for name in sorted(names, key=len, reverse=True):
            if name in self.kept or name in self.dropped:
                return "keep" if name in self.kept else "drop"
        return None

    def by_glob(self, *names: str) -> Decision | None:
        """What was decided by globs that one of the take's ids matches."""
        return next((made for made, glob in self._globs if any(fnmatchcase(name, glob) for name in names)), None)

    @cached_property
    def _globs(self) -> Sequence[tuple[Decision, str]]:
        """Those that drop come first."""
        return [
            *(("drop", name) for name in self.dropped if is_glob(name)),
            *(("keep", name) for name in self.kept if is_glob(name)),
        ]


class Stage(Struct, frozen=True, kw_only=True):
    """One entry of `stages`, with what it names found.

    `verb` names its kind. `endpoint` is the id of the endpoint that it calls (empty: none), `options` the endpoint's
    fields, which may be templates; `adapters` are pairs of name and scale. A stage works on `subjects`, on `shots` or
    on `sources` (collections). `entry` is what the recipe says, `rules` what its kind read from it. `inner` are stages
    that it runs itself. `decisions` are people's, from `picks.yaml`. One that works `by_person` paints one person at a
    time, so that its templates may use `subject` in a shot of several people.
    """

    id: str
    verb: str
    where: KeyPath
    endpoint: str
    options: JSONObject
    entry: Section
    subjects: tuple[str, ...] = ()
    shots: tuple[str, ...] = ()
    sources: tuple[CollectionRef, ...] = ()
    adapters: tuple[tuple[str, float], ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    prompt: TemplateText | None = None
    rules: object = None
    inner: tuple[Stage, ...] = ()
    by_person: bool = False
    decisions: Decisions = Decisions()

    def parameters(self, kind: type[SectionT]) -> SectionT:
        """What the recipe says, as the parameters of its kind. Raises TypeError for those of another."""
        if isinstance(self.entry, kind):
            return self.entry
        raise TypeError(f"{type(self.entry).__name__} is not {kind.__name__}")


def endpoint_stages(stages: Iterable[Stage]) -> list[Stage]:
    """The stages that call an endpoint, in their order, inner stages among them."""
    return [found for stage in stages for found in (stage, *stage.inner) if found.endpoint]


class ShelfAdapter(Struct, frozen=True, kw_only=True):
    """One version: its `model` reference (`ana@3`), a file of its bytes, and their digest.

    `base` is the model family, as the catalog's endpoints name it; empty where that is not known, or where the family
    is no endpoint's. `provider` is who alone can draw with it (empty: any that draws with that family).
    """

    model: str
    path: Path
    digest: str
    base: str = ""
    provider: str = ""


FindShelfAdapter: TypeAlias = Callable[[str], ShelfAdapter]
"""From what a recipe wrote (`ana`, `ana@3`, `ana@tag`) to what is on the shelf. Raises Invalid where nothing is."""


def no_shelf(reference: str) -> ShelfAdapter:
    """The offer where there is no shelf. Raises Invalid `shelf_empty`."""
    raise Invalid([problem("shelf_empty", name=reference)])


class SheetSpec(Struct, frozen=True, kw_only=True):
    """A contact sheet. `rows` and `columns` are axes, also `subject`, `shot` and `seed`; empty: whatever fits."""

    sources: tuple[CollectionRef, ...]
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    show: tuple[str, ...] = ("score", "verdict")
    formats: tuple[str, ...] = ("html", "png", "pdf")


class ExportConversion(Struct, frozen=True, kw_only=True):
    """How copies differ from the pictures: `format` is one of `EXPORT_MEDIA` (empty: each picture's own).

    `longest` bounds the sides; `crop` is an exact width and height in pixels, cut out `around` the face or the centre.
    """

    format: str = ""
    quality: int = DEFAULT_QUALITY
    longest: int | None = None
    crop: tuple[int, int] | None = None
    around: str = "face"

    def arguments(self, media: str) -> JSONObject:
        """What the compute endpoint `fit` is asked for a picture of that media type."""
        wanted = EXPORT_MEDIA.get(self.format) or (media if media in EXPORT_MEDIA.values() else EXPORT_MEDIA["png"])
        told: dict[str, JSONValue] = {"media": wanted}
        if wanted != EXPORT_MEDIA["png"]:
            told["quality"] = self.quality
        if self.longest is not None:
            told["longest"] = self.longest
        if self.crop is not None:
            told |= {"width": self.crop[0], "height": self.crop[1], "around": self.around}
        return told


class ExportSpec(Struct, frozen=True, kw_only=True):
    """Copies of pictures: `to` a folder and into a `zip` (each empty: not), as the recipe writes them.

    `name` is a template. Without a `fit` the copies are the pictures as they are.
    """

    sources: tuple[CollectionRef, ...]
    name: TemplateText
    to: str = ""
    zip: str = ""
    fit: ExportConversion | None = None

    def places(self, folder: Path) -> tuple[Path | None, Path | None]:
        """The copies' folder and the ZIP, seen from the recipe's `folder`; None for what there is none of."""
        to, packed = (folder / expand_user(said) if said else None for said in (self.to, self.zip))
        return to, packed


class OutputSpec(Struct, frozen=True, kw_only=True):
    """What becomes of the pictures. `embed` is what is written into each of them."""

    sheet: SheetSpec | None = None
    export: ExportSpec | None = None
    embed: frozenset[str] = frozenset(ExportSection().embed)

    @property
    def crops_faces(self) -> bool:
        """Whether copies are cut out around faces."""
        fit = self.export.fit if self.export else None
        return fit is not None and fit.crop is not None and fit.around == "face"


class Recipe(Struct, frozen=True, kw_only=True):
    """A whole recipe, checked: every name in it stands for something."""

    name: str
    path: Path
    provider: str | None
    variables: Mapping[str, JSONValue]
    limits: RunLimits
    privacy: Privacy
    subjects: Mapping[str, Subject]
    adapters: Mapping[str, ExistingAdapter]
    shots: Mapping[str, Shot]
    stages: Sequence[Stage]
    outputs: OutputSpec = field(default_factory=OutputSpec)
    photo_rules: PhotoRules | None = None
    packs: Mapping[str, Pack] = field(default_factory=dict)

    @property
    def asking(self) -> Sequence[Stage]:
        """The stages that ask an endpoint, in their order, gates' repairs among them."""
        return endpoint_stages(self.stages)

    def stage(self, name: str) -> Stage:
        """The stage of that id. Raises KeyError."""
        for stage in self.stages:
            if stage.id == name:
                return stage
        raise KeyError(name)
