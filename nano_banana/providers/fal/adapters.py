"""Whether a file is a whole adapter: safetensors, whatever it is called.

The format (github.com/huggingface/safetensors): eight bytes little-endian N, N bytes of JSON that say for each tensor
its type, its shape and where in the rest of the file it lies. Nothing in it is code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TypeGuard

MOST_HEADER = 100_000_000
"""Bytes; the format's own limit."""


def is_adapter(path: Path) -> bool:
    """Whether the header is one, and its tensors fill the rest of the file to the last byte."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        rest = path.stat().st_size - 8 - length
        if not 2 <= length <= MOST_HEADER or rest < 0 or file.read(1) != b"{":
            return False
        try:
            header = json.loads(b"{" + file.read(length - 1))
        except (ValueError, RecursionError):
            return False
    tensors = [about for name, about in header.items() if name != "__metadata__"]
    spans = sorted(about["data_offsets"] for about in tensors if _is_tensor(about))
    if not tensors or len(spans) != len(tensors):
        return False
    whole = spans[0][0] == 0 and spans[-1][1] == rest
    return whole and all(before[1] == after[0] for before, after in pairwise(spans))


def _is_tensor(about: object) -> TypeGuard[Mapping[str, list[int]]]:
    if not isinstance(about, dict) or not isinstance(about.get("dtype"), str):
        return False
    shape, span = about.get("shape"), about.get("data_offsets")
    return _whole(shape) and _whole(span) and len(span) == 2 and span[0] <= span[1]


def _whole(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(number) is int and number >= 0 for number in value)
