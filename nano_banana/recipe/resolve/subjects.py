"""Subjects, and the pictures of them that a recipe names."""

from __future__ import annotations

from collections.abc import Mapping
from glob import escape
from pathlib import Path

from nano_banana.core.errors import Invalid
from nano_banana.core.image_formats import HEIC, RAW, format_of
from nano_banana.core.json import JSONValue, as_items, as_object, as_text
from nano_banana.recipe.files import composed
from nano_banana.recipe.model import Photo, Subject, Where
from nano_banana.recipe.photo_files import (
    CAPTION_SUFFIXES,
    PhotoFiles,
    folders_with_photos,
    is_absent,
    named_few,
    sorted_files,
)
from nano_banana.recipe.resolve.holdout import read_held_out
from nano_banana.recipe.resolve.pictures import reads_heic
from nano_banana.recipe.resolve.reading import Reading


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
    if folder or any(sign in pattern for sign in "*?["):
        listed = files.glob(f"{escape(pattern)}/*" if folder else pattern, confined=False)
        found = sorted_files(listed, heic=reads_heic())
        _say_left_out(reading, pattern, found, where)
        if folder:
            _say_deeper(reading, pattern, where)
        if not found.photos and not found.absent:
            reading.wrong("no_photos", where, path=pattern)
        return {path: _photo(reading, path, where) for path in found.photos}
    if not files.exists(pattern, confined=False):
        return _not_there(reading, pattern, where)
    single = files.glob(pattern, confined=False)
    if not single:
        reading.wrong("no_photos", where, path=pattern)
    return {path: _photo(reading, path, where) for path in single}


def _not_there(reading: Reading, pattern: str, where: Where) -> dict[Path, Photo]:
    """Photos by a name that looks the same; notes one that is not there, with what may have been meant."""
    files = reading.files
    if is_absent(files.locate(pattern, confined=False)):
        reading.wrong("photos_not_fetched", where, path=pattern, count=1, names=Path(pattern).name)
        return {}
    near = files.lookalike(pattern)
    if near is not None and composed(str(near)) == composed(str(files.locate(pattern, confined=False))):
        return _found(reading, str(near), where)
    reading.wrong("photo_missing", where, hints=files.near(pattern), path=pattern)
    return {}


def _say_left_out(reading: Reading, pattern: str, found: PhotoFiles, where: Where) -> None:
    """Note photos that were not fetched, and warn of what is left out; a RAW file beside its JPEG is no loss."""
    if found.absent:
        names = named_few(found.absent)
        reading.wrong("photos_not_fetched", where, path=pattern, count=len(found.absent), names=names)
    for kind, paths in found.left_out.items():
        reading.warn(kind, where, path=pattern, names=named_few(paths))


def _say_deeper(reading: Reading, folder: str, where: Where) -> None:
    """Warn of folders inside the folder that hold photos, since those are not looked into."""
    deeper = folders_with_photos(reading.files.locate(folder, confined=False))
    if deeper:
        reading.warn("photos_deeper", where, path=folder, names=named_few(deeper))


BAD_PHOTOS = frozenset(
    {"not_a_picture", "photo_unreadable", "photos_not_fetched", "heic_missing", "picture_raw", "picture_unsupported"}
)
"""What a photo may be noted for that is known of all the same."""


def _photo(reading: Reading, path: Path, where: Where) -> Photo:
    _is_picture(reading, path, where)
    captions = (path.with_suffix(suffix) for suffix in CAPTION_SUFFIXES)
    return Photo(path=path, caption=next((file for file in captions if _is_there(reading, file)), None))


def _is_there(reading: Reading, path: Path) -> bool:
    return reading.files.exists(path, confined=False)


def _is_picture(reading: Reading, path: Path, where: Where) -> bool:
    """Whether the file is a picture that can be read, by its content; notes one that is not."""
    shown = _shown(reading, path)
    try:
        known = format_of(path)
    except OSError as error:
        reading.wrong("photo_unreadable", where, path=shown, why=error.strerror or str(error))
        return False
    if known is None and is_absent(path):
        reading.wrong("photos_not_fetched", where, path=shown, count=1, names=path.name)
    elif known is None:
        reading.wrong("not_a_picture", where, path=shown)
    elif known is RAW:
        reading.wrong("picture_raw", where, input=shown)
    elif not known.readable:
        reading.wrong("picture_unsupported", where, input=shown, format=known.name)
    elif known is HEIC and not reads_heic():
        reading.wrong("heic_missing", where, input=shown)
    else:
        return True
    return False


def _shown(reading: Reading, path: Path) -> str:
    """The path as the recipe would write it, where it lies beside the recipe."""
    folder = reading.files.folder
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def existing(reading: Reading, path: str, where: Where) -> Path | None:
    """The file at `path`; notes one that is not there."""
    try:
        if reading.files.exists(path, confined=False) and not reading.files.is_folder(path, confined=False):
            return reading.files.locate(path, confined=False)
        reading.wrong("no_such_file", where, hints=reading.files.near(path), path=path)
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
