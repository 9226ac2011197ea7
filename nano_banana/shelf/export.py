"""Hands an adapter out as an archive, with samples and photos if asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.shelf.archive import SUFFIX, pack
from nano_banana.shelf.card import Shelved
from nano_banana.shelf.shelf import Shelf
from nano_banana.shelf.unpack import Archive

_MOST_PHOTO = 256 << 20
_SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The archive's size in bytes, and how many samples and photos are in it."""

    size: int
    samples: int
    photos: int


def export(
    shelf: Shelf, shelved: Shelved, target: Path, *, samples: int = 0, photos: bool = False, replace: bool = False
) -> Exported:
    """Write `shelved` to `target` with its last `samples` pictures and, if `photos`, those it was trained from.

    Photos come as they were packed for the training: without their metadata and names. Raises Invalid
    (`archive_exists` unless `replace`, `archive_nowhere`, `archive_suffix`, `photos_gone`) and Unusable
    (`archive_unwritten`).
    """
    # os.path's never fail, whatever is asked of them.
    if os.path.isdir(target) or not os.path.isdir(target.parent):  # noqa: PTH112 - as said
        raise Invalid([trouble("archive_nowhere", path=str(target))])
    if target.suffix.casefold() != SUFFIX:
        raise Invalid([trouble("archive_suffix", path=str(target))])
    if os.path.lexists(target) and not replace:
        raise Invalid([trouble("archive_exists", path=str(target))])
    pictures = shelf.drawn(shelved, most=samples) if samples else []
    packed = shelf.training_zip(shelved) if photos else None
    if photos and packed is None:
        raise Invalid([trouble("photos_gone", model=shelved.reference)])
    shown = [*_photos(packed)] if packed else []
    size = pack(target, shelved, shelf.path(shelved), [*_samples(pictures), *shown])
    count = sum(not name.endswith(".txt") for name, _ in shown)
    return Exported(size=size, samples=len(pictures), photos=count)


def _samples(pictures: list[Path]) -> Iterator[tuple[str, bytes]]:
    for at, picture in enumerate(pictures, 1):
        data = picture.read_bytes()
        suffix = next((end for start, end in _SUFFIXES.items() if data.startswith(start)), "")
        yield f"samples/{at:02}{suffix}", data


def _photos(packed: Path) -> Iterator[tuple[str, bytes]]:
    with Archive.opened(packed) as archive:
        for name in sorted(archive.sizes):
            yield f"photos/{name.rpartition('/')[2]}", archive.read(name, most=_MOST_PHOTO)
