"""Watermarks in pixels: decode DWT-DCT, write and read RivaGAN.

DWT-DCT is the watermark that Stable Diffusion's and BFL's code writes. The reference is the method `dwtDct` of the
package invisible-watermark 0.2.0 (MIT), whose arithmetic this follows to the last bit: U of YUV → one level of Haar →
blocks of 4 × 4 → of the coefficient that is largest in the block (the first left out) the remainder by 36: 0–18 means
0, 18–36 means 1. Blocks give the bits in turn, row by row, and vote.

RivaGAN: 32 bits that survive JPEG and resizing. Zhang et al., "Robust Invisible Video Watermarking with Attention"
(2019), for one frame, as ONNX files of the package invisible-watermark (MIT). It works on the picture scaled to
NETWORK_SIDE × NETWORK_SIDE; the residual is scaled back to the picture's size. So it is as fast for large pictures as
for small ones, and a resized picture reads the same.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nano_banana.formats.weight_files import WeightsSource, find_weights
from nano_banana.model.problem import Unusable, problem
from nano_banana.provenance.watermark_messages import (
    CERTAIN_BITS,
    KNOWN_WATERMARKS,
    MESSAGE_BITS,
    MIN_MATCHING_BITS,
    RIVAGAN_DECODER,
    RIVAGAN_ENCODER,
    WatermarkMatch,
    message_bits,
    missing_requirement,
)

Pixels: TypeAlias = NDArray[np.uint8]
"""Height × width × 3 (red, green, blue)."""

Votes: TypeAlias = NDArray[np.bool_]
"""One bit a block, row by row."""

SCALE = 36
BLOCK = 4
MIN_PIXELS = 256 * 256
"""The reference refuses to mark anything smaller."""

_HALF_ROOT = np.float64(0.7071067811865476)
_VOTE_THRESHOLD = 127 / 255


def chroma_plane(rgb: Pixels, *, swapped: bool, whole: bool) -> NDArray[np.float64]:
    """U of the picture as OpenCV makes it.

    With `swapped` red is taken for blue, as diffusers did until 2024. With `whole`, U is of 8 bits around 128, as the
    scripts of Stable Diffusion 1 had it; else it is a fraction around 0.5, as in the code that marks what the sampler
    gives (SDXL, FLUX).
    """
    red, green, blue = (rgb[..., channel] for channel in ((2, 1, 0) if swapped else (0, 1, 2)))
    if whole:
        r, g, b = (channel.astype(np.int32) for channel in (red, green, blue))
        # OpenCV's fixed point: 14 bits after the point, rounded at each step.
        luma = (r * 4899 + g * 9617 + b * 1868 + 8192) >> 14
        return np.asarray(np.clip(((b - luma) * 8061 + (128 << 14) + 8192) >> 14, 0, 255), np.float64)
    return np.asarray((blue - (0.299 * red + 0.587 * green + 0.114 * blue)) * 0.492 + 0.5, np.float64)


def dwt_blocks(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 16 coefficients of each block of the plane's lower half, row by row."""
    high, wide = (side // 4 * 4 for side in u.shape)
    # The order of the sums is the reference's: where two coefficients are equal, rounding decides which is larger.
    rows = _HALF_ROOT * u[1:high:2, :wide] + _HALF_ROOT * u[0:high:2, :wide]
    low = _HALF_ROOT * rows[:, 1::2] + _HALF_ROOT * rows[:, 0::2]
    down, across = low.shape[0] // BLOCK, low.shape[1] // BLOCK
    low = low[: down * BLOCK, : across * BLOCK]
    return low.reshape(down, BLOCK, across, BLOCK).swapaxes(1, 2).reshape(-1, BLOCK * BLOCK)


def largest_votes(coefficients: NDArray[np.float64]) -> Votes:
    """What each block says by its largest coefficient, as the reference reads it.

    Where a mark made that one smaller (in plain areas nearly always), another is the largest, and says nothing.
    """
    return _votes(np.abs(coefficients[:, 1:]).max(axis=1))


def outlier_votes(coefficients: NDArray[np.float64]) -> Votes:
    """What each block says by the coefficient that is farthest from the block's median: most likely the marked one."""
    apart = np.abs(coefficients[:, 1:] - np.median(coefficients, axis=1, keepdims=True))
    at = apart.argmax(axis=1) + 1
    return _votes(np.abs(coefficients[np.arange(len(coefficients)), at]))


def _votes(sizes: NDArray[np.float64]) -> Votes:
    return np.asarray(sizes % SCALE > SCALE / 2)


def majority_bits(said: Votes, length: int) -> Votes:
    """The message of `length` bits that the blocks vote for; needs as many blocks as bits."""
    at = np.arange(len(said)) % length
    mean = np.bincount(at, weights=said, minlength=length) / np.bincount(at, minlength=length)
    return np.asarray(mean > _VOTE_THRESHOLD)


MAX_DECODED_PIXELS = 4_000_000
"""So much of a picture is read, from its top: blocks are counted from there, and more votes change nothing."""

PLANE_VARIANTS = ((True, False), (False, False), (True, True), (False, True))
"""`whole` and `swapped` of `plane`: what a picture may have been when it was marked; the first is the reference's."""


def find_known_watermarks(rgb: Pixels) -> tuple[WatermarkMatch, ...]:
    """The best reading for each of `PAYLOADS`, found or not; empty for a picture too small to be marked."""
    high, wide = rgb.shape[:2]
    if high * wide < MIN_PIXELS:
        return ()
    top = rgb[: max(MAX_DECODED_PIXELS // wide, 4)]
    ways = [dwt_blocks(chroma_plane(top, swapped=swapped, whole=whole)) for whole, swapped in PLANE_VARIANTS]
    read = [largest_votes(ways[0]), *map(outlier_votes, ways)]
    best = []
    for payload in KNOWN_WATERMARKS:
        message = np.array([bit == "1" for bit in payload.bits])
        if len(read[0]) < len(message):
            continue
        matches = [
            WatermarkMatch(
                name=payload.name,
                agree=int((majority_bits(said, len(message)) == message).sum()),
                length=len(message),
                least=payload.least if number == 0 else payload.least_otherwise,
                sure=payload.sure,
            )
            for number, said in enumerate(read)
        ]
        best.append(max(matches, key=lambda match: (match.found, match.agree)))
    return tuple(best)


NETWORK_SIDE = 384
STRENGTHS = (1.0, 1.5, 2.0)
BIT_THRESHOLD = 0.52
"""Above it the decoder's number is a 1, as in the reference."""


class OnnxSession(Protocol):
    """What is used of an onnxruntime session, which says nothing about its types."""

    def run(self, wanted: None, given: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """All results for these inputs, by their names."""


FloatPixels: TypeAlias = NDArray[np.float32]


def write_watermark(rgb: Pixels, message: str) -> tuple[Pixels, WatermarkMatch, float]:
    """The picture (height × width × 3) with `message` (8 hex digits) in it, what is read of it again, and how strong.

    It is written no stronger than it takes to be read again: at strength 1 (42.7 dB, not to be seen) that succeeds in
    all pictures but very dark or empty ones. Raises Unusable `marks_missing`.
    """
    added = _residual(rgb, message)
    tried: list[tuple[Pixels, WatermarkMatch, float]] = []
    for strength in STRENGTHS:
        marked = np.clip(np.rint(rgb + strength * added), 0, 255).astype(np.uint8)
        tried.append((marked, match_message(read_watermark(marked), "own", message), strength))
        if tried[-1][1].certain:
            break
    return max(tried, key=lambda one: one[1].agree)


def _residual(rgb: Pixels, message: str) -> FloatPixels:
    """What makes the mark, to be added to the picture."""
    network = _onnx_session(RIVAGAN_ENCODER)
    small = _resized(rgb)
    data = np.array([message_bits(message)], np.float32)
    (made,) = network.run(None, {"frame": _network_input(small), "data": data})
    marked = np.clip(np.asarray(made, np.float32)[0, ::-1, 0].transpose(1, 2, 0), -1, 1)
    added = (marked + 1) * 127.5 - small
    high, wide = rgb.shape[:2]
    return np.stack([_resized(added[..., channel], (wide, high)) for channel in range(3)], axis=-1)


def read_watermark(rgb: Pixels) -> tuple[int, ...]:
    """The 32 bits that the picture seems to hold, whether it was marked or not. Raises Unusable `marks_missing`."""
    (said,) = _onnx_session(RIVAGAN_DECODER).run(None, {"frame": _network_input(_resized(rgb))})
    return tuple(int(number > BIT_THRESHOLD) for number in np.asarray(said, np.float32)[0])


def match_message(bits: Sequence[int], name: str, message: str) -> WatermarkMatch:
    """How many of the bits are those of `message`."""
    agree = sum(one == other for one, other in zip(bits, message_bits(message), strict=True))
    return WatermarkMatch(name=name, agree=agree, length=MESSAGE_BITS, least=MIN_MATCHING_BITS, sure=CERTAIN_BITS)


def _resized(values: Pixels | FloatPixels, size: tuple[int, int] = (NETWORK_SIDE, NETWORK_SIDE)) -> FloatPixels:
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC), np.float32)


def _network_input(rgb: FloatPixels) -> FloatPixels:
    """As the networks take it: 1 × 3 (blue, green, red) × 1 × height × width, −1 to 1."""
    return np.ascontiguousarray((rgb[..., ::-1] / 127.5 - 1).transpose(2, 0, 1)[None, :, None])


def _onnx_session(source: WeightsSource) -> OnnxSession:
    lacking = missing_requirement(source)
    path = find_weights(source)
    if lacking is not None or path is None:
        raise Unusable([problem("marks_missing", missing=str(lacking))])
    return _load_session(path)


@functools.cache
def _load_session(path: Path) -> OnnxSession:
    import onnxruntime  # type: ignore[import-untyped] # it says nothing about its types

    options = onnxruntime.SessionOptions()
    # One thread: the order of sums, and so the pixels, are the same on every machine of a kind.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session: OnnxSession = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session
