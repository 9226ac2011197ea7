"""Faces made clear again: noise off, edges sharp, nothing invented."""

from __future__ import annotations

import numpy as np

from nano_banana.faces.face import Face
from nano_banana.faces.find import find_faces
from nano_banana.imaging.open import open_picture
from nano_banana.providers.local.encode import answer
from nano_banana.providers.local.job import Job, Result
from nano_banana.providers.local.pixels import Pixels, blurred, f32, floats, image, mixed
from nano_banana.providers.local.styles.painting import ovals
from nano_banana.providers.local.upscale import enlarged, factor_of

USUAL = 0.5
"""How much of the face stays as it was, where the endpoint has no `fidelity`."""


def restore(job: Job) -> Result:
    """Smooth the skin of each face and sharpen its edges, by 1 − `fidelity` (0–1); enlarge by the endpoint's factor.

    `only_center_face` keeps to the face nearest to the middle. A picture without a face comes back as it is, enlarged.
    Raises CallFailed `local_argument` and `local_size`.
    """
    place, path = job.pictures()[0]
    picture = open_picture(path, place=place)
    larger = enlarged(picture, factor_of(job, picture.size, usual=1.0), place)
    faces = find_faces(np.asarray(larger, np.uint8)) or ()
    if faces and job.arguments.get("only_center_face") is True:
        faces = (min(faces, key=lambda face: _off(face, larger.size)),)
    change = 1 - job.ratio("fidelity", USUAL)
    if not faces or not change:
        return answer(job, [larger], plain=False)
    shown = floats(larger)
    for face in faces:
        shown = _clear(shown, face, change)
    return answer(job, [image(shown)], plain=False)


def _off(face: Face, size: tuple[int, int]) -> float:
    return abs(face.left + face.width / 2 - size[0] / 2) + abs(face.top + face.height / 2 - size[1] / 2)


def _clear(shown: Pixels, face: Face, change: float) -> Pixels:
    """The picture with one face smoothed where it is nearly even and sharpened where it is not."""
    fine = max(0.6, face.width * 0.008)
    even = blurred(shown, fine)
    detail = shown - even
    edges = f32(np.clip(np.abs(detail).mean(axis=-1) / 0.03, 0, 1))
    kept = detail * (edges * 1.6)[..., None]
    broad = shown - blurred(shown, face.width * 0.04)
    clear = np.clip(even + kept + 0.35 * np.clip(broad, -0.1, 0.1), 0, 1)
    box = (face.left, face.top, face.width, face.height)
    return mixed(shown, f32(clear), f32(ovals([box], *shown.shape[1::-1]) * change))
