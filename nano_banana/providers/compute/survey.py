"""A training photo measured: its size, light, sharpness and fingerprints."""

from __future__ import annotations

import dataclasses

from nano_banana.core.json import JSONObject
from nano_banana.imaging.exposure import exposure
from nano_banana.imaging.hashes import dhash, phash, phash_mirrored
from nano_banana.imaging.open import open_picture, orientation, reading, turned_size
from nano_banana.imaging.sharpness import best_sharpness
from nano_banana.providers.compute.request import Request, Result, numbers

_FAR = 1e9
"""No edge of a face lies further away, in pixels."""


def survey(request: Request) -> Result:
    """Input `image`; argument `face` (optional: left, top, width, height in upright pixels).

    Data: `width`, `height` (upright), `oriented` (the EXIF orientation turned it), `exposure` (`mean`, `dark` and
    `bright`, 0–1; the face counts for three quarters), `sharpness` (variance of the Laplacian in the sharpest part),
    `hash`, `hash_mirrored`, `difference_hash` (64 bits in hex). Raises CallFailed as `open_picture` does.
    """
    path = request.input("image")
    with reading(path, place="image") as header:
        width, height = turned_size(header)
        oriented = orientation(header) != 1
    picture = open_picture(path, place="image")
    data: JSONObject = {
        "width": width,
        "height": height,
        "oriented": oriented,
        "exposure": dataclasses.asdict(exposure(picture, face_of(request))),
        "sharpness": round(best_sharpness(picture), 2),
        "hash": phash(picture),
        "hash_mirrored": phash_mirrored(picture),
        "difference_hash": dhash(picture),
    }
    return data, {}


def face_of(request: Request) -> tuple[float, float, float, float] | None:
    """The argument `face`, where it was given: left, top, width and height in pixels."""
    value = request.arguments.get("face")
    if value is None:
        return None
    left, top, width, height = numbers("face", value, -_FAR, _FAR, count=4)
    return left, top, width, height
