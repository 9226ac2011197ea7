"""Resolves subjects, their photos, held-out photos and existing adapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path

import msgspec

from nano_banana.formats.image_formats import HEIC, RAW, format_of
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.problem import Invalid, did_you_mean
from nano_banana.recipe.recipe_files import nfc
from nano_banana.recipe.recipe_model import ExistingAdapter, FindShelfAdapter, Photo, Subject
from nano_banana.recipe.recipe_sections import AdapterSection, TrainingSetSection
from nano_banana.recipe.resolve_context import ResolveContext, placed_names
from nano_banana.recipe.training_photos import (
    CAPTION_SUFFIXES,
    SortedPhotos,
    first_names,
    folders_with_photos,
    is_not_fetched,
    reads_heic,
    sort_photos,
)

FEW_PHOTOS = 4
"""Photos below which a training learns the photos and not the person."""


def _read_held_out(
    reading: ResolveContext, value: int | str | Sequence[str], photos: Sequence[Photo], where: KeyPath
) -> tuple[frozenset[Path], int]:
    """The photos that are held out by name, or how many are.

    Notes names of none of them, and a set that leaves too few to train.
    """
    count = value if isinstance(value, int) else 0
    paths = [photo.path for photo in photos]
    named = frozenset[Path]() if isinstance(value, int) else _named_photos(reading, value, paths, where)
    left = len(photos) - count - len(named)
    if photos and left < 1:
        reading.wrong("hold_out_all", where, photos=len(photos))
    elif photos and left < min(FEW_PHOTOS, len(photos)):
        reading.warn("few_left", where, left=left, few=FEW_PHOTOS)
    return named, count


def _named_photos(
    reading: ResolveContext, value: str | Sequence[str], photos: Sequence[Path], where: KeyPath
) -> frozenset[Path]:
    """The photos that the names and globs mean: by file name, or by the path from the recipe's folder."""
    found: set[Path] = set()
    for glob, place in placed_names(value, where):
        hits = {path for path in photos if fnmatchcase(path.name, glob) or path == reading.files.folder / glob}
        hits |= {path for path in photos if "/" in glob and fnmatchcase(_recipe_path(reading, path), glob)}
        if not hits and photos:
            near = did_you_mean(glob, [path.name for path in photos])
            reading.wrong("hold_out_none", place, hints=near, name=glob)
        found |= hits
    return frozenset(found)


def read_subjects(reading: ResolveContext) -> Mapping[str, Subject]:
    """Every subject; photos that are missing or no pictures are noted."""
    subjects = {}
    triggers: dict[str, str] = {}
    for name, said in reading.recipe.subjects.items():
        where: KeyPath = ("subjects", name)
        other = triggers.get(said.trigger)
        if other is not None:
            reading.wrong("same_trigger", (*where, "trigger"), trigger=said.trigger, other=other, name=name)
        triggers[said.trigger] = name
        at, held_out, hold_out = (*where, "training_set"), frozenset[Path](), 0
        if isinstance(said.training_set, TrainingSetSection):
            photos = read_photos(reading, said.training_set.photos, (*at, "photos"))
            held_out, hold_out = _read_held_out(reading, said.training_set.hold_out, photos, (*at, "hold_out"))
        else:
            photos = read_photos(reading, said.training_set, at)
        shown = read_photos(reading, said.references, (*where, "references"))
        subjects[name] = Subject(
            name=name,
            noun=said.noun,
            trigger=said.trigger,
            traits=said.traits,
            photos=photos,
            held_out=held_out,
            hold_out=hold_out,
            references=tuple(photo.path for photo in shown),
            consent=msgspec.to_builtins(said.consent) if said.consent else {},
        )
    return subjects


def read_photos(reading: ResolveContext, value: str | Sequence[str] | None, where: KeyPath) -> tuple[Photo, ...]:
    """Photos by file, folder or glob, each once; those that are missing or no pictures are noted."""
    photos: dict[Path, Photo] = {}
    for pattern, place in placed_names(value, where):
        photos |= _photos_of_pattern(reading, pattern, place)
    return tuple(photos.values())


def _photos_of_pattern(reading: ResolveContext, pattern: str, where: KeyPath) -> dict[Path, Photo]:
    if pattern.casefold().endswith(".zip"):
        reading.wrong("photos_zipped", where, path=pattern)
        return {}
    try:
        return _photos_matching(reading, pattern, where)
    except Invalid as error:
        reading.take_over(error, where)
        return {}


def _photos_matching(reading: ResolveContext, pattern: str, where: KeyPath) -> dict[Path, Photo]:
    files = reading.files
    folder = files.is_folder(pattern, confined=False)
    if folder or any(sign in pattern for sign in "*?["):
        listed = files.glob(f"{escape(pattern)}/*" if folder else pattern, confined=False)
        found = sort_photos(listed, heic=reads_heic())
        _note_left_out(reading, pattern, found, where)
        if folder:
            _note_subfolders(reading, pattern, where)
        if not found.photos and not found.absent:
            reading.wrong("no_photos", where, path=pattern)
        return {path: _photo_at(reading, path, where) for path in found.photos}
    if not files.exists(pattern, confined=False):
        return _missing_photo(reading, pattern, where)
    single = files.glob(pattern, confined=False)
    if not single:
        reading.wrong("no_photos", where, path=pattern)
    return {path: _photo_at(reading, path, where) for path in single}


def _missing_photo(reading: ResolveContext, pattern: str, where: KeyPath) -> dict[Path, Photo]:
    """Photos by a name that looks the same; notes one that is not there, with what may have been meant."""
    files = reading.files
    if is_not_fetched(files.locate(pattern, confined=False)):
        reading.wrong("photos_not_fetched", where, path=pattern, count=1, names=Path(pattern).name)
        return {}
    near = files.lookalike(pattern)
    if near is not None and nfc(str(near)) == nfc(str(files.locate(pattern, confined=False))):
        return _photos_matching(reading, str(near), where)
    reading.wrong("photo_missing", where, hints=files.near(pattern), path=pattern)
    return {}


def _note_left_out(reading: ResolveContext, pattern: str, found: SortedPhotos, where: KeyPath) -> None:
    """Note photos that were not fetched, and warn of what is left out; a RAW file beside its JPEG is no loss."""
    if found.absent:
        names = first_names(found.absent)
        reading.wrong("photos_not_fetched", where, path=pattern, count=len(found.absent), names=names)
    for kind, paths in found.left_out.items():
        reading.warn(kind, where, path=pattern, names=first_names(paths))


def _note_subfolders(reading: ResolveContext, folder: str, where: KeyPath) -> None:
    """Warn of folders inside the folder that hold photos, since those are not looked into."""
    deeper = folders_with_photos(reading.files.locate(folder, confined=False))
    if deeper:
        reading.warn("photos_deeper", where, path=folder, names=first_names(deeper))


BAD_PHOTO_KINDS = frozenset(
    {"not_a_picture", "photo_unreadable", "photos_not_fetched", "heic_missing", "picture_raw", "picture_unsupported"}
)
"""What a photo may be noted for that is known of all the same."""


def _photo_at(reading: ResolveContext, path: Path, where: KeyPath) -> Photo:
    _is_picture(reading, path, where)
    captions = (path.with_suffix(suffix) for suffix in CAPTION_SUFFIXES)
    return Photo(path=path, caption=next((file for file in captions if _file_exists(reading, file)), None))


def _file_exists(reading: ResolveContext, path: Path) -> bool:
    return reading.files.exists(path, confined=False)


def _is_picture(reading: ResolveContext, path: Path, where: KeyPath) -> bool:
    """Whether the file is a picture that can be read, by its content; notes one that is not."""
    shown = _recipe_path(reading, path)
    try:
        known = format_of(path)
    except OSError as error:
        reading.wrong("photo_unreadable", where, path=shown, why=error.strerror or str(error))
        return False
    if known is None and is_not_fetched(path):
        reading.wrong("photos_not_fetched", where, path=shown, count=1, names=path.name)
    elif known is None:
        reading.wrong("not_a_picture", where, path=shown)
    elif known is RAW:
        reading.wrong("picture_raw", where, input=shown)
    elif not known.pillow:
        reading.wrong("picture_unsupported", where, input=shown, format=known.name)
    elif known is HEIC and not reads_heic():
        reading.wrong("heic_missing", where, input=shown)
    else:
        return True
    return False


def _recipe_path(reading: ResolveContext, path: Path) -> str:
    """The path as the recipe would write it, where it lies beside the recipe."""
    folder = reading.files.folder
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def existing_file(reading: ResolveContext, path: str, where: KeyPath) -> Path | None:
    """The file at `path`; notes one that is not there."""
    try:
        if reading.files.exists(path, confined=False) and not reading.files.is_folder(path, confined=False):
            return reading.files.locate(path, confined=False)
        reading.wrong("no_such_file", where, hints=reading.files.near(path), path=path)
    except Invalid as error:
        reading.take_over(error, where)
    return None


def existing_picture(reading: ResolveContext, path: str, where: KeyPath) -> Path | None:
    """The picture at `path`; notes one that is not there, and a file that is none."""
    found = existing_file(reading, path, where)
    return found if found is not None and _is_picture(reading, found, where) else None


def existing_pictures(reading: ResolveContext, value: str | Sequence[str] | None, where: KeyPath) -> dict[str, Path]:
    """Pictures by number for a text or a list of texts."""
    found = [existing_picture(reading, path, place) for path, place in placed_names(value, where)]
    return {str(at): path for at, path in enumerate(found) if path is not None}


def read_adapters(reading: ResolveContext, offer: FindShelfAdapter) -> Mapping[str, ExistingAdapter]:
    """The recipe's adapters by name; notes those that are not there, and entries that name none or two."""
    found = {name: _read_adapter(reading, offer, name, said) for name, said in reading.recipe.adapters.items()}
    return {name: adapter for name, adapter in found.items() if adapter is not None}


def _read_adapter(
    reading: ResolveContext, offer: FindShelfAdapter, name: str, said: AdapterSection
) -> ExistingAdapter | None:
    where: KeyPath = ("adapters", name)
    other = "file" if said.file is not None else "base" if said.base is not None else None
    if said.model is not None and other is not None:
        reading.wrong_key("adapter_named_twice", (*where, other), name=name, other=other)
    elif said.model is not None:
        try:
            found = offer(said.model)
        except Invalid as error:
            reading.take_over(error, (*where, "model"))
        else:
            return ExistingAdapter(name=name, **msgspec.structs.asdict(found))
    elif said.file is not None:
        path = existing_file(reading, said.file, (*where, "file"))
        if said.base is not None:
            reading.known("model family", said.base, reading.catalog.families, (*where, "base"))
        return None if path is None else ExistingAdapter(name=name, path=path, base=said.base or "")
    else:
        reading.wrong_key("adapter_nowhere", where, name=name)
    return None
