"""RivaGAN: 32 bits in the pixels that survive JPEG and resizing.

Zhang et al., "Robust Invisible Video Watermarking with Attention" (2019), for one frame, as ONNX files of the package
invisible-watermark (MIT). It works on the picture squeezed to SIDE × SIDE: what it adds there is stretched over the
picture. So it is as quick for large pictures as for small ones, and a resized picture reads the same.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nano_banana.core.errors import Unusable, trouble
from nano_banana.core.source import Source
from nano_banana.core.weights import held
from nano_banana.marks.invisible.match import Match
from nano_banana.marks.invisible.message import LEAST, LENGTH, SURE, bits_of
from nano_banana.marks.invisible.needs import missing
from nano_banana.marks.invisible.sources import DECODER, ENCODER

SIDE = 384
STRENGTHS = (1.0, 1.5, 2.0)
THRESHOLD = 0.52
"""Above it the decoder's number is a 1, as in the reference."""


class Network(Protocol):
    """What is used of an onnxruntime session, which says nothing about its types."""

    def run(self, wanted: None, given: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """All results for these inputs, by their names."""
        ...


Pixels: TypeAlias = NDArray[np.uint8]
Plane: TypeAlias = NDArray[np.float32]


def written(rgb: Pixels, message: str) -> tuple[Pixels, Match, float]:
    """The picture (height × width × 3) with `message` (8 hex digits) in it, what is read of it again, and how strong.

    It is written no stronger than it takes to be read again: at strength 1 (42.7 dB, not to be seen) that succeeds in
    all pictures but very dark or empty ones. Raises Unusable `marks_missing`.
    """
    added = _added(rgb, message)
    tried: list[tuple[Pixels, Match, float]] = []
    for strength in STRENGTHS:
        marked = np.clip(np.rint(rgb + strength * added), 0, 255).astype(np.uint8)
        tried.append((marked, compared(read(marked), "own", message), strength))
        if tried[-1][1].certain:
            break
    return max(tried, key=lambda one: one[1].agree)


def _added(rgb: Pixels, message: str) -> Plane:
    """What makes the mark, to be added to the picture."""
    network = _session(ENCODER)
    small = _squeezed(rgb)
    data = np.array([bits_of(message)], np.float32)
    (made,) = network.run(None, {"frame": _frame(small), "data": data})
    marked = np.clip(np.asarray(made, np.float32)[0, ::-1, 0].transpose(1, 2, 0), -1, 1)
    added = (marked + 1) * 127.5 - small
    high, wide = rgb.shape[:2]
    return np.stack([_stretched(added[..., channel], (wide, high)) for channel in range(3)], axis=-1)


def read(rgb: Pixels) -> tuple[int, ...]:
    """The 32 bits that the picture seems to hold, whether it was marked or not. Raises Unusable `marks_missing`."""
    (said,) = _session(DECODER).run(None, {"frame": _frame(_squeezed(rgb))})
    return tuple(int(number > THRESHOLD) for number in np.asarray(said, np.float32)[0])


def compared(bits: Sequence[int], name: str, message: str) -> Match:
    """How many of the bits are those of `message`."""
    agree = sum(one == other for one, other in zip(bits, bits_of(message), strict=True))
    return Match(name=name, agree=agree, length=LENGTH, least=LEAST, sure=SURE)


def _squeezed(rgb: Pixels) -> Plane:
    return np.asarray(Image.fromarray(rgb).resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32)


def _stretched(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC), np.float32)


def _frame(rgb: Plane) -> Plane:
    """As the networks take it: 1 × 3 (blue, green, red) × 1 × height × width, −1 to 1."""
    return np.ascontiguousarray((rgb[..., ::-1] / 127.5 - 1).transpose(2, 0, 1)[None, :, None])


def _session(source: Source) -> Network:
    lacking = missing(source)
    path = held(source)
    if lacking is not None or path is None:
        raise Unusable([trouble("marks_missing", missing=str(lacking))])
    return _opened(path)


@functools.cache
def _opened(path: Path) -> Network:
    import onnxruntime  # type: ignore[import-untyped] # it says nothing about its types

    options = onnxruntime.SessionOptions()
    # One thread: the order of sums, and so the pixels, are the same on every machine of a kind.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session: Network = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session
