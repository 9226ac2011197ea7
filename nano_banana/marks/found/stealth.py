"""Texts hidden in the lowest bits of pixels, as NovelAI and others do.

The bits run down the columns: a signature of 15 letters, the length in bits (32), the text (`…comp`: by gzip). In the
alpha channel `stealth_png…`, in red, green and blue in turn `stealth_rgb…`. After NovelAI/novelai-image-metadata (MIT).
"""

from __future__ import annotations

import zlib
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nano_banana.marks.bounds import LARGEST_TEXT
from nano_banana.marks.found.finding import METADATA, Certainty, Finding
from nano_banana.marks.found.said import bounded, json_object
from nano_banana.marks.found.tools import novelai

Layers: TypeAlias = NDArray[np.uint8]
"""Height × width × 4: red, green, blue and alpha."""

_SIGNATURE = 15
_LENGTH = 4


def stealth(rgba: Layers) -> Finding | None:
    """The hidden text; None where there is none."""
    columns = rgba.swapaxes(0, 1).reshape(-1, 4)
    for word, bits in (("png", columns[:, 3]), ("rgb", columns[:, :3].reshape(-1))):
        head = _bytes(bits, 0, _SIGNATURE + _LENGTH)
        for packed in (False, True):
            if head.startswith(f"stealth_{word}{'comp' if packed else 'info'}".encode()):
                return _finding(_text(bits, int.from_bytes(head[_SIGNATURE:]) // 8, packed=packed))
    return None


def _finding(text: str) -> Finding:
    found = json_object(text)
    if found is not None and "Comment" in found:
        return novelai(found, "pixels")
    facts = {"prompt": bounded(text), "where": "pixels"} if text else {"where": "pixels"}
    return Finding(of=METADATA, name="stealth", certainty=Certainty.STATED, facts=facts)


def _text(bits: Layers, length: int, *, packed: bool) -> str:
    """The text, empty where it is cut short, broken or too long."""
    if length > LARGEST_TEXT:
        return ""
    data = _bytes(bits, _SIGNATURE + _LENGTH, length)
    if packed:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            data = unpacker.decompress(data, LARGEST_TEXT)
        except zlib.error:
            return ""
    return data.decode("utf-8", "replace")


def _bytes(bits: Layers, start: int, count: int) -> bytes:
    return np.packbits(bits[start * 8 : (start + count) * 8] & 1).tobytes()
