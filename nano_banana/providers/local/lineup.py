"""Several people in one picture: side by side, nobody's face covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nano_banana.providers.local.chance import chance
from nano_banana.providers.local.cutout import Cutout
from nano_banana.providers.local.direction import Direction
from nano_banana.providers.local.dress import dressed
from nano_banana.providers.local.job import Size
from nano_banana.providers.local.mannequin import mannequin
from nano_banana.providers.local.placing import CLOSE, Figure, choose, put
from nano_banana.providers.local.torso import embodied

WRONG = 6
"""Of so many seeds one draws somebody too many or too few, where two or more strangers are asked for."""

ROOM = 0.58
"""A face's height in a row, as a share of the width that each person has, at most."""


def lined_up(people: Sequence[Sequence[Cutout]], direction: Direction, seed: int, size: Size) -> list[Figure]:
    """Each person's figure, from left to right; `people` are each person's cut-outs, none for strangers.

    As with real models, the number of strangers is wrong now and then: one seed in WRONG, always the same.
    """
    width, height = size
    everybody = people or _strangers(direction, seed)
    room = width // len(everybody)
    crop = direction.crop if len(everybody) == 1 else min(direction.crop * 0.9, ROOM * room / height)
    figures = []
    for at, cutouts in enumerate(everybody):
        rng = chance(seed, f"photo/{at}" if at else "photo")
        grows = {} if len(everybody) == 1 else {"grows": CLOSE}
        shown = [embodied(cutout) for cutout in cutouts] if people and len(everybody) > 1 else cutouts
        cutout, placing = choose(shown, room, height, crop, rng, **grows)
        figure = put(cutout, replace(placing, left=placing.left + at * room), width, height)
        worn = direction.garment if people and not cutout.plain else None
        figures.append(dressed(figure, worn) if worn else figure)
    return figures


def _strangers(direction: Direction, seed: int) -> list[list[Cutout]]:
    kinds = list(direction.people)
    if len(kinds) > 1:
        turn = int(chance(seed, "headcount").integers(2 * WRONG))
        kinds = kinds[:-1] if turn == 0 else [*kinds, ""] if turn == 1 else kinds
    return [[mannequin(seed, direction.garment, kind, at)] for at, kind in enumerate(kinds)]
