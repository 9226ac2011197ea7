"""The `photos` command: photos of a folder, their thumbnails, `--json`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict, replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.call import Reply
from nano_banana.model.event import EventHandler
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, Problem, problem
from nano_banana.recipe.recipe_model import Photo
from nano_banana.recipe.training_photos import (
    CAPTION_SUFFIXES,
    DEFAULT_PHOTO_RULES,
    PhotoRules,
    Severity,
    first_names,
    folders_with_photos,
    reads_heic,
    sort_photos,
)
from nano_banana.session.photo_findings import Captioning, PhotoFinding
from nano_banana.session.photo_observations import PHOTO_BATCH, PHOTOS_PURPOSE, FaceMeasures
from nano_banana.session.photo_sets import CheckedPhoto, CheckedPhotoSet, PhotoInspection, PhotoSet, photo_digests
from nano_banana.session.store_runner import ProviderFactory, Runner
from nano_banana.settings.configuration import Settings
from nano_banana.stages.stage_calls import compute_call

WordFinding = Callable[[PhotoFinding, str], tuple[str, str]]
"""Puts a finding of the named photo (or subject) into words: what is wrong, and what to do."""


def photos_report(name: str, rules: PhotoRules, albums: Sequence[CheckedPhotoSet], say: WordFinding) -> JSONObject:
    """The checked photo sets as one JSON object."""
    return {
        "status": "rejected" if any(album.rejected for album in albums) else "ok",
        "name": name,
        "rules": _rules_json(rules),
        "subjects": [_set_json(album, say) for album in albums],
    }


def _rules_json(rules: PhotoRules) -> JSONObject:
    return {
        "least": rules.count.min,
        "want": rules.count.want,
        "most": rules.count.max,
        "faces_per_photo": rules.faces_per_photo,
        "least_face_px": rules.min_face_px,
        "small_face": rules.small_face,
        "least_side_px": rules.min_side_px,
        "small_side": rules.small_side,
        **{name: getattr(rules, name) for name in ("blurred", "near_duplicates", "odd_one_out", "exposure")},
        "prefix": rules.captions.prefix or "",
        "leak_check": rules.captions.leak_check,
    }


def _set_json(album: CheckedPhotoSet, say: WordFinding) -> JSONObject:
    worst = [photo.worst for photo in album.photos]
    return {
        "name": album.name,
        "status": "rejected" if album.rejected else "ok",
        "photos": [_photo_json(photo, say) for photo in album.photos],
        "findings": [_finding_json(finding, album.name, say) for finding in album.findings],
        "counts": {
            "photos": len(album.photos),
            "held_out": sum(photo.held_out for photo in album.photos),
            "rejected": worst.count(Severity.REJECT),
            "warned": worst.count(Severity.WARN),
            "good": worst.count(None),
        },
    }


def _photo_json(photo: CheckedPhoto, say: WordFinding) -> JSONObject:
    measures, faces = photo.observation.measures, photo.observation.faces
    seen: dict[str, JSONValue] = {}
    if measures is not None:
        seen = {name: getattr(measures, name) for name in ("width", "height", "oriented", "sharpness", "hash")}
        seen["exposure"] = {"mean": measures.mean, "dark": measures.dark, "bright": measures.bright}
    return {
        "path": photo.display_path,
        "held_out": photo.held_out,
        **seen,
        "faces": len(photo.observation.main),
        "face": _face_json(faces[0]) if faces else None,
        "likeness": None if photo.likeness is None else round(photo.likeness, 4),
        "caption": photo.caption.text or None,
        "findings": [_finding_json(finding, photo.display_path, say) for finding in photo.findings],
    }


def _face_json(face: FaceMeasures) -> JSONObject:
    told = {name: value for name, value in asdict(face).items() if name != "main"}
    return {**told, "box": list(face.box), "px": round(face.box[2])}


def _finding_json(finding: PhotoFinding, name: str, say: WordFinding) -> JSONObject:
    message, hint = say(finding, name)
    return {
        "kind": finding.kind,
        "severity": finding.severity.value,
        "message": message,
        "hint": hint or None,
        "value": finding.value,
        "bound": finding.bound,
        **{key: value for key, value in finding.data.items() if key not in {"path", "input"}},
    }


def folder_photo_set(folder: Path) -> tuple[PhotoSet, list[Problem]]:
    """The photos in a folder that a recipe would train with, and warnings about files that are left out.

    Photos that were not fetched (git LFS) are included, because a training would lack them. Raises Invalid if there are
    no photos.
    """
    found = sort_photos(sorted(path for path in folder.iterdir() if _is_file(path)), heic=reads_heic())
    paths = sorted((*found.photos, *found.absent))
    if not paths:
        raise Invalid([problem("no_photos_here", path=str(folder))])
    left_out = {**found.left_out, "photos_deeper": tuple(folders_with_photos(folder))}
    warnings = [
        replace(problem(kind, path=str(folder), names=first_names(files)), warning=True)
        for kind, files in left_out.items()
        if files
    ]
    name = folder.resolve().name or str(folder)
    photos = [Photo(path=path, caption=_caption_beside(path)) for path in paths]
    return PhotoSet(name=name, photos=photos, held_out=frozenset(), captioning=Captioning()), warnings


def _is_file(path: Path) -> bool:
    return path.is_file() or (path.is_symlink() and not path.exists())


def _caption_beside(photo: Path) -> Path | None:
    files = (photo.with_suffix(suffix) for suffix in CAPTION_SUFFIXES)
    return next((file for file in files if file.is_file()), None)


class PhotoThumbnails(Struct, frozen=True, kw_only=True):
    """Small JPEGs of a photo and of the face in it; empty if there is none."""

    photo: bytes = b""
    face: bytes = b""


@contextmanager
def inspect_folder(folder: Path, settings: Settings) -> Iterator[PhotoInspection]:
    """The pictures in a folder, with the default rules. Raises Invalid if there are none."""
    sitting, left_out = folder_photo_set(folder)
    runner = Runner(settings, ProviderFactory(settings, Catalog.load(None), os.environ))
    try:
        digests, unread = photo_digests(runner, [photo.path for photo in sitting.photos])
        yield PhotoInspection(
            name=sitting.name,
            base=folder,
            runner=runner,
            rules=DEFAULT_PHOTO_RULES,
            photo_sets=[sitting],
            digests=digests,
            unread=unread,
            warnings=left_out,
        )
    finally:
        runner.close()


def thumbnails(
    inspection: PhotoInspection, photos: Sequence[CheckedPhoto], on_event: EventHandler
) -> Iterator[tuple[CheckedPhoto, PhotoThumbnails]]:
    """Each photo with its thumbnails, in order; only some of them are in memory at a time."""
    for start in range(0, len(photos), PHOTO_BATCH):
        batch = photos[start : start + PHOTO_BATCH]
        able = [photo for photo in batch if photo.observation.measures is not None]
        calls = [
            compute_call(
                "thumbnail",
                {"face": list(photo.observation.faces[0].box)} if photo.observation.faces else {},
                {"image": inspection.digests[photo.path]},
            )
            for photo in able
        ]
        files = {inspection.digests[photo.path].digest: photo.path for photo in able}
        ends = inspection.runner.answer_batch(PHOTOS_PURPOSE, calls, on_event, files)
        replies = {photo.path: end.files for photo, end in zip(able, ends, strict=True) if isinstance(end, Reply)}
        for photo in batch:
            made = replies.get(photo.path, {})
            image, face = (inspection.read(made[place]) if place in made else b"" for place in ("image", "face"))
            yield photo, PhotoThumbnails(photo=image, face=face)
