"""All the luck there is: numbers that follow from the seed and a purpose."""

from __future__ import annotations

import hashlib

import numpy as np

from nano_banana.providers.local.pixels import Pixels, f32, resized


def chance(seed: int, purpose: str) -> np.random.Generator:
    """A source of numbers of its own for every purpose, so that one more draw here changes nothing there."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def clouds(rng: np.random.Generator, height: int, width: int, cells: float, octaves: int = 3) -> Pixels:
    """Soft random shapes of mean 0 and deviation 1, `cells` of the largest to the height (value noise)."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        down = max(2, round(cells * 2**octave))
        across = max(2, round(down * width / height))
        grain = f32(rng.standard_normal((min(down, height), min(across, width))))
        total += resized(grain, width, height) * np.float32(0.55**octave)
    return f32((total - total.mean()) / max(float(total.std()), 1e-6))


def grain(rng: np.random.Generator, height: int, width: int, size: float = 1.0) -> Pixels:
    """Film grain of mean 0 and deviation 1; its lumps are wider the more `size` is above 1."""
    noise = rng.standard_normal((height, width), np.float32)
    share = np.float32(min(max(size - 1, 0), 1))
    for axis in (0, 1):
        noise = f32(noise + share * (np.roll(noise, 1, axis) + np.roll(noise, -1, axis)) / 2)
    return f32(noise / max(float(noise.std()), 1e-6))
