"""What was measured of one photo; no judgement."""

from __future__ import annotations

from dataclasses import dataclass

from nano_banana.core.blob import Blob
from nano_banana.core.json import JSONObject, as_items, as_number, as_object, as_text, as_whole
from nano_banana.core.problem import Problem

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSeen:
    """A face: `box` is left, top, width and height in pixels of the upright photo; `eyes` are so many apart.

    `sharpness` is the variance of the Laplacian on the aligned face, `yaw` −1…1, `roll` in degrees. `main` faces are
    not much smaller than the largest: those of people whom the photo is of.
    """

    box: Box
    eyes: float
    sharpness: float
    yaw: float
    roll: float
    main: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The photo as a whole: its sides in pixels once upright, its light (0–1), its fingerprints in hex.

    `sharpness` is the variance of the Laplacian in its sharpest part; `oriented` says that its EXIF data turned it.
    """

    width: int
    height: int
    oriented: bool
    mean: float
    dark: float
    bright: float
    sharpness: float
    hash: str
    hash_mirrored: str
    difference_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What could be seen of a photo: `faces` largest first, and the file that their embeddings are in.

    Of one that can't be read, only the `problems` are known.
    """

    faces: tuple[FaceSeen, ...] = ()
    embeddings: Blob | None = None
    measures: Measures | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def main(self) -> tuple[FaceSeen, ...]:
        """The faces of those whom the photo is of."""
        return tuple(face for face in self.faces if face.main)


def faces_of(data: JSONObject) -> tuple[FaceSeen, ...]:
    """The faces in the answer of a `look`."""
    return tuple(_face(as_object(item)) for item in as_items(data.get("faces")))


def measures_of(data: JSONObject) -> Measures:
    """The answer of a `survey`."""
    light = as_object(data["exposure"])
    return Measures(
        width=as_whole(data["width"]),
        height=as_whole(data["height"]),
        oriented=data["oriented"] is True,
        mean=as_number(light["mean"]),
        dark=as_number(light["dark"]),
        bright=as_number(light["bright"]),
        sharpness=as_number(data["sharpness"]),
        hash=as_text(data["hash"]),
        hash_mirrored=as_text(data["hash_mirrored"]),
        difference_hash=as_text(data["difference_hash"]),
    )


def _face(data: JSONObject) -> FaceSeen:
    left, top, width, height = (as_number(edge) for edge in as_items(data["box"]))
    return FaceSeen(
        box=(left, top, width, height),
        eyes=as_number(data["eyes"]),
        sharpness=as_number(data["sharpness"]),
        yaw=as_number(data["yaw"]),
        roll=as_number(data["roll"]),
        main=data["main"] is True,
    )
