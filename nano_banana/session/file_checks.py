"""The user's files that a run reads, and whether they are usable.

Also checks folders before anything is paid for: whether they can be written, and whether the disk has space.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from nano_banana.formats.file_stamps import stamp_of
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.problem import CallFailed, Invalid, Problem, Unusable, problem
from nano_banana.recipe.recipe_model import Recipe
from nano_banana.recipe.training_photos import picture_media_type
from nano_banana.store.database import OUTPUT_ERRORS, translate_errors

FILES_AT_ONCE = 4
"""Files that are checked at one time: each may take the memory of a large picture."""


def file_problems(files: Mapping[Path, str], masks: Collection[Path] = ()) -> Mapping[Path, Sequence[Problem]]:
    """What keeps each of these files (by media type) from being used; those that are as they should be are absent.

    Pictures are decoded, captions read as text, and the headers of adapters checked.
    """
    from concurrent.futures import ThreadPoolExecutor

    def flaw(path: Path) -> Sequence[Problem]:
        try:
            _check_file(path, files[path], is_mask=path in masks)
        except (CallFailed, Invalid) as error:
            return error.problems
        return ()

    # Pillow decodes outside of the interpreter's lock.
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        found = zip(files, pool.map(flaw, files), strict=True)
        return {path: problems for path, problems in found if problems}


def _check_file(path: Path, media: str, *, is_mask: bool) -> None:
    from nano_banana.formats.picture_files import check_picture_file
    from nano_banana.formats.safetensors import read_safetensors_header

    try:
        stamp_of(str(path))
    except OSError as error:
        raise CallFailed([problem("file_unreadable", path=str(path), why=error.strerror or "")]) from error
    if is_mask:
        from nano_banana.providers.compute.mask_endpoints import check_mask_file

        check_mask_file(path)
    elif media.startswith("image/"):
        check_picture_file(path)
    elif media == "text/plain":
        try:
            path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CallFailed([problem("caption_not_text", input=str(path))]) from error
        except OSError as error:
            raise CallFailed([problem("photo_unreadable", path=str(path), why=error.strerror or "")]) from error
    elif path.suffix.casefold() == ".safetensors":
        read_safetensors_header(path, name=str(path))


def check_writable(folder: Path) -> None:
    """Raise Unusable if no file can be written into the folder, or into the nearest one above it that is there."""
    with translate_errors(folder, OUTPUT_ERRORS), tempfile.TemporaryFile(dir=_nearest_existing(folder)):
        pass


def check_space(folder: Path, needed: int) -> None:
    """Raise Unusable if the disk of the folder has fewer free bytes than are `needed`."""
    with translate_errors(folder, OUTPUT_ERRORS):
        free = shutil.disk_usage(_nearest_existing(folder)).free
    if free < needed:
        raise Unusable([problem("disk_nearly_full", folder=str(folder), free=free, needed=needed)])


def _nearest_existing(folder: Path) -> Path:
    """The folder, or the first above it that is there; a file in the way counts as there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


OCTET_STREAM = "application/octet-stream"


_MEDIA = {".txt": "text/plain", ".safetensors": OCTET_STREAM}


def input_places(recipe: Recipe) -> Mapping[Path, KeyPath]:
    """Every file of the user's that calls take in, and where the recipe names it."""
    found: dict[Path, KeyPath] = {}
    for name, subject in recipe.subjects.items():
        where: KeyPath = ("subjects", name, "training_set")
        found |= {path: where for photo in subject.photos for path in (photo.path, photo.caption) if path}
    found |= {adapter.path: ("adapters", name) for name, adapter in recipe.adapters.items()}
    for name, subject in recipe.subjects.items():
        found |= dict.fromkeys(subject.references, ("subjects", name, "references"))
    for stage in recipe.asking:
        found |= {path: (*stage.where, key) for key, path in stage.files.items()}
    for name, shot in recipe.shots.items():
        found |= dict.fromkeys(shot.pictures.values(), ("shots", name, "pictures"))
    return found


def input_files(recipe: Recipe) -> Mapping[Path, str]:
    """Every file of the user's that calls take in, with its media type."""
    return {path: media_of(path) for path in input_places(recipe)}


def media_of(path: Path) -> str:
    """A file's media type, by its name or its first bytes."""
    try:
        return _MEDIA.get(path.suffix.casefold()) or picture_media_type(path) or OCTET_STREAM
    except OSError:
        # Whoever reads it says why that can't be done.
        return OCTET_STREAM
