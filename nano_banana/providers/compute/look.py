"""Who can be seen in a picture: every face, measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.faces.around import around
from nano_banana.faces.embed import embedding
from nano_banana.faces.face import Face, main_faces
from nano_banana.faces.find import find_faces
from nano_banana.faces.networks import DETECTOR, MODELS, RECOGNISER, weights_of
from nano_banana.faces.sharp import sharpness
from nano_banana.imaging.open import open_picture
from nano_banana.providers.compute.request import Request, Result

JSON = "application/json"

Pixels = NDArray[np.uint8]


def look(request: Request) -> Result:
    """Input `image`; no arguments.

    Data: `width` and `height` (upright), `models`, and `faces`, largest first, each with its `box` (left, top, width,
    height in pixels), `score` (0–1), `points` (eyes, nose, corners of the mouth; the viewer's left first), `eyes`
    (pixels apart), `sharpness` (see `faces.sharp`), `yaw` (−1 to 1), `roll` (degrees), and `main` (at least 30 % as
    wide as the widest). File `faces`: the same as JSON, each face with its `embedding` (128 numbers, unit length) and
    `hash` and `hash_mirrored` (see `faces.around`). Raises CallFailed as `open_picture` does, and Unusable
    `faces_missing` and `weights_wrong`.
    """
    rgb, faces = _seen(request.input("image"), place="image")
    main = main_faces(faces)
    light = [_measured(rgb, face, main=face in main) for face in faces]
    head: JSONObject = {"width": rgb.shape[1], "height": rgb.shape[0]}
    whole: list[JSONValue] = [{**told, **_known(rgb, face)} for told, face in zip(light, faces, strict=True)]
    file = json.dumps({**head, "faces": whole, "models": MODELS}, separators=(",", ":"), allow_nan=False)
    return {**head, "faces": light, "models": MODELS}, {"faces": (file.encode(), JSON)}


def largest_face(path: Path) -> bytes | None:
    """The embedding of the picture's largest face as 128 floats (32 bits each); None where it shows none.

    Raises as `look` does.
    """
    rgb, faces = _seen(path, place=str(path))
    return embedding(rgb, faces[0]).tobytes() if faces else None


def networks() -> JSONObject:
    """The networks that look, and their digests."""
    return MODELS


def _seen(path: Path, *, place: str) -> tuple[Pixels, tuple[Face, ...]]:
    for network in (DETECTOR, RECOGNISER):
        weights_of(network)
    rgb = np.asarray(open_picture(path, place=place), np.uint8)
    return rgb, find_faces(rgb) or ()


def _measured(rgb: Pixels, face: Face, *, main: bool) -> JSONObject:
    return {
        "box": [round(side, 2) for side in (face.left, face.top, face.width, face.height)],
        "score": round(face.score, 4),
        "points": [[round(x, 2), round(y, 2)] for x, y in face.points],
        "eyes": round(face.eye_distance, 2),
        "sharpness": round(sharpness(rgb, face), 2),
        "yaw": round(face.yaw, 3),
        "roll": round(face.roll, 2),
        "main": main,
    }


def _known(rgb: Pixels, face: Face) -> JSONObject:
    plain, mirrored = around(rgb, face)
    return {
        "embedding": [round(float(number), 6) for number in embedding(rgb, face)],
        "hash": plain,
        "hash_mirrored": mirrored,
    }
