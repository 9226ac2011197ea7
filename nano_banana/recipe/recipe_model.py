"""A recipe, resolved: subjects, templates, shots, stages and outputs.

The types that the planner works on. Everything is frozen, and every name in it stands for something that exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field

from nano_banana.formats.struct_schema import Section, described
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.known_folders import expand_user
from nano_banana.model.problem import Invalid, problem
from nano_banana.model.ticket import ResendPolicy
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.naming import UNIQUE, AxisName, Names, Text
from nano_banana.recipe.pack import Pack, PackUse
from nano_banana.recipe.training_photos import PhotoRules


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


class Identity(StrEnum):
    """How a person gets into a picture."""

    ADAPTER = "adapter"
    """Drawn with the adapter that was trained of them."""
    BY_FACE = "by_face"
    """Strangers are drawn; then each face is painted over with its own person's adapter."""
    REFERENCE = "reference"
    """Photos of them go to an editing endpoint."""


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


Decision: TypeAlias = Literal["keep", "drop"]


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
    on `sources` (collections). `data` is the entry as written, `rules` what its kind read from it. `inner` are stages
    that it runs itself. `decisions` are people's, from `picks.yaml`. One that works `by_person` paints one person at a
    time, so that its templates may use `subject` in a shot of several people.
    """

    id: str
    verb: str
    where: KeyPath
    endpoint: str
    options: JSONObject
    data: JSONObject
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


def endpoint_stages(stages: Iterable[Stage]) -> list[Stage]:
    """The stages that call an endpoint, in their order, inner stages among them."""
    return [found for stage in stages for found in (stage, *stage.inner) if found.endpoint]


class RequestRate(Section, frozen=True):
    """How fast the provider is asked."""

    requests_per_second: Annotated[
        float, Meta(gt=0), described("Calls that are sent to the provider in a second, at most; no bound by default.")
    ]


_Parallel: TypeAlias = Annotated[int, Meta(ge=1, le=256)]


class Parallelism(Section, frozen=True):
    """How many calls of a kind run at once."""

    train: Annotated[_Parallel | None, described("Trainings at once.", usual=2)] = None
    image: Annotated[_Parallel | None, described("Pictures asked for at once.", usual=10)] = None
    compute: Annotated[_Parallel | None, described("Work on this machine; the number of cores by default.")] = None


class RunLimits(Section, frozen=True):
    """Bounds on money and on work at the same time."""

    budget_usd: Annotated[float, Meta(ge=0), described("A run stops before the call that crosses it.")] | None = None
    ask_above_usd: (
        Annotated[float, Meta(ge=0), described("A run that may cost more asks first, or needs `--yes`.")] | None
    ) = None
    resend_unknown: Annotated[
        ResendPolicy,
        described(
            "Which requests are sent again without asking if their answer was lost and fal's history shows that"
            " they never arrived. `cheap`: those that cost up to $0.50, but no trainings. `always`: all of them,"
            " and pictures also if the key may not read the history. `never`: none.",
            enum=[*ResendPolicy],
        ),
    ] = ResendPolicy.CHEAP
    rate: RequestRate | None = None
    parallel: Parallelism = Parallelism()

    @property
    def requests_per_second(self) -> float | None:
        """How many requests the provider gets in a second, at most; None for no bound."""
        return self.rate.requests_per_second if self.rate else None

    @property
    def parallel_calls(self) -> Mapping[str, int]:
        """How many calls may run at once, by their kind; only what the recipe says."""
        counts = {"train": self.parallel.train, "image": self.parallel.image, "compute": self.parallel.compute}
        return {kind: count for kind, count in counts.items() if count is not None}


_EXPIRY_SECONDS: Mapping[str, int | None] = {
    "immediate": 60,
    "1h": 3_600,
    "1d": 86_400,
    "7d": 604_800,
    "30d": 2_592_000,
    "1y": 31_536_000,
    "never": None,
}
"""The spans that fal has names for, in seconds; `immediate` is its shortest."""


class Privacy(Section, frozen=True):
    """What becomes of photos that leave this machine."""

    uploads_expire_after: Annotated[
        Annotated[str, Meta(extra_json_schema={"enum": list(_EXPIRY_SECONDS)})] | Annotated[int, Meta(ge=60)],
        described(f"How long uploads stay at fal: {', '.join(f'`{name}`' for name in _EXPIRY_SECONDS)}, or seconds."),
    ] = "1d"

    @property
    def upload_seconds(self) -> int | None:
        """How long uploads stay, in seconds; None for ever."""
        span = self.uploads_expire_after
        return _EXPIRY_SECONDS[span] if isinstance(span, str) else span


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


EXPORT_MEDIA = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
"""What pictures may be handed out as."""

NAMED_CROPS = {"linkedin": (800, 800), "instagram": (1080, 1350), "x": (400, 400), "youtube": (800, 800)}
"""Sizes that have a name: what these sites want of a profile's picture (of Instagram: of a portrait), in pixels."""

MAX_SIDE = 16_384


def _one_of(*names: str) -> Meta:
    return Meta(extra_json_schema={"choices": list(names)})


_AxisNames: TypeAlias = AxisName | Annotated[tuple[AxisName, ...], UNIQUE]


class SheetSection(Section, frozen=True, kw_only=True):
    """A contact sheet of the takes, written after each run into the output folder."""

    contact_sheet: Annotated[Names, described("Whose pictures: a stage, `stage.shot`, or a list of them.")]
    rows: Annotated[_AxisNames | None, described("The axes (also `subject`, `shot`, `seed`) that go downwards.")] = None
    columns: Annotated[_AxisNames | None, described("The axes that go to the right.")] = None
    show: Annotated[
        tuple[Annotated[str, _one_of("score", "verdict", "cost", "seed", "attempt")], ...],
        UNIQUE,
        described("What is written below each picture."),
    ] = ("score", "verdict")
    formats: Annotated[
        tuple[Annotated[str, _one_of("html", "png", "pdf")], ...],
        UNIQUE,
        described("The files that are written: `sheet.html`, `sheet.png`, `sheet.pdf`."),
    ] = ("html", "png", "pdf")


class ExportSection(Section, frozen=True):
    """How pictures are handed out."""

    export: Annotated[
        Names | None, described("Whose pictures are copied out: a stage, `stage.shot`, or a list of them.")
    ] = None
    to: Annotated[
        Text | None, described("The folder of the copies, from the recipe's own; it is made where it is not.")
    ] = None
    name: Annotated[
        Text,
        described(
            "The name of each copy, a template: the take's names, `cast` (who is in it), `take`, `stage`, `way`, "
            "`verdict`, `recipe`. Slashes make folders; the suffix is the picture's own."
        ),
    ] = "{{ take }}"
    zip: Annotated[Text | None, described("A ZIP of the copies, from the recipe's own folder.")] = None
    format: Annotated[
        str | None, described("The copies' format; the picture's own by default.", choices=list(EXPORT_MEDIA))
    ] = None
    quality: Annotated[int, Meta(ge=1, le=100), described("How good a JPEG or a WebP is; the higher, the larger.")] = 92
    longest_side: (
        Annotated[
            int,
            Meta(ge=16, le=MAX_SIDE),
            described("Scale the copies down so that no side has more pixels; smaller ones stay as they are."),
        ]
        | None
    ) = None
    crop: Annotated[
        Text | None,
        described(
            "Cut the copies to exactly this size: `WIDTHxHEIGHT` in pixels, or "
            + ", ".join(f"`{name}` ({width}x{height})" for name, (width, height) in NAMED_CROPS.items())
            + "."
        ),
    ] = None
    crop_around: Annotated[
        str,
        described(
            "What the crop is centred on: the face (of several people, all faces) or the picture.",
            choices=["face", "centre"],
        ),
    ] = "face"
    embed: Annotated[
        tuple[Annotated[str, _one_of("recipe", "ai_source", "c2pa")], ...],
        UNIQUE,
        described(
            "What is written into every picture besides that it is AI-made, which is written always: the take's "
            "`recipe`, `c2pa` content credentials. `[]`: nothing."
        ),
    ] = ("recipe", "ai_source")


_NEEDED_KEYS = {
    **{name: ["export"] for name in ("name", "to", "zip", "format", "quality", "longest_side", "crop")},
    "crop_around": ["crop"],
}


class OutputsSection(Section, frozen=True):
    """What becomes of the pictures: a contact sheet, copies under names of your own."""

    sheet: SheetSection | None = None
    files: Annotated[ExportSection, Meta(extra_json_schema={"dependentRequired": _NEEDED_KEYS})] = ExportSection()


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
    quality: int = 92
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
