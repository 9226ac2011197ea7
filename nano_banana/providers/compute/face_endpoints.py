"""Endpoints for faces: detect, measure and compare with people.

`look` turns a picture into a `faces` file, `person` puts the files of one person's photos together, and `likeness`
compares the two. Thresholds are in none of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nano_banana.faces.face import Face, main_faces
from nano_banana.faces.face_detection import find_faces
from nano_banana.faces.networks import DETECTOR, FACE_MODELS, RECOGNISER, verified_weights
from nano_banana.faces.recognition import FaceVector, face_embedding, face_sharpness, surroundings_hash
from nano_banana.formats.image_formats import hamming_distance
from nano_banana.formats.picture_files import open_picture
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object, as_text
from nano_banana.model.problem import CallFailed, problem
from nano_banana.providers.compute.compute_request import ComputeRequest
from nano_banana.providers.workers import WorkResult

Vector = NDArray[np.float64]


class FaceRecord(Struct, frozen=True, kw_only=True):
    """One face: who it is (`embedding`, 128 numbers of unit length), and the hashes of what is around it.

    `light` is what `look` measured.
    """

    light: JSONObject
    embedding: Vector
    hash: str
    mirrored: str

    @property
    def main(self) -> bool:
        """Whether it isn't in the background."""
        return bool(self.light.get("main", True))

    def written(self) -> JSONObject:
        """What is saved of a photo to compare with."""
        return {"embedding": _json_vector(self.embedding), "hash": self.hash, "hash_mirrored": self.mirrored}

    def apart(self, other: FaceRecord) -> int:
        """How many of 64 bits of the surroundings' hashes differ, in the picture or its mirror image."""
        return min(hamming_distance(self.hash, other.hash), hamming_distance(self.hash, other.mirrored))


class PersonReference(Struct, frozen=True, kw_only=True):
    """Somebody known: the `centre` of their photos (unit length), and the photos that a copy could be of."""

    centre: Vector
    training: Sequence[FaceRecord]
    told: JSONObject
    """How many `references` there were, and their `calibration`."""


def read_faces(path: Path) -> list[FaceRecord]:
    """The faces of a `faces` file, largest first."""
    return [_face_record(item) for item in as_items(json.loads(path.read_bytes())["faces"])]


def read_person(path: Path) -> PersonReference:
    """The person of a `person` file."""
    data = as_object(json.loads(path.read_bytes()))
    return PersonReference(
        centre=_vector(data["centre"]),
        training=[_face_record(item) for item in as_items(data["training"])],
        told={name: data[name] for name in ("references", "calibration")},
    )


def _json_vector(vector: Vector | FaceVector) -> list[float]:
    return [round(float(number), 6) for number in vector]


def _face_record(item: JSONValue) -> FaceRecord:
    whole = as_object(item)
    heavy = {"embedding", "hash", "hash_mirrored"}
    return FaceRecord(
        light={name: value for name, value in whole.items() if name not in heavy},
        embedding=_vector(whole["embedding"]),
        hash=as_text(whole["hash"]),
        mirrored=as_text(whole["hash_mirrored"]),
    )


def _vector(value: JSONValue) -> Vector:
    return np.array([as_number(number) for number in as_items(value)], np.float64)


JSON_MEDIA = "application/json"

RgbPixels = NDArray[np.uint8]


def look(request: ComputeRequest) -> WorkResult:
    """Input `image`; no arguments.

    Data: `width` and `height` (upright), `models`, and `faces`, largest first, each with its `box` (left, top, width,
    height in pixels), `score` (0–1), `points` (eyes, nose, corners of the mouth; the viewer's left first), `eyes`
    (pixels apart), `sharpness` (see `faces.sharp`), `yaw` (−1 to 1), `roll` (degrees), and `main` (at least 30 % as
    wide as the widest). File `faces`: the same as JSON, each face with its `embedding` (128 numbers, unit length) and
    `hash` and `hash_mirrored` (see `faces.around`). Raises CallFailed as `open_picture` does, and Unusable
    `faces_missing` and `weights_wrong`.
    """
    rgb, faces = _detect_faces(request.input("image"), place="image")
    main = main_faces(faces)
    light = [_measure_face(rgb, face, main=face in main) for face in faces]
    head: JSONObject = {"width": rgb.shape[1], "height": rgb.shape[0]}
    whole: list[JSONValue] = [{**told, **_identify_face(rgb, face)} for told, face in zip(light, faces, strict=True)]
    file = json.dumps({**head, "faces": whole, "models": FACE_MODELS}, separators=(",", ":"), allow_nan=False)
    return {**head, "faces": light, "models": FACE_MODELS}, {"faces": (file.encode(), JSON_MEDIA)}


def largest_face(path: Path) -> bytes | None:
    """The embedding of the picture's largest face as 128 floats (32 bits each); None if it shows none.

    Raises as `look` does.
    """
    rgb, faces = _detect_faces(path, place=str(path))
    return face_embedding(rgb, faces[0]).tobytes() if faces else None


def face_networks() -> JSONObject:
    """The networks that look, and their digests."""
    return FACE_MODELS


def _detect_faces(path: Path, *, place: str) -> tuple[RgbPixels, tuple[Face, ...]]:
    for network in (DETECTOR, RECOGNISER):
        verified_weights(network)
    rgb = np.asarray(open_picture(path, place=place), np.uint8)
    return rgb, find_faces(rgb) or ()


def _measure_face(rgb: RgbPixels, face: Face, *, main: bool) -> JSONObject:
    return {
        "box": [round(side, 2) for side in (face.left, face.top, face.width, face.height)],
        "score": round(face.score, 4),
        "points": [[round(x, 2), round(y, 2)] for x, y in face.points],
        "eyes": round(face.eye_distance, 2),
        "sharpness": round(face_sharpness(rgb, face), 2),
        "yaw": round(face.yaw, 3),
        "roll": round(face.roll, 2),
        "main": main,
    }


def _identify_face(rgb: RgbPixels, face: Face) -> JSONObject:
    plain, mirrored = surroundings_hash(rgb, face)
    return {"embedding": _json_vector(face_embedding(rgb, face)), "hash": plain, "hash_mirrored": mirrored}


def likeness(request: ComputeRequest) -> WorkResult:
    """Inputs `faces` (of `look`) and `people/0…` (of `person`).

    Data: `faces`, each as `look` tells it with two lists of one entry a person: `similar`, its cosine to the person's
    centre (−1 to 1), and `copy`: the cosine (`similarity`) to the training photo that it is most like, and in how many
    of 64 bits (`distance`) what is around it differs there; null where no photo trained. `people`: how many
    `references` each had, and their `calibration`. `models`.
    """
    people = [read_person(path) for path in request.series("people").values()]
    faces: list[JSONValue] = [_compare_face(face, people) for face in read_faces(request.input("faces"))]
    return {"faces": faces, "people": [person.told for person in people], "models": FACE_MODELS}, {}


def _compare_face(face: FaceRecord, people: list[PersonReference]) -> JSONObject:
    return {
        **face.light,
        "similar": [round(float(face.embedding @ person.centre), 4) for person in people],
        "copy": [_nearest_photo(face, person) for person in people],
    }


def _nearest_photo(face: FaceRecord, person: PersonReference) -> JSONObject | None:
    if not person.training:
        return None
    photo = max(person.training, key=lambda shown: float(face.embedding @ shown.embedding))
    return {"similarity": round(float(face.embedding @ photo.embedding), 4), "distance": face.apart(photo)}


MIN_REFERENCES = 3
"""With fewer photos, none can be left out for calibration."""


def person(request: ComputeRequest) -> WorkResult:
    """Inputs `references/0…` and `training/0…`, `faces` files of photos to compare with, and of those that trained.

    Data: `references` (how many were of use), `left_out` (numbers of those without just one main face), and
    `calibration`, sorted: the cosine of each reference to the unit mean of the others, or, of fewer than three
    references, of each training photo's face to their mean. File `person`: `centre` (the unit mean), the `training`
    photos' faces with their hashes, and the data. Raises CallFailed `nobody_in_photos`.
    """
    series = request.series("references")
    references, left_out = _single_faces({number: read_faces(path) for number, path in series.items()})
    if not references:
        raise CallFailed([problem("nobody_in_photos", photos=len(series))])
    shown = {number: read_faces(path) for number, path in request.series("training").items()}
    vectors = [face.embedding for face in references]
    centre = _normalize(sum(vectors))
    if len(vectors) >= MIN_REFERENCES:
        own = [vector @ _normalize(sum(vectors) - vector) for vector in vectors]
    else:
        own = [face.embedding @ centre for face in _single_faces(shown)[0]]
    data: JSONObject = {
        "references": len(references),
        "left_out": left_out,
        "calibration": sorted(round(float(cosine), 4) for cosine in own),
    }
    training: list[JSONValue] = [face.written() for faces in shown.values() for face in faces if face.main]
    whole = {"centre": _json_vector(centre), "training": training, **data, "models": FACE_MODELS}
    return data, {"person": (json.dumps(whole, separators=(",", ":"), allow_nan=False).encode(), JSON_MEDIA)}


def _single_faces(photos: Mapping[int, Sequence[FaceRecord]]) -> tuple[list[FaceRecord], list[int]]:
    """The faces of the photos that show just one clear person, and the numbers of the other photos."""
    main = {number: [face for face in faces if face.main] for number, faces in photos.items()}
    single = [faces[0] for faces in main.values() if len(faces) == 1]
    return single, [number for number, faces in main.items() if len(faces) != 1]


def _normalize(vector: Vector | int) -> Vector:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector, np.float64)
