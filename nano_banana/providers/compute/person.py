"""Somebody as their photos show them: the middle of many faces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.faces.networks import MODELS
from nano_banana.providers.compute.look import JSON
from nano_banana.providers.compute.request import Request, Result
from nano_banana.providers.compute.seen import Seen, Vector, numbers, read_faces

FEWEST = 3
"""Of fewer photos none can be left out to see how like the others it is."""


def person(request: Request) -> Result:
    """Inputs `references/0…` and `training/0…`, `faces` files of photos to compare with, and of those that trained.

    Data: `references` (how many were of use), `left_out` (numbers of those without just one main face), and
    `calibration`, sorted: the cosine of each reference to the unit mean of the others, or, of fewer than three
    references, of each training photo's face to their mean. File `person`: `centre` (the unit mean), the `training`
    photos' faces with their hashes, and the data. Raises CallFailed `nobody_in_photos`.
    """
    series = request.series("references")
    references, left_out = _alone({number: read_faces(path) for number, path in series.items()})
    if not references:
        raise CallFailed([trouble("nobody_in_photos", photos=len(series))])
    shown = {number: read_faces(path) for number, path in request.series("training").items()}
    vectors = [face.embedding for face in references]
    centre = _unit(sum(vectors))
    own = _one_left_out(vectors) if len(vectors) >= FEWEST else [face.embedding @ centre for face in _alone(shown)[0]]
    data: JSONObject = {
        "references": len(references),
        "left_out": left_out,
        "calibration": sorted(round(float(cosine), 4) for cosine in own),
    }
    training: list[JSONValue] = [face.written() for faces in shown.values() for face in faces if face.main]
    whole = {"centre": numbers(centre), "training": training, **data, "models": MODELS}
    return data, {"person": (json.dumps(whole, separators=(",", ":"), allow_nan=False).encode(), JSON)}


def _alone(photos: Mapping[int, Sequence[Seen]]) -> tuple[list[Seen], list[int]]:
    """The faces of the photos that show just one clear person, and the numbers of the other photos."""
    main = {number: [face for face in faces if face.main] for number, faces in photos.items()}
    return (
        [faces[0] for faces in main.values() if len(faces) == 1],
        [number for number, faces in main.items() if len(faces) != 1],
    )


def _one_left_out(vectors: Sequence[Vector]) -> list[float]:
    """Each one's cosine to the unit mean of the others."""
    whole = sum(vectors)
    return [float(vector @ _unit(whole - vector)) for vector in vectors]


def _unit(vector: Vector | int) -> Vector:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector, np.float64)
