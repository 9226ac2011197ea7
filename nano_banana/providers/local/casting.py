"""Who is in a local picture: adapters, reference photos, strangers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from nano_banana.faces.networks import RECOGNISER, network_path
from nano_banana.faces.recognition import FaceVector, face_embedding
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import CallFailed, problem
from nano_banana.providers.local.cutouts import (
    ENLARGEMENTS_BESIDE,
    Cutout,
    Figure,
    choose_cutout,
    cut_out,
    place_cutout,
    recolour_clothes,
)
from nano_banana.providers.local.local_job import LocalJob, Size
from nano_banana.providers.local.local_training import LocalAdapter, read_adapter
from nano_banana.providers.local.pixel_math import Pixels, as_float32, seeded_rng, to_display, to_linear
from nano_banana.providers.local.prompt_parser import PromptReading
from nano_banana.providers.local.strangers import draw_stranger, with_body

SAME_PERSON = 0.363
"""Two faces with at least this cosine are the same person (OpenCV's threshold for SFace)."""


def group_people(pictures: Sequence[Image.Image]) -> list[list[Cutout]]:
    """Each picture's person, grouped by person, in the order in which they are first seen.

    Pictures without a face count only if none has one. Without the face networks, all pictures are taken to show one
    person, and the first picture is used.
    """
    cutouts = [cut_out(picture) for picture in pictures]
    known = [cutout for cutout in cutouts if cutout.face.score > 0]
    if not known or network_path(RECOGNISER) is None:
        return [(known or cutouts)[:1]]
    people: list[tuple[FaceVector, list[Cutout]]] = []
    for cutout in known:
        vector = face_embedding((np.clip(cutout.pixels, 0, 1) * 255 + 0.5).astype(np.uint8), cutout.face)
        alike = [(float(vector @ first), shown) for first, shown in people]
        nearest = max(alike, key=lambda pair: pair[0], default=(-1.0, []))
        if nearest[0] >= SAME_PERSON:
            nearest[1].append(cutout)
        else:
            people.append((vector, [cutout]))
    return [shown for _, shown in people]


MIN_PERSON_SCALE = 0.3
"""The least scale at which an adapter's person is drawn."""


class LocalCast(Struct, frozen=True, kw_only=True):
    """Each person's cut-outs (none: strangers are drawn), and the colours and weights of style adapters."""

    people: Sequence[Sequence[Cutout]] = ()
    lent: Sequence[tuple[Pixels, float]] = ()
    plain: bool = False

    @property
    def cutouts(self) -> Sequence[Cutout]:
        """The cut-outs of the first person."""
        return self.people[0] if self.people else ()


def load_cast(job: LocalJob) -> LocalCast:
    """Read the job's adapters, in order. Raises CallFailed as `read_adapter` does, and `local_input`."""
    entries = job.value("adapters")
    listed = entries if isinstance(entries, list | tuple) else ()
    loaded = [(_load_adapter(job, at), _scale(entry)) for at, entry in enumerate(listed)]
    people = [adapter for adapter, scale in loaded if not adapter.style and scale >= MIN_PERSON_SCALE]
    lent = [(_palette_of(adapter), min(scale, 1.0)) for adapter, scale in loaded if adapter.style]
    if not people:
        return LocalCast(lent=lent)
    return LocalCast(people=[balance_colours(people[0].cutouts)], lent=lent, plain=people[0].plain)


def balance_colours(cutouts: Sequence[Cutout]) -> list[Cutout]:
    """The cut-outs, white-balanced towards the median colour of the set's faces."""
    tones = [to_linear(cutout.face_tone()) + np.float32(0.01) for cutout in cutouts]
    middle = np.median(np.stack(tones), axis=0)
    return [_balanced(cutout, np.power(middle / tone, 0.8)) for cutout, tone in zip(cutouts, tones, strict=True)]


def apply_palettes(shown: Pixels, lent: Sequence[tuple[Pixels, float]]) -> Pixels:
    """The picture with its colours (mean and deviation) moved towards those of style adapters, by their scales."""
    result = shown
    for palette, scale in lent:
        mean, spread = result.mean(axis=(0, 1)), result.std(axis=(0, 1)) + 1e-3
        moved = (result - mean) / spread * palette[1] + palette[0]
        result = as_float32(np.clip(result + (moved - result) * 0.6 * scale, 0, 1))
    return result


def _load_adapter(job: LocalJob, at: int) -> LocalAdapter:
    place = f"{job.roles['adapters']}/{at}/path"
    if place not in job.inputs:
        raise CallFailed([problem("adapter_not_local", input=place)])
    return read_adapter(job.inputs[place], place=place)


def _scale(entry: JSONValue) -> float:
    scale = entry.get("scale", 1.0) if isinstance(entry, dict) else 1.0
    return float(scale) if isinstance(scale, int | float) else 1.0


def _palette_of(adapter: LocalAdapter) -> Pixels:
    pixels = np.concatenate([cutout.pixels[::8, ::8].reshape(-1, 3) for cutout in adapter.cutouts])
    return as_float32(np.stack([pixels.mean(axis=0), pixels.std(axis=0)]))


def _balanced(cutout: Cutout, gain: Pixels) -> Cutout:
    level = float(gain.mean())
    hue = as_float32(np.clip(gain / level * np.clip(level, 0.8, 1.25), 0.55, 1.8))
    return replace(cutout, pixels=to_display(to_linear(cutout.pixels) * hue))


MISCOUNT_ODDS = 6
"""One seed in this many draws one person too many or too few, if the prompt asks for two or more strangers."""

FACE_HEIGHT_SHARE = 0.58
"""Maximum height of a face in a group, as a share of the width for each person."""


def arrange_people(people: Sequence[Sequence[Cutout]], direction: PromptReading, seed: int, size: Size) -> list[Figure]:
    """Each person's figure, from left to right; `people` are each person's cut-outs (none: strangers).

    As with real models, the number of strangers is sometimes wrong: for one seed in MISCOUNT_ODDS, always the same.
    """
    width, height = size
    everybody = people or _strangers(direction, seed)
    room = width // len(everybody)
    crop = direction.crop if len(everybody) == 1 else min(direction.crop * 0.9, FACE_HEIGHT_SHARE * room / height)
    figures = []
    for at, cutouts in enumerate(everybody):
        rng = seeded_rng(seed, f"photo/{at}" if at else "photo")
        grows = {} if len(everybody) == 1 else {"grows": ENLARGEMENTS_BESIDE}
        shown = [with_body(cutout) for cutout in cutouts] if people and len(everybody) > 1 else cutouts
        cutout, placing = choose_cutout(shown, room, height, crop, rng, **grows)
        figure = place_cutout(cutout, replace(placing, left=placing.left + at * room), width, height)
        worn = direction.garment if people and not cutout.plain else None
        figures.append(recolour_clothes(figure, worn) if worn else figure)
    return figures


def _strangers(direction: PromptReading, seed: int) -> list[list[Cutout]]:
    kinds = list(direction.people)
    if len(kinds) > 1:
        turn = int(seeded_rng(seed, "headcount").integers(2 * MISCOUNT_ODDS))
        kinds = kinds[:-1] if turn == 0 else [*kinds, ""] if turn == 1 else kinds
    return [[draw_stranger(seed, direction.garment, kind, at)] for at, kind in enumerate(kinds)]
