"""Faces and people as the files of `look` and `person` hold them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nano_banana.core.bits import distance
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_number, as_object, as_text

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One face: who it is (`embedding`, 128 numbers of unit length), and the hashes of what is around it.

    `light` is what was measured, as `look` tells it.
    """

    light: JSONObject
    embedding: Vector
    hash: str
    mirrored: str

    @property
    def main(self) -> bool:
        """Whether it is no face in the background."""
        return bool(self.light.get("main", True))

    def written(self) -> JSONObject:
        """What of it is kept of a photo to compare with."""
        return {"embedding": numbers(self.embedding), "hash": self.hash, "hash_mirrored": self.mirrored}

    def apart(self, other: Seen) -> int:
        """In how many of 64 bits what is around the faces differs, in the picture or its mirror image."""
        return min(distance(self.hash, other.hash), distance(self.hash, other.mirrored))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody known: the `centre` of their photos (unit length), and the photos that a copy could be of."""

    centre: Vector
    training: Sequence[Seen]
    told: JSONObject
    """How many `references` there were, and their `calibration`."""


def read_faces(path: Path) -> list[Seen]:
    """The faces of a `faces` file, largest first."""
    return [_seen(item) for item in as_items(_opened(path)["faces"])]


def read_person(path: Path) -> Person:
    """The person of a `person` file."""
    data = _opened(path)
    return Person(
        centre=_vector(data["centre"]),
        training=[_seen(item) for item in as_items(data["training"])],
        told={name: data[name] for name in ("references", "calibration")},
    )


def numbers(vector: Vector) -> list[float]:
    """The vector as JSON holds it."""
    return [round(float(number), 6) for number in vector]


def _opened(path: Path) -> JSONObject:
    data: JSONValue = json.loads(path.read_bytes())
    return as_object(data)


def _seen(item: JSONValue) -> Seen:
    whole = as_object(item)
    heavy = {"embedding", "hash", "hash_mirrored"}
    return Seen(
        light={name: value for name, value in whole.items() if name not in heavy},
        embedding=_vector(whole["embedding"]),
        hash=as_text(whole["hash"]),
        mirrored=as_text(whole["hash_mirrored"]),
    )


def _vector(value: JSONValue) -> Vector:
    return np.array([as_number(number) for number in as_items(value)], np.float64)
