"""Adapters are safetensors files, the same bytes for the same photos."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from nano_banana.formats.safetensors import write_safetensors
from nano_banana.model.problem import CallFailed
from nano_banana.providers.local.local_training import read_adapter


def test_what_is_written_is_read(tmp_path: Path, adapter: bytes) -> None:
    path = tmp_path / "adapter.safetensors"
    path.write_bytes(adapter)
    read = read_adapter(path, place="loras/0/path")
    assert (len(read.cutouts), read.trigger, read.style, read.plain) == (2, "anqz7", False, False)
    assert read.cutouts[0].face.eyes[0][0] < read.cutouts[0].face.eyes[1][0]


def test_the_header_is_the_formats() -> None:
    data = write_safetensors({"a": np.arange(6, dtype=np.uint8).reshape(2, 3)}, {"b": "c"})
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    assert header == {"__metadata__": {"b": "c"}, "a": {"dtype": "U8", "shape": [2, 3], "data_offsets": [0, 6]}}
    assert length % 8 == 0
    assert data[8 + length :] == bytes(range(6))


def lora() -> bytes:
    """An adapter as other trainers make them."""
    header = json.dumps({"lora.weight": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0\0"


def broken(adapter: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert old in adapter
    return adapter.replace(old, new, 1)


@pytest.mark.parametrize("kind", ["short", "text", "number", "huge", "dtype", "offsets", "faces", "other"])
def test_a_damaged_or_foreign_file_is_said_so(tmp_path: Path, adapter: bytes, kind: str) -> None:
    files = {
        "short": b"abc",
        "text": b"\x05\0\0\0\0\0\0\0hello",
        "number": b"\x01\0\0\0\0\0\0\x007",
        "huge": b"\xff" * 16,
        "dtype": broken(adapter, b'"dtype":"U8"', b'"dtype":"F8"'),
        "offsets": broken(adapter, b'"shape":[1200,', b'"shape":[1201,'),
        "faces": broken(adapter, b'"faces":"[[', b'"faces":"[{'),
        "other": lora(),
    }
    path = tmp_path / "adapter"
    path.write_bytes(files[kind])
    with pytest.raises(CallFailed, match="adapter_not_local" if kind == "other" else "adapter_broken"):
        read_adapter(path, place="loras/0/path")
