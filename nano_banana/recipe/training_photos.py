"""Training photos: which files are photos, and the rules they must meet.

Photos, captions and the rest are told apart by name; also whether a photo's content was fetched at all (a link into
nothing, or a pointer of Git LFS, git-annex or DVC). `photo_rules` has its type, defaults, JSON Schema and decoder here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from nano_banana.formats.image_formats import HEIC, READABLE_SUFFIXES, UNREADABLE_SUFFIXES, format_of
from nano_banana.formats.struct_schema import Section, described


class Severity(StrEnum):
    """What a finding does: stops the run, warns, is only reported, or isn't looked for."""

    REJECT = "reject"
    WARN = "warn"
    NOTE = "note"
    OFF = "off"


def _severity(description: str) -> Meta:
    choices = [Severity.REJECT.value, Severity.WARN.value, Severity.OFF.value]
    return described(f"{description} `reject`, `warn` or `off`.", enum=choices)


class PhotoCount(Section, frozen=True):
    """How many photos train, without those that are held out."""

    min: Annotated[int, Meta(ge=1, le=100_000), described("Fewer are refused.")] = 4
    want: Annotated[int, Meta(ge=1, le=100_000), described("Fewer are warned of.")] = 15
    max: Annotated[int, Meta(ge=1, le=100_000), described("More are warned of.")] = 30


class FaceWidth(Section, frozen=True):
    """The width of the face, in pixels of the photo."""

    min: Annotated[
        int,
        Meta(ge=0, le=20_000),
        described("Smaller faces are refused. (Without this rule, those below 200 are warned of.)"),
    ]


class ShortSide(Section, frozen=True):
    """The shorter side of the photo, in pixels."""

    min: Annotated[
        int,
        Meta(ge=0, le=20_000),
        described("Smaller photos are refused. (Without this rule, those below 768 are warned of.)"),
    ]


class CaptionRules(Section, frozen=True):
    """Rules for the captions: the `.txt` files beside the photos."""

    prefix: (
        Annotated[
            str,
            Meta(min_length=1),
            described(
                "A template that begins every caption: `photo of {{ subject.trigger }} {{ subject.noun }}`. It goes to "
                "the trainer."
            ),
        ]
        | None
    ) = None
    leak_check: Annotated[
        Severity,
        _severity(
            "A caption that describes what should stay (hair, eyes, skin, age …), which the adapter then does not "
            "learn:"
        ),
    ] = Severity.WARN

    def __post_init__(self) -> None:
        """Raise ValueError for a severity that no recipe gives."""
        if self.leak_check is Severity.NOTE:
            raise ValueError(self.leak_check)


class PhotoRules(Section, frozen=True):
    """What training photos must be like; looked at on this machine by `check`, and before a training is paid for.

    `nano-banana photos` tells all of it, with or without these rules.
    """

    count: PhotoCount = PhotoCount()
    faces_per_photo: Annotated[
        int,
        Meta(ge=0, le=64),
        described(
            "Just so many faces in each photo; people far behind do not count. With 0 no face is looked for (a dog, a "
            "chair)."
        ),
    ] = 1
    face_px: Annotated[FaceWidth | None, described(FaceWidth.__doc__ or "", usual={"min": 200})] = None
    short_side_px: Annotated[ShortSide | None, described(ShortSide.__doc__ or "", usual={"min": 768})] = None
    blurred: Annotated[Severity, _severity("A face out of focus:")] = Severity.REJECT
    near_duplicates: Annotated[Severity, _severity("Photos that are nearly the same, mirrored ones too:")] = (
        Severity.WARN
    )
    odd_one_out: Annotated[Severity, _severity("A face unlike the others, probably another person:")] = Severity.WARN
    exposure: Annotated[Severity, _severity("A face far too dark or too bright:")] = Severity.WARN
    captions: CaptionRules = CaptionRules()

    def __post_init__(self) -> None:
        """Raise ValueError for a severity that no recipe gives."""
        if Severity.NOTE in (self.blurred, self.near_duplicates, self.odd_one_out, self.exposure):
            raise ValueError(Severity.NOTE)

    @property
    def min_face_px(self) -> int:
        """The width below which a face is too small, in pixels."""
        return self.face_px.min if self.face_px else 200

    @property
    def small_face(self) -> Severity:
        """What a small face does: the recipe's own bound rejects, the default warns."""
        return Severity.REJECT if self.face_px else Severity.WARN

    @property
    def min_side_px(self) -> int:
        """The shorter side below which a photo is too small, in pixels."""
        return self.short_side_px.min if self.short_side_px else 768

    @property
    def small_side(self) -> Severity:
        """What a small photo does, likewise."""
        return Severity.REJECT if self.short_side_px else Severity.WARN


DEFAULT_PHOTO_RULES = PhotoRules()


CAPTION_SUFFIXES = (".txt", ".TXT")
OTHER_CAPTION_SUFFIXES = frozenset({".caption", ".cap", ".captions"})
"""What other trainers call captions."""
DOCUMENT_STEMS = frozenset({"readme", "license", "licence", "copying", "notice", "credits"})
"""Names of text files about a whole folder, which are no captions."""

MAX_NAMED = 3
"""Names of files that a sentence holds."""

_POINTER_PREFIXES = (b"version https://git-lfs", b"/annex/objects/")
_MAX_POINTER_BYTES = 2048


class SortedPhotos(Struct, frozen=True, kw_only=True):
    """The files of a folder or a pattern: what is used of them, and what is not.

    `absent` are photos that are named there but whose content is not on this machine; `unreadable` photos in formats
    that can't be read; `copies` HEIC photos that have another photo of the same name beside them.
    """

    photos: tuple[Path, ...]
    absent: tuple[Path, ...] = ()
    unreadable: tuple[Path, ...] = ()
    copies: tuple[Path, ...] = ()
    captions: tuple[Path, ...] = ()
    """Captions that no photo takes."""

    @property
    def left_out(self) -> Mapping[str, tuple[Path, ...]]:
        """What is not used although somebody may think that it is, by the kind of the warning."""
        groups = {
            "photos_left_out": self.unreadable,
            "photos_copies": self.copies,
            "captions_left_out": self.captions,
        }
        return {kind: paths for kind, paths in groups.items() if paths and self.photos}


def sort_photos(paths: Iterable[Path], *, heic: bool) -> SortedPhotos:
    """Tell photos from the rest by their names; `heic`: whether what reads HEIC is installed.

    Hidden files aren't photos (macOS writes `._IMG_1.jpg` beside `IMG_1.jpg` on foreign disks).
    """
    seen = [path for path in paths if not path.name.startswith(".")]
    readable = READABLE_SUFFIXES if heic else READABLE_SUFFIXES - set(HEIC.suffixes)
    named = [path for path in seen if path.suffix.casefold() in readable]
    absent = {path for path in named if is_not_fetched(path)} | _dvc_photos(seen)
    here = [path for path in named if path not in absent]
    copies = _heic_copies(here)
    photos = [path for path in here if path not in copies]
    stems = {path.with_suffix("") for path in here}
    unreadable = UNREADABLE_SUFFIXES | (set() if heic else set(HEIC.suffixes))
    lost = [path for path in seen if path.suffix.casefold() in unreadable and path.with_suffix("") not in stems]
    return SortedPhotos(
        photos=tuple(photos),
        absent=tuple(sorted(absent)),
        unreadable=tuple(lost),
        copies=tuple(sorted(copies)),
        captions=tuple(_unused_captions(seen, stems)),
    )


def folders_with_photos(folder: Path) -> list[Path]:
    """The folders right inside a folder that hold photos, sorted, without hidden ones."""
    return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".") and _holds_photos(path)]


def _holds_photos(path: Path) -> bool:
    try:
        return path.is_dir() and any(inside.suffix.casefold() in READABLE_SUFFIXES for inside in path.iterdir())
    except OSError:
        return False


def is_not_fetched(path: Path) -> bool:
    """Whether a photo's content was not fetched: a link into nothing, or a pointer of Git LFS or git-annex."""
    try:
        if path.stat().st_size > _MAX_POINTER_BYTES:
            return False
        with path.open("rb") as file:
            return file.read(64).startswith(_POINTER_PREFIXES)
    except FileNotFoundError:
        return path.is_symlink()
    except OSError:
        return False


def first_names(paths: Iterable[Path]) -> str:
    """The first few names, for a sentence."""
    names = [path.name for path in paths]
    return ", ".join(names[:MAX_NAMED]) + (" …" if len(names) > MAX_NAMED else "")


def _heic_copies(photos: Iterable[Path]) -> set[Path]:
    photos = list(photos)
    others = {path.with_suffix("") for path in photos if path.suffix.casefold() not in HEIC.suffixes}
    return {path for path in photos if path.suffix.casefold() in HEIC.suffixes and path.with_suffix("") in others}


def _dvc_photos(paths: Iterable[Path]) -> set[Path]:
    """Photos that only a `.dvc` file is there of."""
    tracked = {path.with_suffix("") for path in paths if path.suffix.casefold() == ".dvc"}
    return {path for path in tracked if path.suffix.casefold() in READABLE_SUFFIXES and not path.exists()}


def _unused_captions(paths: Iterable[Path], stems: set[Path]) -> Iterable[Path]:
    for path in paths:
        suffix = path.suffix.casefold()
        taken = path.suffix in CAPTION_SUFFIXES and path.with_suffix("") in stems
        is_text = suffix == ".txt" and path.stem.casefold() not in DOCUMENT_STEMS
        if suffix in OTHER_CAPTION_SUFFIXES or (is_text and not taken):
            yield path


def picture_media_type(path: Path) -> str | None:
    """The media type, or None where the file is no picture. Raises OSError where it can't be read."""
    known = format_of(path)
    return None if known is None else known.media


@functools.cache
def reads_heic() -> bool:
    """Whether the extra that reads HEIC is installed."""
    return find_spec("pi_heif") is not None
