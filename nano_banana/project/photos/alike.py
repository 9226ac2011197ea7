"""How like the others each face of a set is."""

from __future__ import annotations

import math
from collections.abc import Sequence

ALIKE = 0.45
"""A face below is probably another person's: of 1,615 comparisons with strangers none came so far, and 98.9 % of 95
photos of the same people did."""

Vector = Sequence[float]


def likenesses(faces: Sequence[Vector | None]) -> list[float | None]:
    """Each face's cosine to the mean of the others (−1…1); None for what has no face, or nobody to be like.

    Faces are unit vectors. Those unlike the others are left out of the mean that all are held against in the end, so
    that one stranger does not hide another.
    """
    known = [face for face in faces if face is not None]
    first = _against(faces, _sum(known))
    like = [
        face for face, near in zip(faces, first, strict=True) if face is not None and near is not None and near >= ALIKE
    ]
    if len(like) < 2 or len(like) == len(known):
        return first
    return _against(faces, _sum(like), outside=[near is not None and near < ALIKE for near in first])


def _against(
    faces: Sequence[Vector | None], whole: Vector, *, outside: Sequence[bool] | None = None
) -> list[float | None]:
    """The cosines to the sum `whole` without the face itself; those `outside` are no part of it."""
    found: list[float | None] = []
    for number, face in enumerate(faces):
        if face is None:
            found.append(None)
            continue
        is_part = outside is None or not outside[number]
        others = [total - own for total, own in zip(whole, face, strict=True)] if is_part else whole
        length = math.sqrt(sum(value * value for value in others))
        # What is left of a face less itself is rounding, and no direction.
        found.append(None if length < 1e-3 else sum(map(float.__mul__, map(float, face), others)) / length)
    return found


def _sum(faces: Sequence[Vector]) -> Vector:
    return [math.fsum(values) for values in zip(*faces, strict=True)]
