"""Training photos: which files are photos, and the rules they must meet.

Photos, captions and the rest are told apart by name; also whether a photo's content was fetched at all (a link into
nothing, or a pointer of Git LFS, git-annex or DVC). `photo_rules` has its type, defaults, JSON Schema and decoder here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from nano_banana.formats.image_formats import HEIC, READABLE_SUFFIXES, UNREADABLE_SUFFIXES, format_of
from nano_banana.model.json_values import JSONObject, as_object, as_text, as_whole


class Severity(StrEnum):
    """What a finding does: stops the work, is warned of, is only told, or is not looked for."""

    REJECT = "reject"
    WARN = "warn"
    NOTE = "note"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRules:
    """What a training set must be like before money is spent on it.

    Counts are of photos; sides and faces in pixels. `small_face` and `small_side` say what breaking those two bounds
    does: the recipe's own bounds reject, the defaults warn. `prefix` is a template that begins every caption.
    """

    least: int = 4
    want: int = 15
    most: int = 30
    faces_per_photo: int = 1
    least_face_px: int = 200
    small_face: Severity = Severity.WARN
    least_side_px: int = 768
    small_side: Severity = Severity.WARN
    blurred: Severity = Severity.REJECT
    near_duplicates: Severity = Severity.WARN
    odd_one_out: Severity = Severity.WARN
    exposure: Severity = Severity.WARN
    prefix: str = ""
    leak_check: Severity = Severity.WARN


DEFAULT_PHOTO_RULES = PhotoRules()

_SEVERITY_CHOICES = [Severity.REJECT.value, Severity.WARN.value, Severity.OFF.value]


def _severity_schema(about: str, default: Severity) -> JSONObject:
    return {"enum": _SEVERITY_CHOICES, "default": default.value, "description": f"{about} `reject`, `warn` or `off`."}


def _count_schema(about: str, default: int) -> JSONObject:
    return {"type": "integer", "minimum": 1, "maximum": 100_000, "default": default, "description": about}


def _bound_schema(about: str, least: str, default: int) -> JSONObject:
    return {
        "type": "object",
        "description": about,
        "properties": {"min": {"type": "integer", "minimum": 0, "maximum": 20_000, "description": least}},
        "required": ["min"],
        "additionalProperties": False,
        "default": {"min": default},
    }


PHOTO_RULES_SCHEMA: JSONObject = {
    "type": "object",
    "description": "What training photos must be like; looked at on this machine by `check`, and before a training "
    "is paid for. `nano-banana photos` tells all of it, with or without these rules.",
    "properties": {
        "count": {
            "type": "object",
            "description": "How many photos train, without those that are held out.",
            "properties": {
                "min": _count_schema("Fewer are refused.", DEFAULT_PHOTO_RULES.least),
                "want": _count_schema("Fewer are warned of.", DEFAULT_PHOTO_RULES.want),
                "max": _count_schema("More are warned of.", DEFAULT_PHOTO_RULES.most),
            },
            "additionalProperties": False,
        },
        "faces_per_photo": {
            "type": "integer",
            "minimum": 0,
            "maximum": 64,
            "default": DEFAULT_PHOTO_RULES.faces_per_photo,
            "description": "Just so many faces in each photo; people far behind do not count. With 0 no face is "
            "looked for (a dog, a chair).",
        },
        "face_px": _bound_schema(
            "The width of the face, in pixels of the photo.",
            "Smaller faces are refused. (Without this rule, those below 200 are warned of.)",
            DEFAULT_PHOTO_RULES.least_face_px,
        ),
        "short_side_px": _bound_schema(
            "The shorter side of the photo, in pixels.",
            "Smaller photos are refused. (Without this rule, those below 768 are warned of.)",
            DEFAULT_PHOTO_RULES.least_side_px,
        ),
        "blurred": _severity_schema("A face out of focus:", DEFAULT_PHOTO_RULES.blurred),
        "near_duplicates": _severity_schema(
            "Photos that are nearly the same, mirrored ones too:", DEFAULT_PHOTO_RULES.near_duplicates
        ),
        "odd_one_out": _severity_schema(
            "A face unlike the others, probably another person:", DEFAULT_PHOTO_RULES.odd_one_out
        ),
        "exposure": _severity_schema("A face far too dark or too bright:", DEFAULT_PHOTO_RULES.exposure),
        "captions": {
            "type": "object",
            "description": "Rules for the captions: the `.txt` files beside the photos.",
            "properties": {
                "prefix": {
                    "type": "string",
                    "minLength": 1,
                    "description": "A template that begins every caption: `photo of {{ subject.trigger }} "
                    "{{ subject.noun }}`. It goes to the trainer.",
                },
                "leak_check": _severity_schema(
                    "A caption that describes what should stay (hair, eyes, skin, age …), which the adapter then "
                    "does not learn:",
                    DEFAULT_PHOTO_RULES.leak_check,
                ),
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
"""The section `photo_rules`."""


def decode_photo_rules(data: JSONObject) -> PhotoRules:
    """The section `photo_rules`, checked already; what it does not say is as in PhotoRules."""
    count, captions = as_object(data.get("count")), as_object(data.get("captions"))
    face, side = as_object(data.get("face_px")), as_object(data.get("short_side_px"))

    def severity(table: JSONObject, name: str, default: Severity) -> Severity:
        return Severity(as_text(table.get(name, default.value)))

    return PhotoRules(
        least=as_whole(count.get("min", DEFAULT_PHOTO_RULES.least)),
        want=as_whole(count.get("want", DEFAULT_PHOTO_RULES.want)),
        most=as_whole(count.get("max", DEFAULT_PHOTO_RULES.most)),
        faces_per_photo=as_whole(data.get("faces_per_photo", DEFAULT_PHOTO_RULES.faces_per_photo)),
        least_face_px=as_whole(face.get("min", DEFAULT_PHOTO_RULES.least_face_px)),
        small_face=Severity.REJECT if face else DEFAULT_PHOTO_RULES.small_face,
        least_side_px=as_whole(side.get("min", DEFAULT_PHOTO_RULES.least_side_px)),
        small_side=Severity.REJECT if side else DEFAULT_PHOTO_RULES.small_side,
        blurred=severity(data, "blurred", DEFAULT_PHOTO_RULES.blurred),
        near_duplicates=severity(data, "near_duplicates", DEFAULT_PHOTO_RULES.near_duplicates),
        odd_one_out=severity(data, "odd_one_out", DEFAULT_PHOTO_RULES.odd_one_out),
        exposure=severity(data, "exposure", DEFAULT_PHOTO_RULES.exposure),
        prefix=as_text(captions.get("prefix", "")),
        leak_check=severity(captions, "leak_check", DEFAULT_PHOTO_RULES.leak_check),
    )


CAPTION_SUFFIXES = (".txt", ".TXT")
OTHER_CAPTION_SUFFIXES = frozenset({".caption", ".cap", ".captions"})
"""What other trainers call captions."""
DOCUMENT_STEMS = frozenset({"readme", "license", "licence", "copying", "notice", "credits"})
"""Names of text files about a whole folder, which are no captions."""

MAX_NAMED = 3
"""Names of files that a sentence holds."""

_POINTER_PREFIXES = (b"version https://git-lfs", b"/annex/objects/")
_MAX_POINTER_BYTES = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedPhotos:
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

    Hidden files are nobody's photos (macOS writes `._IMG_1.jpg` beside `IMG_1.jpg` on foreign disks).
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
    """The folders right inside a folder that hold photos, sorted; hidden ones are nobody's."""
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
