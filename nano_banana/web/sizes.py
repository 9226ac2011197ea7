"""How large small pictures are: the more there are, the smaller."""

from __future__ import annotations

from collections.abc import Sequence

from nano_banana.project.sheet.shown import Shown

SIDES = ((120, 480), (400, 320), (1000, 240), (2500, 144))
"""Up to so many pictures, the longer side of each in pixels."""

SMALLEST = 128


def side_for(takes: Sequence[Shown]) -> int:
    """The longer side of small pictures of these takes, so that a page with all of them stays below about 12 MB."""
    pictures = len(takes) + sum(take.before is not None and take.before.differs for take in takes)
    return next((side for most, side in SIDES if pictures <= most), SMALLEST)
