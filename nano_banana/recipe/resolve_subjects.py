"""Resolves subjects, their photos, held-out photos and existing adapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path

from msgspec import Struct

from nano_banana.formats.image_formats import HEIC, RAW, format_of
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object, as_text
from nano_banana.model.problem import Invalid, did_you_mean
from nano_banana.recipe.recipe_files import nfc
from nano_banana.recipe.recipe_model import ExistingAdapter, FindShelfAdapter, Photo, Subject
from nano_banana.recipe.resolve_context import ResolveContext
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


class HeldOutPhotos(Struct, frozen=True, kw_only=True):
    """The photos that are held out by name, or how many are to be chosen."""

    named: frozenset[Path] = frozenset()
    count: int = 0


def read_held_out(reading: ResolveContext, value: JSONValue, photos: Sequence[Photo], where: KeyPath) -> HeldOutPhotos:
    """Which of the photos are held out. Notes names of none of them, and a set that leaves too few to train."""
    if isinstance(value, int | float):
        held = HeldOutPhotos(count=int(value))
        left = len(photos) - held.count
    else:
        held = HeldOutPhotos(named=_named_photos(reading, value, [photo.path for photo in photos], where))
        left = len(photos) - len(held.named)
    if photos and (held.count or held.named):
        if left < 1:
            reading.wrong("hold_out_all", where, photos=len(photos))
        elif left < FEW_PHOTOS:
            reading.warn("few_left", where, left=left, few=FEW_PHOTOS)
    return held


def _named_photos(reading: ResolveContext, value: JSONValue, photos: Sequence[Path], where: KeyPath) -> frozenset[Path]:
    """The photos that the names and globs mean: by file name, or by the path from the recipe's folder."""
    found: set[Path] = set()
    for at, item in enumerate(as_items(value)):
        glob = as_text(item)
        hits = {path for path in photos if fnmatchcase(path.name, glob) or path == reading.files.folder / glob}
        hits |= {path for path in photos if "/" in glob and fnmatchcase(_path_in_recipe(reading, path), glob)}
        if not hits and photos:
            near = did_you_mean(glob, [path.name for path in photos])
            reading.wrong("hold_out_none", where if isinstance(value, str) else (*where, at), hints=near, name=glob)
        found |= hits
    return frozenset(found)


def _path_in_recipe(reading: ResolveContext, path: Path) -> str:
    folder = reading.files.folder
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def read_subjects(reading: ResolveContext) -> Mapping[str, Subject]:
    """Every subject; photos that are missing or no pictures are noted."""
    subjects = {}
    triggers: dict[str, str] = {}
    for name, value in reading.section("subjects").items():
        where: KeyPath = ("subjects", name)
        data = as_object(value)
        trigger = as_text(data["trigger"])
        if trigger in triggers:
            reading.wrong("same_trigger", (*where, "trigger"), trigger=trigger, other=triggers[trigger], name=name)
        triggers[trigger] = name
        training_set = data.get("training_set")
        photos = read_photos(reading, training_set, (*where, "training_set"))
        hold_out = training_set.get("hold_out") if isinstance(training_set, Mapping) else None
        held = read_held_out(reading, hold_out, photos, (*where, "training_set", "hold_out"))
        shown = read_photos(reading, data.get("references"), (*where, "references"))
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


def read_photos(reading: ResolveContext, value: JSONValue, where: KeyPath) -> tuple[Photo, ...]:
    """Photos by file, folder or glob, each once; those that are missing or no pictures are noted."""
    if isinstance(value, Mapping):
        return read_photos(reading, value["photos"], (*where, "photos"))
    photos: dict[Path, Photo] = {}
    for at, item in enumerate(as_items(value)):
        photos |= _photos_of_pattern(reading, as_text(item), where if isinstance(value, str) else (*where, at))
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
    elif not known.readable:
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


def existing_pictures(reading: ResolveContext, value: JSONValue, where: KeyPath) -> dict[str, Path]:
    """Pictures by number for a text or a list of texts."""
    found = {}
    for at, item in enumerate(as_items(value)):
        path = existing_picture(reading, as_text(item), where if isinstance(value, str) else (*where, at))
        if path is not None:
            found[str(at)] = path
    return found


def read_adapters(reading: ResolveContext, offer: FindShelfAdapter) -> Mapping[str, ExistingAdapter]:
    """The recipe's adapters by name; notes those that are not there, and entries that name none or two."""
    found = {}
    for name, value in reading.section("adapters").items():
        adapter = _read_adapter(reading, offer, name, as_object(value))
        if adapter is not None:
            found[name] = adapter
    return found


def _read_adapter(
    reading: ResolveContext, offer: FindShelfAdapter, name: str, data: JSONObject
) -> ExistingAdapter | None:
    where: KeyPath = ("adapters", name)
    if "model" in data and len(data) > 1:
        other = next(key for key in data if key != "model")
        reading.wrong_key("adapter_named_twice", (*where, other), name=name, other=other)
    elif "model" in data:
        return _adapter_on_shelf(reading, offer, name, data, where)
    elif "file" in data:
        return _adapter_file(reading, name, data, where)
    else:
        reading.wrong_key("adapter_nowhere", where, name=name)
    return None


def _adapter_on_shelf(
    reading: ResolveContext, offer: FindShelfAdapter, name: str, data: JSONObject, where: KeyPath
) -> ExistingAdapter | None:
    try:
        found = offer(as_text(data["model"]))
    except Invalid as error:
        reading.take_over(error, (*where, "model"))
        return None
    return ExistingAdapter(
        name=name, path=found.path, base=found.base, model=found.model, digest=found.digest, provider=found.provider
    )


def _adapter_file(reading: ResolveContext, name: str, data: JSONObject, where: KeyPath) -> ExistingAdapter | None:
    path = existing_file(reading, as_text(data["file"]), (*where, "file"))
    if "base" in data:
        reading.known("model family", as_text(data["base"]), reading.catalog.families, (*where, "base"))
    return None if path is None else ExistingAdapter(name=name, path=path, base=as_text(data.get("base", "")))
