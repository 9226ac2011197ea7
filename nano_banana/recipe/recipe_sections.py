"""What a recipe may say: its sections, each declared once.

The structs give the JSON Schema (`json_schema`), the decoder and the types. Those of stages are beside their kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias, get_args

from msgspec import Meta, field

from nano_banana.catalog.provider_registry import BUILT_IN
from nano_banana.formats.struct_schema import AnyJSON, Section, described
from nano_banana.model.json_values import JSONObject
from nano_banana.model.ticket import ResendPolicy
from nano_banana.recipe.naming import UNIQUE, AxisName, Name, Names, OneWord, PlaceName, Scalar, Text
from nano_banana.recipe.training_photos import PhotoRules

EVERYTHING = "all"
"""Stands for every subject, shot or value."""


class TrainingSetSection(Section, frozen=True):
    """The photos that train, and those that are held out."""

    photos: Annotated[Names, described("A folder, a glob, or a list of them.")]
    hold_out: Annotated[
        Annotated[int, Meta(ge=0)] | Names,
        described(
            "Photos that never train, for a gate to judge likeness by: so many, drawn by lot from their content "
            "(neither names nor order matter), or their names or globs."
        ),
    ] = 0


class ConsentSection(Section, frozen=True, omit_defaults=True):
    """Who allowed the use of this face, when and for what; kept in the manifest."""

    given_by: Annotated[str | None, described("The person who gave it.")] = None
    on: Annotated[str | None, described("The date, as YYYY-MM-DD.")] = None
    uses: Annotated[list[str] | None, described("What for.")] = None


class SubjectSection(Section, frozen=True, kw_only=True):
    """One person: `{noun: woman, trigger: anqz7, training_set: photos/ana}`."""

    noun: Annotated[Text, described("The class word that follows the trigger.")]
    trigger: Annotated[OneWord, described("The rare word that the adapter learns this person by, for example `anqz7`.")]
    training_set: Annotated[
        Names | TrainingSetSection | None,
        described("The photos that train: a folder, a glob, a list of them, or an object."),
    ] = None
    references: Annotated[
        Names | None,
        described(
            "The photos that endpoints get which draw a person from pictures (`identity: reference`): a file, a "
            "folder, a glob, or a list; the training set by default."
        ),
    ] = None
    traits: Annotated[
        dict[str, Annotated[str, described("The words of one trait.")]],
        described("Words about the person for templates: `{{ subject.traits.hair }}`."),
    ] = field(default_factory=dict)
    consent: ConsentSection | None = None

    @property
    def has_photos(self) -> bool:
        """Whether the recipe names photos of the person."""
        return self.training_set is not None or self.references is not None


class AdapterSection(Section, frozen=True):
    """An adapter that is there already: one on the shelf (`model`), or a `.safetensors` file (`file`)."""

    model: Annotated[
        Text | None,
        described(
            "A name on the shelf, with a version or a tag: `ana`, `ana@3`, `ana@latest`; see `nano-banana models`."
        ),
    ] = None
    file: Annotated[Text | None, described("The path of the file.")] = None
    base: Annotated[
        str | None,
        described("The model family that the file was made for: `flux-1` …; the shelf knows its own."),
    ] = None

    def __post_init__(self) -> None:
        """Raise ValueError if it says nothing."""
        if {self.model, self.file, self.base} == {None}:
            raise ValueError("empty")


_Field: TypeAlias = Annotated[
    Scalar | None, described("A field; one that other values have and this one lacks reads as nothing.")
]
AxisEntry: TypeAlias = Text | dict[str, _Field]
"""A value of an axis: a text, or fields."""

AxisSection: TypeAlias = Annotated[
    Annotated[tuple[Text, ...], Meta(min_length=1)]
    | Annotated[
        dict[
            Name,
            Annotated[AxisEntry, described("The value: a text, or fields for templates (`{{ scene.light }}`).")],
        ],
        Meta(min_length=1),
    ],
    described("The values of one axis, by key; or a list of plain texts."),
]


class TemplateSource(Section, frozen=True):
    """Where a template's text is: in a file, or in a pack."""

    file: Annotated[Text | None, described("A text file in the recipe's folder.")] = None
    pack: Annotated[Text | None, described("A pack and its template: `cinema/noir-detective`.")] = None
    version: Annotated[Text | None, described('Which versions of the pack will do: `">=1.2,<2"`.')] = None
    values: Annotated[
        dict[str, Annotated[Scalar, described("The value.")]] | None,
        described("Values for the template's variables, which may be templates over axes.", usual={}),
    ] = field(name="with", default=None)

    def __post_init__(self) -> None:
        """Raise ValueError unless it has just one of the two forms."""
        of_pack = {self.pack, self.version, self.values is not None} != {None, False}
        if (self.file is None) != of_pack or (of_pack and self.pack is None):
            raise ValueError("form")


class SeedCount(Section, frozen=True):
    """So many seeds, derived from names."""

    count: Annotated[int, Meta(ge=1, le=10_000), described("How many seeds.")]
    salt: Annotated[str, described("Another salt, other seeds.")] = ""


class Identity(StrEnum):
    """How a person gets into a picture."""

    ADAPTER = "adapter"
    """Drawn with the adapter that was trained of them."""
    BY_FACE = "by_face"
    """Strangers are drawn; then each face is painted over with its own person's adapter."""
    REFERENCE = "reference"
    """Photos of them go to an editing endpoint."""


MAX_CAST = 8
"""People in one picture."""

_CastPlaces: TypeAlias = Annotated[
    dict[PlaceName, Names],
    Meta(min_length=1, max_length=MAX_CAST),
    Meta(
        extra_json_schema={
            "instead": {
                "properties": {
                    "each": {
                        "description": "The subjects in turn, or `all`.",
                        "anyOf": [
                            {"type": "string", "minLength": 1},
                            {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
                        ],
                    }
                },
                "additionalProperties": {
                    "type": "string",
                    "minLength": 1,
                    "description": "Who stands at this place; templates write it as `{{ cast.left.noun }}`.",
                },
            }
        }
    ),
]


class ShotSection(Section, frozen=True, kw_only=True):
    """A template × a cast × one value of each axis; with a seed it is a take."""

    template: Annotated[Text | None, described("The name of a template, or the prompt itself.")] = None
    cast: Annotated[
        Text | Annotated[tuple[Text, ...], Meta(min_length=2, max_length=MAX_CAST)] | _CastPlaces | None,
        described(
            "Who is in the picture: a subject; `{each: [ana, ben]}` (or `all`), one a picture in turn; or several in "
            "one, from left to right: `{left: ana, right: ben}` or `[ana, ben]`."
        ),
    ] = None
    identity: Annotated[
        Identity,
        described(
            "How people get into the picture: with the adapter trained of them; `by_face`: strangers are drawn, and "
            "an `inpaint` with `assign: cast` gives each their own face; `reference`: the endpoint gets photos of "
            "them.",
            choices=[*Identity],
        ),
    ] = Identity.ADAPTER
    matrix: Annotated[
        dict[AxisName, Annotated[Names, described("The axis's values here: `all`, one, or a list.")]],
        described("Axis to values: `all`, a list of keys, or plain texts where the axis is not declared."),
    ] = field(default_factory=dict)
    exclude: Annotated[
        tuple[
            Annotated[
                dict[str, Annotated[Names, described("The value or values that are left out.")]], Meta(min_length=1)
            ],
            ...,
        ],
        described("Combinations to leave out: each entry names a value for some axes (or `subject`)."),
    ] = ()
    pictures: Annotated[
        Names | None,
        described(
            "Picture files, folders or globs that are there already, for an `open` stage: a take each, by the axis "
            "`picture`. Then `template` and `seeds` may be left out."
        ),
    ] = None
    seeds: Annotated[
        Annotated[tuple[Annotated[int, Meta(ge=0, le=4_294_967_295)], ...], Meta(min_length=1), UNIQUE]
        | SeedCount
        | None,
        described("Seeds of the takes: a list, or `{count: 4}` for seeds derived from names."),
    ] = None

    def __post_init__(self) -> None:
        """Raise ValueError if there is nothing to draw by, or if several stand at one place."""
        if self.pictures is None and (self.template is None or self.seeds is None):
            raise ValueError("nothing to draw by")
        if isinstance(self.cast, dict) and not all(
            isinstance(self.cast[at], str) for at in self.cast.keys() - {"each"}
        ):
            raise ValueError("cast")


_NEEDED_TO_DRAW: JSONObject = {
    "if": {"not": {"required": ["pictures"]}},
    "then": {
        "properties": {"template": {"description": "The prompt."}, "seeds": {"description": "One take each."}},
        "required": ["template", "seeds"],
    },
}


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

    def __post_init__(self) -> None:
        """Raise ValueError for a name that stands for no span."""
        if isinstance(self.uploads_expire_after, str) and self.uploads_expire_after not in _EXPIRY_SECONDS:
            raise ValueError(self.uploads_expire_after)

    @property
    def upload_seconds(self) -> int | None:
        """How long uploads stay, in seconds; None for ever."""
        span = self.uploads_expire_after
        return _EXPIRY_SECONDS[span] if isinstance(span, str) else span


EXPORT_MEDIA = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
"""What pictures may be handed out as."""

NAMED_CROPS = {"linkedin": (800, 800), "instagram": (1080, 1350), "x": (400, 400), "youtube": (800, 800)}
"""Sizes that have a name: what these sites want of a profile's picture (of Instagram: of a portrait), in pixels."""

MAX_SIDE = 16_384
DEFAULT_QUALITY = 92
DEFAULT_NAME = "{{ take }}"


_Shown: TypeAlias = Literal["score", "verdict", "cost", "seed", "attempt"]
_SheetFormat: TypeAlias = Literal["html", "png", "pdf"]
_ExportFormat: TypeAlias = Literal["png", "jpeg", "webp"]
_CropCentre: TypeAlias = Literal["face", "centre"]
_Embedded: TypeAlias = Literal["recipe", "ai_source", "c2pa"]


def _in_order(choices: object) -> Meta:
    """The values of a `Literal` in its own order: msgspec sorts them."""
    return Meta(extra_json_schema={"choices": list(get_args(choices))})


_AxisNames: TypeAlias = AxisName | Annotated[tuple[AxisName, ...], UNIQUE]


class SheetSection(Section, frozen=True, kw_only=True):
    """A contact sheet of the takes, written after each run into the output folder."""

    contact_sheet: Annotated[Names, described("Whose pictures: a stage, `stage.shot`, or a list of them.")]
    rows: Annotated[_AxisNames | None, described("The axes (also `subject`, `shot`, `seed`) that go downwards.")] = None
    columns: Annotated[_AxisNames | None, described("The axes that go to the right.")] = None
    show: Annotated[
        tuple[Annotated[_Shown, _in_order(_Shown)], ...],
        UNIQUE,
        described("What is written below each picture."),
    ] = ("score", "verdict")
    formats: Annotated[
        tuple[Annotated[_SheetFormat, _in_order(_SheetFormat)], ...],
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
        Text | None,
        described(
            "The name of each copy, a template: the take's names, `cast` (who is in it), `take`, `stage`, `way`, "
            "`verdict`, `recipe`. Slashes make folders; the suffix is the picture's own.",
            usual=DEFAULT_NAME,
        ),
    ] = None
    zip: Annotated[Text | None, described("A ZIP of the copies, from the recipe's own folder.")] = None
    format: Annotated[
        _ExportFormat | None, _in_order(_ExportFormat), described("The copies' format; the picture's own by default.")
    ] = None
    quality: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | None,
        described("How good a JPEG or a WebP is; the higher, the larger.", usual=DEFAULT_QUALITY),
    ] = None
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
        _CropCentre | None,
        _in_order(_CropCentre),
        described("What the crop is centred on: the face (of several people, all faces) or the picture.", usual="face"),
    ] = None
    embed: Annotated[
        tuple[Annotated[_Embedded, _in_order(_Embedded)], ...],
        UNIQUE,
        described(
            "What is written into every picture besides that it is AI-made, which is written always: the take's "
            "`recipe`, `c2pa` content credentials. `[]`: nothing."
        ),
    ] = ("recipe", "ai_source")

    def __post_init__(self) -> None:
        """Raise ValueError for a key that means nothing without another one."""
        for name, needs in _NEEDED_KEYS.items():
            if getattr(self, name) is not None and any(getattr(self, other) is None for other in needs):
                raise ValueError(name)


_NEEDED_KEYS = {
    **{name: ["export"] for name in ("name", "to", "zip", "format", "quality", "longest_side", "crop")},
    "crop_around": ["crop"],
}


class OutputsSection(Section, frozen=True):
    """What becomes of the pictures: a contact sheet, copies under names of your own."""

    sheet: SheetSection | None = None
    files: Annotated[ExportSection, Meta(extra_json_schema={"dependentRequired": _NEEDED_KEYS})] = ExportSection()


class RecipeSection(Section, frozen=True, kw_only=True):
    """A reproducible set of portraits: the people, the shots, and the stages they go through."""

    nano_banana: Annotated[AnyJSON, described("The format's version, and the first key: `nano_banana: 1`.", const=1)]
    name: Annotated[Name, described("The recipe's name; the output folder is named for it.")]
    provider: Annotated[
        str | None,
        described(
            "The provider of the paid work; `--provider` overrides it.",
            examples=[name for name, spec in BUILT_IN.items() if spec.selectable],
        ),
    ] = None
    vars: Annotated[
        dict[str, Annotated[Scalar | None, described("Its value.")]],
        described("Values for templates: `{{ company }}`; `--set company=Other` wins."),
    ] = field(default_factory=dict)
    include: Annotated[Names | None, described("Other files of the same shape, merged into this one.")] = None
    limits: RunLimits = RunLimits()
    privacy: Privacy = Privacy()
    subjects: Annotated[dict[Name, SubjectSection], described("The people, by name.")] = field(default_factory=dict)
    photo_rules: PhotoRules | None = None
    adapters: Annotated[
        dict[Name, Annotated[AdapterSection, Meta(extra_json_schema={"minProperties": 1})]],
        described("Adapters that are there already, by name."),
    ] = field(default_factory=dict)
    axes: Annotated[dict[AxisName, AxisSection], described("What varies from shot to shot: scene, style, light …")] = (
        field(default_factory=dict)
    )
    templates: Annotated[
        dict[
            Name,
            Annotated[
                Text | TemplateSource,
                described(
                    "A prompt: a Jinja text, `{file: prompts/portrait.j2}`, or `{pack: cinema/noir-detective}`.",
                    forms=[["file"], ["pack", "version", "with"]],
                ),
            ],
        ],
        described("Prompts, by name."),
    ] = field(default_factory=dict)
    shots: Annotated[
        dict[Name, Annotated[ShotSection, Meta(extra_json_schema=dict(_NEEDED_TO_DRAW))]],
        described("What to take, by name."),
    ] = field(default_factory=dict)
    outputs: OutputsSection = OutputsSection()
    stages: Annotated[tuple[dict[str, AnyJSON], ...], Meta(max_length=100), described("The work, in order.")] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for another version of the format."""
        if self.nano_banana != 1 or isinstance(self.nano_banana, bool):
            raise ValueError("version")
