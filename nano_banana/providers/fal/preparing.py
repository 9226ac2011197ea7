"""What of a file may leave the house, by its content and not its name.

A recipe may come from a stranger and name any file of the user's; only what is really a picture, a training archive
or an adapter is ever sent, and a picture without its metadata.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.imaging.bare import bare_photo
from nano_banana.imaging.open import orientation, reading
from nano_banana.imaging.pngchunks import KEPT, SIGNATURE, bare_png
from nano_banana.providers.fal.adapters import is_adapter
from nano_banana.providers.fal.archives import MAGIC, check_archive
from nano_banana.providers.fal.sniff import BYTES

_MEDIA = {".png": "image/png", ".jpg": "image/jpeg", ".zip": "application/zip", ".safetensors": BYTES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A file as it is sent. `name` is what the service gets to see: never the user's own."""

    path: Path
    name: str

    @property
    def media(self) -> str:
        """Its media type."""
        return _MEDIA[Path(self.name).suffix]


def pack(path: Path, name: str, folder: Path) -> Parcel:
    """Make the file ready to go, under `name` and the suffix of what it is; what is new is written to `folder`.

    Raises CallFailed, its `input` left to the caller: `file_not_sent`, those of `check_archive`, and `picture_broken`
    or `picture_too_big` as `open_picture` does. Raises OSError where a disk does.
    """
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
    if head == MAGIC:
        check_archive(path)
        return Parcel(path=path, name=f"{name}.zip")
    if is_adapter(path):
        return Parcel(path=path, name=f"{name}.safetensors")
    try:
        return _picture(path, name, folder)
    except CallFailed as error:
        if error.problems[0].kind == "picture_unreadable":
            raise CallFailed([trouble("file_not_sent", input="")]) from error
        raise


def named(parcel: Parcel, folder: Path) -> Path:
    """The parcel's bytes as a file of its own name: a link, or a copy where there are none."""
    place = folder / parcel.name
    if place != parcel.path:
        try:
            place.symlink_to(parcel.path.absolute())
        except OSError:
            shutil.copyfile(parcel.path, place)
    return place


def _picture(path: Path, name: str, folder: Path) -> Parcel:
    if _has_only_pixels(path):
        with reading(path, place="") as picture:
            picture.verify()
        return Parcel(path=path, name=f"{name}.png")
    data, suffix = _bare(path)
    made = folder / f"{name}{suffix}"
    made.write_bytes(data)
    return Parcel(path=made, name=made.name)


def _bare(path: Path) -> tuple[bytes, str]:
    """As `bare_photo`, which knows no transparency; an upright PNG keeps its own."""
    with reading(path, place="") as picture:
        is_png = picture.format == "PNG"
        if is_png:
            picture.load()
        upright = orientation(picture) == 1
    kept = bare_png(path.read_bytes()) if is_png and upright else None
    return (kept, ".png") if kept else bare_photo(path, place="")


def _has_only_pixels(path: Path) -> bool:
    """Whether this is built as a PNG without anything to drop, as ours are: told from the chunks' names alone."""
    with path.open("rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            return False
        size = path.stat().st_size
        while len(head := file.read(8)) == 8 and head[4:] in KEPT:
            at = file.seek(int.from_bytes(head[:4], "big") + 4, os.SEEK_CUR)
            if head[4:] == b"IEND":
                return at == size
    return False
