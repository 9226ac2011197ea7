"""Photos that are nearly the same, found by their fingerprints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nano_banana.core.bits import distance
from nano_banana.project.photos.sight import Measures

SAME = 6
"""Of 64 bits of the pHash: no more, and it is the same picture (two different ones differ in 18 and more)."""

NEAR = 14
NEAR_TOO = 5
"""So many bits of the pHash are the same picture where the other fingerprint differs in so few."""

BITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """The photo (by number) that another is nearly the same as, and in how many of 64 bits they differ."""

    of: int
    distance: int
    mirrored: bool


def twins(photos: Sequence[Measures | None]) -> dict[int, Twin]:
    """Each photo that is nearly the same as one with more pixels (or as many, and sharper), with that one.

    Photos are only compared with those that have no such twin, and only where some part of a fingerprint is the same:
    of NEAR_TOO + 1 parts of a fingerprint one is untouched where no more than NEAR_TOO bits differ.
    """
    found: dict[int, Twin] = {}
    shelves: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    known = [(number, photo) for number, photo in enumerate(photos) if photo is not None]
    for number, photo in sorted(known, key=lambda pair: (-pair[1].width * pair[1].height, -pair[1].sharpness)):
        near = {other for part in _parts(photo, sought=True) for other in shelves.get(part, ())}
        twin = next((twin for other in sorted(near) if (twin := _twin(photo, photos[other], other)) is not None), None)
        if twin is not None:
            found[number] = twin
            continue
        for part in _parts(photo, sought=False):
            shelves[part].append(number)
    return found


def _twin(photo: Measures, other: Measures | None, number: int) -> Twin | None:
    if other is None:
        return None
    plain, mirrored = distance(photo.hash, other.hash), distance(photo.hash_mirrored, other.hash)
    if min(plain, mirrored) <= SAME:
        return Twin(of=number, distance=min(plain, mirrored), mirrored=mirrored < plain)
    if plain <= NEAR and distance(photo.difference_hash, other.difference_hash) <= NEAR_TOO:
        return Twin(of=number, distance=plain, mirrored=False)
    return None


def _parts(photo: Measures, *, sought: bool) -> Iterator[tuple[str, int, int]]:
    """Pieces of the fingerprints, of which near ones share at least one."""
    yield from _pieces("p", photo.hash, SAME + 1)
    yield from _pieces("d", photo.difference_hash, NEAR_TOO + 1)
    if sought:
        yield from _pieces("p", photo.hash_mirrored, SAME + 1)


def _pieces(name: str, fingerprint: str, count: int) -> Iterator[tuple[str, int, int]]:
    bits, width = int(fingerprint, 16), -(-BITS // count)
    for piece in range(count):
        yield name, piece, (bits >> (piece * width)) & ((1 << width) - 1)
