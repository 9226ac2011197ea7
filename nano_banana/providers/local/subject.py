"""Who is in the picture: the first adapter's person that weighs enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.json import JSONValue
from nano_banana.providers.local.adapter import Adapter, from_file
from nano_banana.providers.local.cutout import Cutout
from nano_banana.providers.local.job import Job
from nano_banana.providers.local.pixels import Pixels, display, f32, linear

PRESENT = 0.3
"""The least scale at which an adapter's person is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Each person's cut-outs to draw from (nobody: strangers), and the colours that style adapters lend, weighed."""

    people: Sequence[Sequence[Cutout]] = ()
    lent: Sequence[tuple[Pixels, float]] = ()
    plain: bool = False

    @property
    def cutouts(self) -> Sequence[Cutout]:
        """The first person's."""
        return self.people[0] if self.people else ()


def cast_of(job: Job) -> Cast:
    """Read the job's adapters, in order. Raises CallFailed as `adapter.from_file` does, and `local_input`."""
    loaded = [(_adapter(job, at), _scale(entry)) for at, entry in enumerate(_entries(job))]
    people = [adapter for adapter, scale in loaded if not adapter.style and scale >= PRESENT]
    lent = [(_palette(adapter), min(scale, 1.0)) for adapter, scale in loaded if adapter.style]
    if not people:
        return Cast(lent=lent)
    return Cast(people=[evened(people[0].cutouts)], lent=lent, plain=people[0].plain)


def evened(cutouts: Sequence[Cutout]) -> list[Cutout]:
    """The cut-outs with their white balance drawn to the set's own middle, judged by the colour of the face."""
    tones = [linear(cutout.face_tone()) + np.float32(0.01) for cutout in cutouts]
    middle = np.median(np.stack(tones), axis=0)
    return [_balanced(cutout, np.power(middle / tone, 0.8)) for cutout, tone in zip(cutouts, tones, strict=True)]


def lend(shown: Pixels, lent: Sequence[tuple[Pixels, float]]) -> Pixels:
    """The picture's colours moved towards those of style adapters (mean and deviation, by their scale)."""
    result = shown
    for palette, scale in lent:
        mean, spread = result.mean(axis=(0, 1)), result.std(axis=(0, 1)) + 1e-3
        moved = (result - mean) / spread * palette[1] + palette[0]
        result = f32(np.clip(result + (moved - result) * 0.6 * scale, 0, 1))
    return result


def _entries(job: Job) -> Sequence[JSONValue]:
    value = job.value("adapters")
    return value if isinstance(value, list | tuple) else ()


def _adapter(job: Job, at: int) -> Adapter:
    place = f"{job.roles['adapters']}/{at}/path"
    if place not in job.inputs:
        raise CallFailed([trouble("adapter_not_local", input=place)])
    return from_file(job.inputs[place], place=place)


def _scale(entry: JSONValue) -> float:
    scale = entry.get("scale", 1.0) if isinstance(entry, dict) else 1.0
    return float(scale) if isinstance(scale, int | float) else 1.0


def _palette(adapter: Adapter) -> Pixels:
    pixels = np.concatenate([cutout.pixels[::8, ::8].reshape(-1, 3) for cutout in adapter.cutouts])
    return f32(np.stack([pixels.mean(axis=0), pixels.std(axis=0)]))


def _balanced(cutout: Cutout, gain: Pixels) -> Cutout:
    level = float(gain.mean())
    hue = f32(np.clip(gain / level * np.clip(level, 0.8, 1.25), 0.55, 1.8))
    return replace(cutout, pixels=display(linear(cutout.pixels) * hue))
