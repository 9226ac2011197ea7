"""Finds a part of people in a picture: one soft mask for each face."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nano_banana.faces.face import OUTLINED_PARTS, WHOLE_PICTURE_PARTS, Face, main_faces
from nano_banana.faces.face_detection import find_faces
from nano_banana.faces.landmarks import Head, Outline, find_landmarks, head_of
from nano_banana.faces.networks import (
    DETECTOR,
    FACE_MODELS,
    FACE_WEIGHTS,
    LANDMARK_WEIGHTS,
    PERSON_WEIGHTS,
    faces_unavailable,
)
from nano_banana.faces.person_mask import Pixels, SoftMask, Window, people_mask
from nano_banana.model.json_values import JSONObject

MASK_NOISE = 8
"""Values of a mask that are as good as 0, or as 255: an edge that nobody sees would make a region far too large."""

OUTLINE_MARGINS = {"face": 0.0, "eyes": 0.04, "mouth": 0.02}
"""By how much outlines are drawn wider, in distances of the eyes: lids and lips belong to what is repainted."""

EDGE_BLUR = 0.012
"""Standard deviation of the blur that makes a drawn edge soft, in distances of the eyes."""


class MaskRegion(Struct, frozen=True, kw_only=True):
    """A piece of a mask (height × width, 0–255) whose corner lies at (left, top); all around it is 0."""

    left: int
    top: int
    mask: Pixels


def outlined_region(size: tuple[int, int], head: Head, part: str) -> MaskRegion | None:
    """The head's `face`, `eyes` or `mouth` in a picture of `size` (width, height); None where it lies outside."""
    import cv2

    outlines: dict[str, tuple[Outline, ...]] = {"face": (head.oval,), "eyes": head.eyes, "mouth": (head.lips,)}
    apart = head.eye_distance
    wider, soft = OUTLINE_MARGINS[part] * apart, EDGE_BLUR * apart
    points = np.concatenate(outlines[part])
    margin = math.ceil(wider + 4 * soft) + 2
    left, top = (max(0, math.floor(edge) - margin) for edge in points.min(axis=0))
    right, bottom = (min(side, math.ceil(edge) + margin) for edge, side in zip(points.max(axis=0), size, strict=True))
    if left >= right or top >= bottom:
        return None
    drawn = np.zeros((bottom - top, right - left), np.uint8)
    for outline in outlines[part]:
        # OpenCV counts from the middle of the first pixel, in sixteenths.
        corners = np.round((outline - (left, top) - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(drawn, [corners], 255, lineType=cv2.LINE_AA, shift=4)
    if wider >= 0.5:
        reach = 2 * round(wider) + 1
        drawn = cv2.dilate(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    if soft >= 0.2:
        drawn = cv2.GaussianBlur(drawn, (0, 0), soft, borderType=cv2.BORDER_REPLICATE)
    return _trimmed(np.asarray(drawn, np.uint8), left, top)


def region_in_window(view: Window, seen: SoftMask) -> MaskRegion | None:
    """A soft mask of what a window shows as a region of the picture; None where there is nothing of it."""
    return _trimmed(view.as_picture_mask(seen), view.left, view.top)


def _trimmed(mask: NDArray[np.uint8], left: int, top: int) -> MaskRegion | None:
    mask[mask < MASK_NOISE] = 0
    mask[mask > 255 - MASK_NOISE] = 255
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    up, aside = int(rows[0]), int(columns[0])
    kept = np.ascontiguousarray(mask[up : int(rows[-1]) + 1, aside : int(columns[-1]) + 1])
    return MaskRegion(left=left + aside, top=top + up, mask=kept)


_MIN_PERSON_SHARE = 0.002
"""A smaller share of the picture than this is no person."""


class FoundRegions(Struct, frozen=True, kw_only=True):
    """The regions, one for each face that has such a part; `faces` are theirs.

    `counted`: main faces in the picture. `rough`: at least one of the regions is guessed, because the face's
    landmarks are weak. `models`: the networks that were asked, with the digests of their weights.
    """

    regions: tuple[MaskRegion, ...]
    faces: tuple[Face, ...]
    counted: int
    rough: bool
    models: JSONObject


def find_regions(rgb: Pixels, part: str, *, which: str | int = "largest", order: str = "size") -> FoundRegions:
    """Find `part` (of PARTS) of `which` face (of WHICH, or its number from 1 by `order`, of ORDERS) in an RGB picture.

    Faces narrower than 30 % of the widest are never meant. `person` and `background` are of the whole picture. No
    region means that there is no such part, or no such face. Raises Unusable `faces_missing`, `opencv_foreign`,
    `weights_wrong`.
    """
    seen = find_faces(rgb)
    if seen is None:
        raise faces_unavailable(DETECTOR.name)
    faces = main_faces(seen)
    if part in WHOLE_PICTURE_PARTS:
        regions = _whole_picture_regions(people_mask(rgb, seen), part)
        return FoundRegions(regions=regions, faces=(), counted=len(faces), rough=False, models=_models(PERSON_WEIGHTS))
    wanted = pick_faces(faces, which, order)
    # Whose clothes these are is a question about everybody.
    heads = {face: head_of(face, find_landmarks(rgb, face)) for face in (faces if part == "clothes" else wanted)}
    size = rgb.shape[1], rgb.shape[0]
    if part in OUTLINED_PARTS:
        masks = [outlined_region(size, heads[face], part) for face in wanted]
    else:
        person = people_mask(rgb, seen) if wanted else None
        masks = [_colour_region(rgb, part, heads[face], list(heads.values()), person) for face in wanted if person]
    there = [(mask, face) for mask, face in zip(masks, wanted, strict=True) if mask is not None]
    return FoundRegions(
        regions=tuple(mask for mask, _ in there),
        faces=tuple(face for _, face in there),
        counted=len(faces),
        rough=any(heads[face].rough for _, face in there),
        models=_models(LANDMARK_WEIGHTS, *(() if part in OUTLINED_PARTS else (PERSON_WEIGHTS,))),
    )


def pick_faces(faces: Sequence[Face], which: str | int, order: str) -> tuple[Face, ...]:
    """Of faces that are sorted largest first, those that are meant."""
    if which == "all":
        return tuple(faces)
    if which in ("largest", "smallest"):
        return tuple(faces[:1] if which == "largest" else faces[-1:])
    if order != "size":
        faces = sorted(faces, key=_PLACES[order])
    return tuple(faces[int(which) - 1 : int(which)])


_PLACES: Mapping[str, Callable[[Face], float]] = {
    "left_to_right": lambda face: face.left + face.width / 2,
    "right_to_left": lambda face: -face.left - face.width / 2,
    "top_to_bottom": lambda face: face.top + face.height / 2,
}


def _whole_picture_regions(person: tuple[Window, SoftMask], part: str) -> tuple[MaskRegion, ...]:
    view, matte = person
    if float(matte.mean()) < _MIN_PERSON_SHARE:
        return ()
    region = region_in_window(view, matte if part == "person" else 1 - matte)
    return () if region is None else (region,)


def _colour_region(
    rgb: Pixels, part: str, head: Head, heads: list[Head], person: tuple[Window, SoftMask]
) -> MaskRegion | None:
    """Hair, skin or clothes of one of the heads; None where there are none."""
    from nano_banana.faces import color_masks as by_colour

    looked = by_colour.analyze_head(rgb, head, person, by_colour.REACHES[part])
    found = by_colour.hair_mask(looked)
    if part == "hair":
        return None if found is None else region_in_window(looked.view, found)
    if part == "skin":
        return region_in_window(looked.view, by_colour.skin_mask(looked, found))
    nearest = by_colour.nearest_heads(heads, looked.view.pixel_centres())[heads.index(head)]
    worn = by_colour.clothes_mask(looked, found) * nearest
    return region_in_window(looked.view, worn if len(heads) == 1 else by_colour.clothes_of_this_person(looked, worn))


def _models(*weights: str) -> JSONObject:
    named = {LANDMARK_WEIGHTS: "landmarks", PERSON_WEIGHTS: "person"}
    asked: JSONObject = {named[name]: {"name": name, "sha256": FACE_WEIGHTS[name].sha256} for name in weights}
    return {"detector": FACE_MODELS["detector"], **asked}
