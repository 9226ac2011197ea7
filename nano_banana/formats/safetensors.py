"""Read and check the header of safetensors files; write small ones.

Format (github.com/huggingface/safetensors): eight bytes little-endian N, N bytes of JSON that give each tensor's type,
shape and byte range, then the tensors. Every byte must belong to exactly one tensor. Nothing in the file is code.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct

from nano_banana.formats.zip_reader import PICKLE_SUFFIXES, ZIP_MAGIC
from nano_banana.model.problem import Invalid, problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT_MAX_HEADER = 100_000_000
"""Bytes; the format's own limit."""

IMPORT_MAX_HEADER = 32 << 20
"""Bytes of a header that is imported; the largest adapter's has one million."""

_DUPLICATE = "a name twice"
_PICKLE = b"\x80"
_BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64"), 64),
}
"""Bits of an element, by type."""


_Number: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 40)]


class TensorEntry(Struct, frozen=True, kw_only=True):
    """A tensor's type and shape, and where its bytes are (begin and end), counted from the end of the header."""

    dtype: str
    shape: Annotated[tuple[_Number, ...], Meta(max_length=8)]
    data_offsets: tuple[_Number, _Number]


class SafetensorsHeader(Struct, frozen=True, kw_only=True):
    """What a file says of itself: free texts, its tensors by name, and where their bytes begin."""

    metadata: Mapping[str, str]
    tensors: Mapping[str, TensorEntry]
    data_start: int = 0

    @property
    def shapes(self) -> Mapping[str, Sequence[int]]:
        """The shape of each tensor."""
        return {name: tensor.shape for name, tensor in self.tensors.items()}


def parse_safetensors(
    path: Path, *, max_header: int = FORMAT_MAX_HEADER, known_types: bool = False
) -> SafetensorsHeader:
    """The header of the file. `known_types` also checks each tensor's size, and refuses types that we don't know.

    Raises ValueError (its text says what is wrong), and OSError if the file can't be read.
    """
    with path.open("rb") as file:
        return _parse_file(file, path.stat().st_size, max_header, known_types=known_types)


def _parse_file(file: IO[bytes], size: int, max_header: int, *, known_types: bool) -> SafetensorsHeader:
    start = file.read(9)
    length = int.from_bytes(start[:8], "little")
    if start[8:] != b"{" or length < 2:
        raise ValueError("no JSON")
    if length > size - 8:
        raise ValueError("cut short")
    if length > max_header:
        raise ValueError("a header without measure")
    text = start[8:] + file.read(length - 1)
    metadata, tensors = _parse_header(text, known_types=known_types)
    _check_cover(sorted(tensor.data_offsets for tensor in tensors.values()), size - 8 - length)
    return SafetensorsHeader(metadata=metadata, tensors=tensors, data_start=8 + length)


def is_safetensors(path: Path) -> bool:
    """Whether the file is a whole safetensors file."""
    try:
        parse_safetensors(path)
    except ValueError:
        return False
    return True


def read_safetensors_header(path: Path, *, name: str) -> SafetensorsHeader:
    """The header of a file to import, which errors call `name`.

    Raises Invalid: `model_pickle` for a file that runs code when it is loaded, `model_not_safetensors` for something
    else, `model_broken` if header and file contradict each other, `model_unreadable`.
    """
    try:
        with path.open("rb") as file:
            start, size = file.read(9), path.stat().st_size
        is_whole = start[8:] == b"{" and 8 <= int.from_bytes(start[:8], "little") <= size - 8
        if not is_whole and (start.startswith((ZIP_MAGIC, _PICKLE)) or name.casefold().endswith(PICKLE_SUFFIXES)):
            raise Invalid([problem("model_pickle", file=name)])
        if start[8:] != b"{":
            raise Invalid([problem("model_not_safetensors", file=name)])
        return parse_safetensors(path, max_header=IMPORT_MAX_HEADER, known_types=True)
    except ValueError as error:
        raise Invalid([problem("model_broken", file=name, why=str(error))]) from error
    except OSError as error:
        raise Invalid([problem("model_unreadable", file=name, why=error.strerror or "")]) from error


def write_safetensors(tensors: Mapping[str, NDArray[np.uint8]], metadata: Mapping[str, str]) -> bytes:
    """The tensors (type `U8`) and the metadata as one file; equal input gives equal bytes."""
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    end, data = 0, []
    for name, tensor in tensors.items():
        data.append(tensor.tobytes())
        start, end = end, end + len(data[-1])
        header[name] = {"dtype": "U8", "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data)


def _parse_header(text: bytes, *, known_types: bool) -> tuple[Mapping[str, str], Mapping[str, TensorEntry]]:
    """Metadata and tensors. Raises ValueError."""
    try:
        data = json.loads(text.decode("utf-8"), object_pairs_hook=_reject_duplicates)
    except (ValueError, RecursionError) as error:
        raise ValueError(_DUPLICATE if _DUPLICATE in error.args else "no JSON") from error
    try:
        metadata = msgspec.convert(data.pop("__metadata__", {}), dict[str, str])
    except msgspec.ValidationError as error:
        raise ValueError("metadata") from error
    return metadata, {name: _parse_tensor(entry, known_types=known_types) for name, entry in data.items()}


def _reject_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(_DUPLICATE)
    return found


def _parse_tensor(entry: object, *, known_types: bool) -> TensorEntry:
    try:
        tensor = msgspec.convert(entry, TensorEntry)
    except msgspec.ValidationError as error:
        raise ValueError("tensor") from error
    bits = _BITS.get(tensor.dtype)
    if known_types and bits is None:
        raise ValueError("dtype")
    begin, end = tensor.data_offsets
    if begin > end:
        raise ValueError("tensor")
    if known_types and bits is not None and end - begin != prod(tensor.shape) * bits // 8:
        raise ValueError("size")
    return tensor


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
