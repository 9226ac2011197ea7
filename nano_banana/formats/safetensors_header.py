"""Read and check the header of a safetensors file; loads no tensor.

Format (github.com/huggingface/safetensors): eight bytes little-endian N, N bytes of JSON that give each tensor's type,
shape and byte range, then the tensors. Every byte must belong to exactly one tensor. Nothing in the file is code.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import cast

from nano_banana.formats.zip_reader import PICKLE_SUFFIXES
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, problem

MAX_HEADER_BYTES = 32 << 20
"""Bytes. The format allows 100 MB; the header of the largest adapter has one."""

_MAX_SIDE = 1 << 40
_MAX_DIMENSIONS = 8
_DUPLICATE = "a name twice"
_PICKLE = 0x80
_ZIP = b"PK\x03\x04"
_BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64"), 64),
}
"""Bits of an element, by type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetensorsHeader:
    """What a file says of itself: free texts, and each tensor's shape by name."""

    metadata: Mapping[str, str]
    shapes: Mapping[str, Sequence[int]]


def read_safetensors_header(path: Path, *, name: str) -> SafetensorsHeader:
    """The header of the file at `path`, which errors call `name`.

    Raises Invalid: `model_pickle` for what runs code when it is loaded, `model_not_safetensors` for what is something
    else, `model_broken` where header and file contradict each other, `model_unreadable`.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            start = file.read(16)
            _check_kind(start, size, name)
            text = file.read(struct.unpack("<Q", start[:8])[0] - len(start[8:]))
    except OSError as error:
        raise Invalid([problem("model_unreadable", file=name, why=error.strerror or "")]) from error
    text = start[8:] + text
    try:
        return _parse_header(text, size - 8 - len(text))
    except (ValueError, TypeError) as error:
        raise Invalid([problem("model_broken", file=name, why=str(error))]) from error


def _check_kind(start: bytes, size: int, name: str) -> None:
    length = struct.unpack("<Q", start[:8])[0] if len(start) == 16 else 0
    if 8 <= length <= size - 8 and start[8:9] == b"{":
        if length > MAX_HEADER_BYTES:
            raise Invalid([problem("model_broken", file=name, why="a header without measure")])
        return
    if start.startswith(_ZIP) or start[:1] == bytes([_PICKLE]) or name.casefold().endswith(PICKLE_SUFFIXES):
        raise Invalid([problem("model_pickle", file=name)])
    if start[8:9] == b"{":
        raise Invalid([problem("model_broken", file=name, why="cut short")])
    raise Invalid([problem("model_not_safetensors", file=name)])


def _parse_header(text: bytes, left: int) -> SafetensorsHeader:
    """The header in `text`, of a file with `left` bytes of tensors. Raises ValueError or TypeError: what is wrong."""
    try:
        told = json.loads(text.decode("utf-8"), object_pairs_hook=_reject_duplicates)
    except (ValueError, RecursionError) as error:
        raise ValueError(_DUPLICATE if _DUPLICATE in error.args else "no JSON") from error
    if not isinstance(told, dict):
        raise TypeError("no JSON")
    metadata = told.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("metadata")
    tensors = {name: _parse_tensor(cast("JSONValue", about)) for name, about in told.items()}
    _check_cover(sorted((first, last) for _, first, last in tensors.values()), left)
    return SafetensorsHeader(metadata=metadata, shapes={name: shape for name, (shape, _, _) in tensors.items()})


def _reject_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(_DUPLICATE)
    return found


def _parse_tensor(about: JSONValue) -> tuple[Sequence[int], int, int]:
    """A tensor's shape, and where its bytes begin and end."""
    if not isinstance(about, Mapping):
        raise TypeError("tensor")
    bits, shape = _BITS.get(str(about.get("dtype"))), _parse_numbers(about.get("shape"))
    offsets = _parse_numbers(about.get("data_offsets"))
    if bits is None:
        raise ValueError("dtype")
    if len(offsets) != 2 or len(shape) > _MAX_DIMENSIONS:
        raise ValueError("tensor")
    if offsets[1] - offsets[0] != prod(shape) * bits // 8:
        raise ValueError("size")
    return shape, offsets[0], offsets[1]


def _parse_numbers(value: JSONValue) -> tuple[int, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError("tensor")
    found = tuple(each for each in value if isinstance(each, int) and not isinstance(each, bool))
    if len(found) != len(value) or any(not 0 <= each <= _MAX_SIDE for each in found):
        raise ValueError("tensor")
    return found


def _check_cover(spans: Sequence[tuple[int, int]], left: int) -> None:
    """The format wants every byte to be in just one tensor: no overlap, no hole, nothing behind."""
    if not spans:
        raise ValueError("no tensors")
    end = 0
    for first, last in spans:
        if first != end:
            raise ValueError("overlap" if first < end else "hole")
        end = last
    if end != left:
        raise ValueError("cut short" if end > left else "bytes behind the end")
