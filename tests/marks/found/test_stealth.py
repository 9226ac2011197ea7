"""Texts in the lowest bits of pixels."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from nano_banana.provenance.image_examination import Rgba, stealth_finding

TEXT = json.dumps({"Software": "NovelAI", "Source": "V4", "Comment": json.dumps({"prompt": "cat", "seed": 9})})


def hidden(signature: str, text: bytes, *, length: int | None = None, size: tuple[int, int] = (64, 96)) -> Rgba:
    layers = np.full((*size, 4), 255, np.uint8)
    count = len(text) * 8 if length is None else length
    bits = np.unpackbits(np.frombuffer(signature.encode() + count.to_bytes(4, "big") + text, np.uint8))
    columns = layers.swapaxes(0, 1).reshape(-1, 4)
    if "png" in signature:
        columns[: len(bits), 3] = 254 | bits
    else:
        flat = columns[:, :3].reshape(-1)
        flat[: len(bits)] = 254 | bits
        columns[:, :3] = flat.reshape(-1, 3)
    return np.ascontiguousarray(columns.reshape(size[1], size[0], 4).swapaxes(0, 1))


@pytest.mark.parametrize("signature", ["stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp"])
def test_novelais_text_is_read(signature: str) -> None:
    text = gzip.compress(TEXT.encode()) if signature.endswith("comp") else TEXT.encode()
    found = stealth_finding(hidden(signature, text))
    assert found is not None
    assert (found.name, found.facts) == ("novelai", {"prompt": "cat", "seed": 9, "model": "V4", "where": "pixels"})


def test_another_programs_text_is_told_as_it_is() -> None:
    found = stealth_finding(hidden("stealth_pnginfo", b"a cat\nSteps: 20"))
    assert found is not None
    assert (found.name, found.facts["prompt"]) == ("stealth", "a cat\nSteps: 20")


@pytest.mark.parametrize(
    "layers",
    [
        hidden("stealth_pngcomp", b"no gzip"),
        hidden("stealth_pngcomp", b"", length=2**32 - 1),
        hidden("stealth_pngcomp", gzip.compress(b"\0" * (9 << 20))[:400]),
        hidden("stealth_pnginfo", b""),
    ],
)
def test_a_broken_text_is_found_and_not_told(layers: Rgba) -> None:
    found = stealth_finding(layers)
    assert found is not None
    assert found.name == "stealth"


def test_nothing_is_found_in_nothing() -> None:
    assert stealth_finding(np.zeros((64, 64, 4), np.uint8)) is None
    assert stealth_finding(np.zeros((2, 2, 4), np.uint8)) is None
