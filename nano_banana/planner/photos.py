"""Which of a subject's photos train, which only judge, which are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.blob import Blob
from nano_banana.recipe.model import Photo, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSet:
    """A subject's photos, each in one part only. `held_out` judge likeness and never train."""

    training: tuple[Photo, ...]
    held_out: tuple[Photo, ...]


def photo_set(subject: Subject, digests: Mapping[Path, Blob]) -> PhotoSet:
    """Those named in the recipe are held out; or so many, by content: neither names nor order matter.

    The digest decides, which is as good as a draw by lot, and stays when photos are renamed.
    """
    held = set(subject.held_out)
    if subject.hold_out:
        paths = sorted((photo.path for photo in subject.photos), key=lambda path: digests[path].digest)
        held |= set(paths[: subject.hold_out])
    return PhotoSet(
        training=tuple(photo for photo in subject.photos if photo.path not in held),
        held_out=tuple(photo for photo in subject.photos if photo.path in held),
    )


def references_of(subject: Subject, digests: Mapping[Path, Blob], *, most: int) -> list[Path]:
    """The photos that an editing endpoint is shown: those named in the recipe, else the first so many that train."""
    return list(subject.references) or [photo.path for photo in photo_set(subject, digests).training][:most]
