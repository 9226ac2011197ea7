"""Subjects, and the pictures of them that a recipe names."""

from __future__ import annotations

from collections.abc import Mapping
from glob import escape
from pathlib import Path

from nano_banana.core.errors import Invalid
from nano_banana.core.json import JSONValue
from nano_banana.core.json import as_items
from nano_banana.core.json import as_object
from nano_banana.core.json import as_text
from nano_banana.recipe.model import Photo
from nano_banana.recipe.model import Subject
from nano_banana.recipe.model import Where
from nano_banana.recipe.resolve.holdout import read_held_out
from nano_banana.recipe.resolve.pictures import CAMERA_SUFFIXES
from nano_banana.recipe.resolve.pictures import HEIC
from nano_banana.recipe.resolve.pictures import HEIC_SUFFIXES
from nano_banana.recipe.resolve.pictures import PICTURE_SUFFIXES
from nano_banana.recipe.resolve.pictures import picture_media
from nano_banana.recipe.resolve.pictures import reads_heic
from nano_banana.recipe.resolve.reading import Reading

MOST_NAMED = 3
"""Names of files that a sentence holds."""


def read_subjects(reading: Reading) -> Mapping[str, Subject]:
    """Every subject; photos that are missing or no pictures are noted."""
    subjects = {}
    triggers: dict[str, str] = {}
    for name, value in reading.section("subjects").items():
        where: Where = ("subjects", name)
        data = as_object(value)
        trigger = as_text(data["trigger"])
        if trigger in triggers:
            reading.wrong("same_trigger", (*where, "trigger"), trigger=trigger, other=triggers[trigger], name=name)
        triggers[trigger] = name
        training_set = data.get("training_set")
        photos = photo_set(reading, training_set, (*where, "training_set"))
        hold_out = training_set.get("hold_out") if isinstance(training_set, Mapping) else None
        held = read_held_out(reading, hold_out, photos, (*where, "training_set", "hold_out"))
        shown = photo_set(reading, data.get("references"), (*where, "references"))
        subjects[name] = Subject(
            name=name,
            noun=as_text(data["noun"]),
            trigger=trigger,
            traits={trait: as_text(words) for trait, words in as_object(data.get("traits")).items()},
            photos=photos,
            held_out=held.named,
            hold_out=held.count,
            references=tuple(photo.path for photo in shown),
            consent=as_object(data.get("consent")),
        )
    return subjects


def photo_set(reading: Reading, value: JSONValue, where: Where) -> tuple[Photo, ...]:
    """Photos by file, folder or glob, each once; those that are missing or no pictures are noted."""
    if isinstance(value, Mapping):
        return photo_set(reading, value["photos"], (*where, "photos"))
    photos: dict[Path, Photo] = {}
    for at, item in enumerate(as_items(value)):
        photos |= _photos(reading, as_text(item), where if isinstance(value, str) else (*where, at))
    return tuple(photos.values())


def _photos(reading: Reading, pattern: str, where: Where) -> dict[Path, Photo]:
    if pattern.casefold().endswith(".zip"):
        reading.wrong("photos_zipped", where, path=pattern)
        return {}
    try:
        return _found(reading, pattern, where)
    except Invalid as error:
        reading.take_over(error, where)
        return {}


def _found(reading: Reading, pattern: str, where: Where) -> dict[Path, Photo]:
    files = reading.files
    folder = files.is_folder(pattern, confined=False)
    globbed = folder or any(sign in pattern for sign in "*?[")
    if not globbed and not files.exists(pattern, confined=False):
        reading.wrong("photo_missing", where, path=pattern)
        return {}
    found = files.glob(f"{escape(pattern)}/*" if folder else pattern, confined=False)
    if globbed:
        taken = PICTURE_SUFFIXES | (HEIC_SUFFIXES if reads_heic() else frozenset())
        others = [path for path in found if path.suffix.casefold() in (CAMERA_SUFFIXES | HEIC_SUFFIXES) - taken]
        found = _once([path for path in found if path.suffix.casefold() in taken])
        _say_left_out(reading, pattern, others, found, where)
    if not found:
        reading.wrong("no_photos", where, path=pattern)
    return {path: _photo(reading, path, where) for path in found}


def _once(photos: list[Path]) -> list[Path]:
    """The photos without the HEIC ones that have a copy of the same name beside them."""
    copies = {path.with_suffix("") for path in photos if path.suffix.casefold() not in HEIC_SUFFIXES}
    return [
        path for path in photos if path.suffix.casefold() not in HEIC_SUFFIXES or path.with_suffix("") not in copies
    ]


def _say_left_out(reading: Reading, pattern: str, others: list[Path], taken: list[Path], where: Where) -> None:
    """Warn of photos of other kinds; cameras write a RAW file beside its JPEG, which is no loss."""
    beside = {path.with_suffix("") for path in taken}
    lost = [path.name for path in others if path.with_suffix("") not in beside]
    if lost and taken:
        names = ", ".join(lost[:MOST_NAMED]) + (" …" if len(lost) > MOST_NAMED else "")
        reading.warn("photos_left_out", where, path=pattern, names=names)


BAD_PHOTOS = frozenset({"not_a_picture", "photo_unreadable", "heic_missing"})
"""What a photo may be noted for that is known of all the same."""


def _photo(reading: Reading, path: Path, where: Where) -> Photo:
    _is_picture(reading, path, where, heic=True)
    caption = path.with_suffix(".txt")
    has_caption = reading.files.exists(caption, confined=False)
    return Photo(path=path, caption=caption if has_caption else None)


def _is_picture(reading: Reading, path: Path, where: Where, *, heic: bool = False) -> bool:
    """Whether the file begins like a picture (`heic`: a HEIC photo is one); notes one that does not."""
    try:
        media = picture_media(path)
    except OSError as error:
        reading.wrong("photo_unreadable", where, path=_shown(reading, path), why=error.strerror or str(error))
        return False
    if heic and media == HEIC and not reads_heic():
        reading.wrong("heic_missing", where, input=_shown(reading, path))
        return False
    if media is None or (media == HEIC and not heic):
        reading.wrong("not_a_picture", where, path=_shown(reading, path))
        return False
    return True


def _shown(reading: Reading, path: Path) -> str:
    """The path as the recipe would write it, where it lies beside the recipe."""
    folder = reading.files.folder
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def existing(reading: Reading, path: str, where: Where) -> Path | None:
    """The file at `path`; notes one that is not there."""
    try:
        if reading.files.exists(path, confined=False) and not reading.files.is_folder(path, confined=False):
            return reading.files.locate(path, confined=False)
        reading.wrong("no_such_file", where, path=path)
    except Invalid as error:
        reading.take_over(error, where)
    return None


def existing_picture(reading: Reading, path: str, where: Where) -> Path | None:
    """The picture at `path`; notes one that is not there, and a file that is none."""
    found = existing(reading, path, where)
    return found if found is not None and _is_picture(reading, found, where) else None


def pictures_of(reading: Reading, value: JSONValue, where: Where) -> dict[str, Path]:
    """Pictures by number for a text or a list of texts."""
    found = {}
    for at, item in enumerate(as_items(value)):
        path = existing_picture(reading, as_text(item), where if isinstance(value, str) else (*where, at))
        if path is not None:
            found[str(at)] = path
    return found
