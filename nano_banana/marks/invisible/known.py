"""The known watermarks of Stable Diffusion and BFL, looked for every way."""

from __future__ import annotations

import numpy as np

from nano_banana.marks.invisible.dwtdct import LEAST_PIXELS, Pixels, bits, blocks, largest, odd, plane
from nano_banana.marks.invisible.match import Match
from nano_banana.marks.invisible.payload import PAYLOADS

MOST_PIXELS = 4_000_000
"""So much of a picture is read, from its top: blocks are counted from there, and more votes change nothing."""

WAYS = ((True, False), (False, False), (True, True), (False, True))
"""`whole` and `swapped` of `plane`: what a picture may have been when it was marked; the first is the reference's."""


def known_marks(rgb: Pixels) -> tuple[Match, ...]:
    """The best reading for each of `PAYLOADS`, found or not; empty for a picture too small to be marked."""
    high, wide = rgb.shape[:2]
    if high * wide < LEAST_PIXELS:
        return ()
    top = rgb[: max(MOST_PIXELS // wide, 4)]
    ways = [blocks(plane(top, swapped=swapped, whole=whole)) for whole, swapped in WAYS]
    read = [largest(ways[0]), *map(odd, ways)]
    best = []
    for payload in PAYLOADS:
        message = np.array([bit == "1" for bit in payload.bits])
        if len(read[0]) < len(message):
            continue
        matches = [
            Match(
                name=payload.name,
                agree=int((bits(said, len(message)) == message).sum()),
                length=len(message),
                least=payload.least if number == 0 else payload.least_otherwise,
                sure=payload.sure,
            )
            for number, said in enumerate(read)
        ]
        best.append(max(matches, key=lambda match: (match.found, match.agree)))
    return tuple(best)
