"""What the local trainer makes: a subject's cut-outs, in one file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.faces.face import Face
from nano_banana.providers.local.cutout import Cutout
from nano_banana.providers.local.pixels import Pixels, f32
from nano_banana.providers.local.safetensors import metadata_of, read_header, read_tensors, write

FORMAT = "nano-banana-local-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """The cut-outs of a subject, or of a style (`style`), which lends its colours only."""

    cutouts: Sequence[Cutout]
    style: bool = False
    trigger: str = ""

    @property
    def plain(self) -> bool:
        """Whether the people were cut out with a mere oval."""
        return all(cutout.plain for cutout in self.cutouts)


def to_bytes(adapter: Adapter, about: Mapping[str, str]) -> bytes:
    """The adapter as a safetensors file; `about` adds to its metadata."""
    tensors = {f"photos.{at:03}.rgba": _rgba(cutout) for at, cutout in enumerate(adapter.cutouts)}
    metadata = {
        **about,
        "format": FORMAT,
        "base": "local",
        "kind": "style" if adapter.style else "subject",
        "trigger": adapter.trigger,
        "faces": json.dumps([_numbers(cutout) for cutout in adapter.cutouts]),
    }
    return write(tensors, metadata)


def from_file(path: Path, *, place: str) -> Adapter:
    """Read an adapter.

    Raises CallFailed: `adapter_not_local` where another trainer made it, `adapter_broken` where it is damaged.
    """
    header, start = read_header(path, place=place)
    about = metadata_of(header)
    if about.get("format") != FORMAT:
        raise CallFailed([trouble("adapter_not_local", input=place)])
    tensors = read_tensors(path, header, start, place=place)
    try:
        cutouts = [
            _cutout(tensors[name], face) for name, face in zip(sorted(tensors), json.loads(about["faces"]), strict=True)
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise CallFailed([trouble("adapter_broken", input=place)]) from error
    return Adapter(cutouts=cutouts, style=about.get("kind") == "style", trigger=about.get("trigger", ""))


def _rgba(cutout: Cutout) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    layers = np.dstack([cutout.pixels, cutout.alpha])
    return (np.clip(layers, 0, 1) * 255 + 0.5).astype(np.uint8)


def _numbers(cutout: Cutout) -> list[float]:
    face = cutout.face
    numbers = (face.left, face.top, face.width, face.height, *face.eyes[0], *face.eyes[1], face.score)
    return [*(round(float(number), 2) for number in numbers), float(cutout.plain)]


def _cutout(rgba: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], numbers: Sequence[float]) -> Cutout:
    left, top, width, height, x0, y0, x1, y1, score, plain = numbers
    layers: Pixels = f32(rgba) / np.float32(255)
    face = Face(left=left, top=top, width=width, height=height, eyes=((x0, y0), (x1, y1)), score=score)
    return Cutout(
        pixels=np.ascontiguousarray(layers[..., :3]),
        alpha=np.ascontiguousarray(layers[..., 3]),
        face=face,
        plain=bool(plain),
    )
