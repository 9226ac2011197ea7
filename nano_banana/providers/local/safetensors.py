"""Read and write safetensors files, as much of them as an adapter needs."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nano_banana.model.problem import CallFailed, problem

MAX_HEADER = 100_000_000
"""Bytes; the format's own limit."""

ByteTensors = Mapping[str, NDArray[np.uint8]]


def write_safetensors(tensors: ByteTensors, metadata: Mapping[str, str]) -> bytes:
    """The tensors (8-bit, any shape) and the metadata as one file; equal input, equal bytes."""
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.nbytes
        header[name] = {"dtype": "U8", "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(tensor.tobytes() for tensor in tensors.values())


def read_tensor_header(path: Path, *, place: str) -> tuple[dict[str, object], int]:
    """The header as JSON, and where the tensors begin. Raises CallFailed `adapter_broken`."""
    with path.open("rb") as file:
        first = file.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else MAX_HEADER + 1
        try:
            header = json.loads(file.read(length)) if length <= MAX_HEADER else None
        except ValueError:
            header = None
    if not isinstance(header, dict):
        raise CallFailed([problem("adapter_broken", input=place)])
    return header, 8 + length


def header_metadata(header: Mapping[str, object]) -> dict[str, str]:
    """The file's own words about itself, empty where it has none."""
    said = header.get("__metadata__")
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}


def read_tensors(path: Path, header: Mapping[str, object], start: int, *, place: str) -> dict[str, NDArray[np.uint8]]:
    """All 8-bit tensors, mapped and not loaded. Raises CallFailed `adapter_broken`."""
    try:
        data = np.memmap(path, np.uint8, "r", offset=start)
        return {name: _tensor(data, about) for name, about in header.items() if name != "__metadata__"}
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise CallFailed([problem("adapter_broken", input=place)]) from error


def _tensor(data: NDArray[np.uint8], about: object) -> NDArray[np.uint8]:
    if not isinstance(about, dict) or about["dtype"] != "U8":
        raise TypeError
    first, last = about["data_offsets"]
    return data[first:last].reshape(about["shape"])
