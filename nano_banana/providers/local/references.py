"""Who is who in reference photos: the cut-outs of each person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from nano_banana.faces.embed import Vector, embedding
from nano_banana.faces.networks import RECOGNISER, path_of
from nano_banana.providers.local.cutout import Cutout, cut_out

SAME = 0.363
"""From this cosine on two faces are one person's (OpenCV's figure for SFace)."""


def people_in(pictures: Sequence[Image.Image]) -> list[list[Cutout]]:
    """The people of the pictures, one a picture, in the order in which each is seen first.

    Pictures without a face count only where none has one. Without the networks that know faces all are taken for one
    person, of whom the first picture is taken.
    """
    cutouts = [cut_out(picture) for picture in pictures]
    known = [cutout for cutout in cutouts if cutout.face.score > 0]
    if not known or path_of(RECOGNISER) is None:
        return [(known or cutouts)[:1]]
    people: list[tuple[Vector, list[Cutout]]] = []
    for cutout in known:
        vector = embedding((np.clip(cutout.pixels, 0, 1) * 255 + 0.5).astype(np.uint8), cutout.face)
        alike = [(float(vector @ first), shown) for first, shown in people]
        nearest = max(alike, key=lambda pair: pair[0], default=(-1.0, []))
        if nearest[0] >= SAME:
            nearest[1].append(cutout)
        else:
            people.append((vector, [cutout]))
    return [shown for _, shown in people]
