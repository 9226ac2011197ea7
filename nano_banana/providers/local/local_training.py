"""The local trainer: a zip of photos in, an adapter of cut-outs out.

The zip is untrusted: its files are bounded in number and size.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

from nano_banana.faces.face import Face
from nano_banana.formats.picture_files import open_picture
from nano_banana.formats.safetensors import SafetensorsHeader, parse_safetensors, write_safetensors
from nano_banana.formats.zip_reader import CAPTION_SUFFIXES, BoundedZip, ZipLimits
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import CallFailed, Invalid, problem
from nano_banana.providers.local.cutouts import Cutout, cut_out
from nano_banana.providers.local.local_job import LocalJob
from nano_banana.providers.local.pixel_math import Pixels, as_float32
from nano_banana.providers.local.revision import lacks_models
from nano_banana.providers.workers import WorkResult

MAX_FILES = 1000
MAX_FILE_BYTES = 200_000_000
MAX_TOTAL_BYTES = 2_000_000_000
"""Bounds of an archive, unpacked: files, bytes of one file, bytes of all."""

_DEFLATE_RATIO = 1032
"""No file inflates further than this, so that pictures of one colour are read, too."""

_REASONS = {
    "archive_not_zip": "not_a_zip",
    "archive_path": "outside",
    "archive_many": "too_many",
    "archive_bomb": "too_big",
    "archive_encrypted": "encrypted",
}


def iter_photos(path: Path, *, place: str) -> Iterator[tuple[str, Image.Image]]:
    """The archive's photos by name, in order of their names, upright RGB; masks (`…_mask.jpg`) are left out.

    Each is decoded on demand, so that a hundred large ones need the memory of one. Raises CallFailed
    `invalid_archive` with a `reason`: not_a_zip, outside, too_many, too_big, encrypted, damaged, not_a_picture or
    no_pictures, and the `file` at fault.
    """
    limits = ZipLimits(
        members=MAX_FILES, member_bytes=MAX_FILE_BYTES, total_bytes=MAX_TOTAL_BYTES, ratio=_DEFLATE_RATIO
    )
    try:
        with BoundedZip.opened(path, limits) as archive, tempfile.TemporaryDirectory(prefix="nano-banana-") as folder:
            photos = sorted(filter(_is_photo, archive.sizes))
            if not photos:
                raise _invalid_archive(place, "no_pictures")
            for name in photos:
                scratch = Path(folder) / "photo"
                with scratch.open("wb") as file:
                    archive.extract(name, file)
                yield name, _photo(scratch, name, place)
    except Invalid as error:
        found = error.problems[0]
        reason = _REASONS.get(found.kind, "damaged")
        raise _invalid_archive(place, reason, str(found.data.get("member", ""))) from error


def _is_photo(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower() not in CAPTION_SUFFIXES and not path.stem.endswith("_mask")


def _photo(path: Path, name: str, place: str) -> Image.Image:
    try:
        return open_picture(path, place=name)
    except CallFailed as error:
        raise _invalid_archive(place, "not_a_picture", name) from error


def _invalid_archive(place: str, reason: str, file: str = "") -> CallFailed:
    return CallFailed([problem("invalid_archive", input=place, reason=reason, file=file)])


ADAPTER_FORMAT = "nano-banana-local-1"


class LocalAdapter(Struct, frozen=True, kw_only=True):
    """The cut-outs of a subject, or of a style (`style`), of which only the colours are used."""

    cutouts: Sequence[Cutout]
    style: bool = False
    trigger: str = ""

    @property
    def plain(self) -> bool:
        """Whether the people were only cut out with an oval."""
        return all(cutout.plain for cutout in self.cutouts)


def adapter_bytes(adapter: LocalAdapter, about: Mapping[str, str]) -> bytes:
    """The adapter as a safetensors file; `about` adds to its metadata."""
    tensors = {f"photos.{at:03}.rgba": _rgba(cutout) for at, cutout in enumerate(adapter.cutouts)}
    metadata = {
        **about,
        "format": ADAPTER_FORMAT,
        "base": "local",
        "kind": "style" if adapter.style else "subject",
        "trigger": adapter.trigger,
        "faces": json.dumps([_face_numbers(cutout) for cutout in adapter.cutouts]),
    }
    return write_safetensors(tensors, metadata)


def read_adapter(path: Path, *, place: str) -> LocalAdapter:
    """Read an adapter.

    Raises CallFailed: `adapter_not_local` if another trainer made it, `adapter_broken` if it is damaged.
    """
    try:
        header = parse_safetensors(path)
        about = header.metadata
        if about.get("format") != ADAPTER_FORMAT:
            raise CallFailed([problem("adapter_not_local", input=place)])
        tensors = _map_tensors(path, header)
        faces = zip(sorted(tensors), json.loads(about["faces"]), strict=True)
        cutouts = [_to_cutout(tensors[name], face) for name, face in faces]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise CallFailed([problem("adapter_broken", input=place)]) from error
    return LocalAdapter(cutouts=cutouts, style=about.get("kind") == "style", trigger=about.get("trigger", ""))


def _map_tensors(path: Path, header: SafetensorsHeader) -> dict[str, NDArray[np.uint8]]:
    """All 8-bit tensors, mapped and not loaded. Raises ValueError."""
    data = np.memmap(path, np.uint8, "r", offset=header.data_start)
    if any(tensor.dtype != "U8" for tensor in header.tensors.values()):
        raise ValueError
    return {name: data[slice(*tensor.data_offsets)].reshape(tensor.shape) for name, tensor in header.tensors.items()}


def _rgba(cutout: Cutout) -> NDArray[np.uint8]:
    layers = np.dstack([cutout.pixels, cutout.alpha])
    return (np.clip(layers, 0, 1) * 255 + 0.5).astype(np.uint8)


def _face_numbers(cutout: Cutout) -> list[float]:
    face = cutout.face
    numbers = (face.left, face.top, face.width, face.height, *face.eyes[0], *face.eyes[1], face.score)
    return [*(round(float(number), 2) for number in numbers), float(cutout.plain)]


def _to_cutout(rgba: NDArray[np.uint8], numbers: Sequence[float]) -> Cutout:
    left, top, width, height, x0, y0, x1, y1, score, plain = numbers
    layers: Pixels = as_float32(rgba) / np.float32(255)
    face = Face(left=left, top=top, width=width, height=height, eyes=((x0, y0), (x1, y1)), score=score)
    pixels, alpha = np.ascontiguousarray(layers[..., :3]), np.ascontiguousarray(layers[..., 3])
    return Cutout(pixels=pixels, alpha=alpha, face=face, plain=bool(plain))


MAX_PHOTOS = 40
"""Most photos that are kept; more don't improve the pictures."""


def train_adapter(job: LocalJob) -> WorkResult:
    """Make an adapter of the photos in the archive. Learning rate and steps are recorded but have no effect."""
    archive = job.file("archive")
    found = islice(iter_photos(archive, place=job.roles["archive"]), MAX_PHOTOS)
    style = job.arguments.get("is_style") is True or job.arguments.get("training_style") == "style"
    adapter = LocalAdapter(
        cutouts=[cut_out(photo) for _, photo in found], style=style, trigger=job.text("trigger") or job.text("caption")
    )
    steps = job.number("steps", 0, 0, 1_000_000)
    about = {"endpoint": job.endpoint, "steps": str(round(steps)), "photos": str(len(adapter.cutouts))}
    config = {**about, "format": "local", "kind": "style" if style else "subject", "trigger": adapter.trigger}
    files = {"config_file": ((json.dumps(config, indent=2, sort_keys=True) + "\n").encode(), "application/json")}
    name = next((place for place in job.makes if place.endswith("lora_file")), "diffusers_lora_file")
    files[name] = (adapter_bytes(adapter, about), "application/octet-stream")
    data: dict[str, JSONValue] = {
        place: {"content_type": media, "file_size": len(content)} for place, (content, media) in files.items()
    }
    return ({**data, "plain": True} if adapter.plain and not style and lacks_models() else data), files
