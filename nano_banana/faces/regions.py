"""Parts of people in a picture, as soft masks: one region for each face."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nano_banana.core.json import JSONObject
from nano_banana.faces.drawn import Region, outlined, region_of
from nano_banana.faces.face import Face, main_faces
from nano_banana.faces.find import find_faces
from nano_banana.faces.hair import hair
from nano_banana.faces.head import Head, head_of
from nano_banana.faces.landmarks import WEIGHTS as LANDMARKS
from nano_banana.faces.landmarks import landmarks
from nano_banana.faces.networks import DETECTOR
from nano_banana.faces.opencv import unusable
from nano_banana.faces.parts import AT_LARGE, OUTLINED
from nano_banana.faces.people import people
from nano_banana.faces.person import WEIGHTS as PERSON
from nano_banana.faces.sources import SOURCES
from nano_banana.faces.study import BARE, CLOSE, WHOLE, study
from nano_banana.faces.window import Pixels, Soft, Window
from nano_banana.faces.worn import attached, clothes, owner, skin

_REACH = {"hair": CLOSE, "skin": BARE, "clothes": WHOLE}

_NOBODY = 0.002
"""A smaller share of the picture than this is no person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The regions, one for each face that has such a part; `faces` are theirs.

    `counted`: main faces in the picture. `rough`: at least one of the regions is guessed, because the face's
    landmarks are weak. `models`: the networks that were asked, with the digests of their weights.
    """

    regions: tuple[Region, ...]
    faces: tuple[Face, ...]
    counted: int
    rough: bool
    models: JSONObject


def find_regions(rgb: Pixels, part: str, *, which: str | int = "largest", order: str = "size") -> Found:
    """Find `part` (of PARTS) of `which` face (of WHICH, or its number from 1 by `order`, of ORDERS) in an RGB picture.

    Faces narrower than 30 % of the widest are never meant. `person` and `background` are of the whole picture. No
    region means that there is no such part, or no such face. Raises Unusable `faces_missing`, `opencv_foreign`,
    `weights_wrong`.
    """
    seen = find_faces(rgb)
    if seen is None:
        raise unusable(DETECTOR.name)
    faces = main_faces(seen)
    if part in AT_LARGE:
        regions = _at_large(people(rgb, seen), part)
        return Found(regions=regions, faces=(), counted=len(faces), rough=False, models=_models(PERSON))
    wanted = pick(faces, which, order)
    # Whose clothes these are is a question about everybody.
    heads = {face: head_of(face, landmarks(rgb, face)) for face in (faces if part == "clothes" else wanted)}
    size = rgb.shape[1], rgb.shape[0]
    if part in OUTLINED:
        masks = [outlined(size, heads[face], part) for face in wanted]
    else:
        person = people(rgb, seen) if wanted else None
        masks = [] if person is None else [_coloured(rgb, part, heads[face], heads.values(), person) for face in wanted]
    there = [(mask, face) for mask, face in zip(masks, wanted, strict=True) if mask is not None]
    return Found(
        regions=tuple(mask for mask, _ in there),
        faces=tuple(face for _, face in there),
        counted=len(faces),
        rough=any(heads[face].rough for _, face in there),
        models=_models(LANDMARKS) if part in OUTLINED else _models(LANDMARKS, PERSON),
    )


def pick(faces: Sequence[Face], which: str | int, order: str) -> tuple[Face, ...]:
    """Of faces that are sorted largest first, those that are meant."""
    if which == "all":
        return tuple(faces)
    if which in ("largest", "smallest"):
        return tuple(faces[:1] if which == "largest" else faces[-1:])
    if order == "left_to_right":
        faces = sorted(faces, key=lambda face: face.left + face.width / 2)
    elif order == "right_to_left":
        faces = sorted(faces, key=lambda face: -face.left - face.width / 2)
    elif order == "top_to_bottom":
        faces = sorted(faces, key=lambda face: face.top + face.height / 2)
    number = int(which)
    return tuple(faces[number - 1 : number])


def _at_large(person: tuple[Window, Soft], part: str) -> tuple[Region, ...]:
    view, matte = person
    if float(matte.mean()) < _NOBODY:
        return ()
    region = region_of(view, matte if part == "person" else 1 - matte)
    return () if region is None else (region,)


def _coloured(
    rgb: Pixels, part: str, head: Head, everybody: Iterable[Head], person: tuple[Window, Soft]
) -> Region | None:
    """Hair, skin or clothes of one head; None where there are none."""
    looked = study(rgb, head, person, _REACH[part])
    found = hair(looked)
    if part == "hair":
        return None if found is None else region_of(looked.view, found)
    if part == "skin":
        return region_of(looked.view, skin(looked, found))
    heads = list(everybody)
    worn = clothes(looked, found) * owner(heads, looked.view.grid())[heads.index(head)]
    return region_of(looked.view, worn if len(heads) == 1 else attached(looked, worn))


def _models(*weights: str) -> JSONObject:
    named = {LANDMARKS: "landmarks", PERSON: "person"}
    asked: JSONObject = {named[name]: {"name": name, "sha256": SOURCES[name].sha256} for name in weights}
    return {"detector": {"name": DETECTOR.name, "sha256": DETECTOR.sha256}, **asked}
