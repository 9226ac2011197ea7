"""Local endpoints that enlarge and restore; they invent nothing."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from nano_banana.faces.face import Face
from nano_banana.faces.face_detection import find_faces
from nano_banana.formats.picture_files import open_picture, open_picture_with_alpha
from nano_banana.model.problem import CallFailed, problem
from nano_banana.providers.local.local_drawing import picture_result
from nano_banana.providers.local.local_job import MOST, LocalJob
from nano_banana.providers.local.pixel_math import Pixels, as_float32, blurred, mixed, to_floats, to_image
from nano_banana.providers.local.styles_painted import ovals
from nano_banana.providers.workers import WorkResult

FACTOR_FIELDS = ("upscale_factor", "scale_factor", "scale")
TARGET_LINES = {"720p": 720, "1080p": 1080, "1440p": 1440, "2160p": 2160}


def upscale(job: LocalJob) -> WorkResult:
    """Make the picture larger, by the endpoint's factor (2 if it has none) or to its target resolution.

    Transparency stays. Raises CallFailed `local_argument` and `local_size`.
    """
    place, path = job.pictures()[0]
    layers = open_picture_with_alpha(path, place=place)
    factor = enlargement_factor(job, layers.size, usual=2.0)
    larger = enlarge(layers.convert("RGB"), factor, place)
    sharp = larger.filter(ImageFilter.UnsharpMask(radius=max(1.0, factor * 0.7), percent=70, threshold=2))
    if layers.mode == "RGBA":
        sharp.putalpha(enlarge(layers.getchannel("A"), factor, place))
    return picture_result(job, [sharp], plain=False)


def enlarge(picture: Image.Image, factor: float, place: str) -> Image.Image:
    """The picture `factor` times as wide and high. Raises CallFailed `local_size`, which names the input's place."""
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    if max(size) > 2 * MOST:
        raise CallFailed([problem("local_size", name=place, width=size[0], height=size[1], least=1, most=2 * MOST)])
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)


def enlargement_factor(job: LocalJob, size: tuple[int, int], *, usual: float) -> float:
    """How many times as wide the result is, from 1 to 16; `usual` if the arguments don't say."""
    if job.arguments.get("upscale_mode") == "target":
        return TARGET_LINES.get(str(job.arguments.get("target_resolution")), TARGET_LINES["1080p"]) / min(size)
    named = (job.roles.get("factor", ""), *FACTOR_FIELDS)
    name = next((name for name in named if job.arguments.get(name) is not None), "")
    return job.field_number(name, usual, 1, 16)


DEFAULT_FIDELITY = 0.5
"""How much of the face stays as it was, if the endpoint has no `fidelity`."""


def restore(job: LocalJob) -> WorkResult:
    """Smooth the skin of each face and sharpen its edges, by 1 − `fidelity` (0–1); enlarge by the endpoint's factor.

    `only_center_face` restores only the face nearest to the centre. A picture without a face is only enlarged.
    Raises CallFailed `local_argument` and `local_size`.
    """
    place, path = job.pictures()[0]
    picture = open_picture(path, place=place)
    larger = enlarge(picture, enlargement_factor(job, picture.size, usual=1.0), place)
    faces = find_faces(np.asarray(larger, np.uint8)) or ()
    if faces and job.arguments.get("only_center_face") is True:
        faces = (min(faces, key=lambda face: _off_centre(face, larger.size)),)
    change = 1 - job.field_number("fidelity", DEFAULT_FIDELITY, 0, 1)
    if faces and change:
        shown = to_floats(larger)
        for face in faces:
            shown = _clear_face(shown, face, change)
        larger = to_image(shown)
    return picture_result(job, [larger], plain=False)


def _off_centre(face: Face, size: tuple[int, int]) -> float:
    return abs(face.left + face.width / 2 - size[0] / 2) + abs(face.top + face.height / 2 - size[1] / 2)


def _clear_face(shown: Pixels, face: Face, change: float) -> Pixels:
    """The picture with one face smoothed in even areas and sharpened at edges."""
    fine = max(0.6, face.width * 0.008)
    even = blurred(shown, fine)
    detail = shown - even
    edges = as_float32(np.clip(np.abs(detail).mean(axis=-1) / 0.03, 0, 1))
    kept = detail * (edges * 1.6)[..., None]
    broad = shown - blurred(shown, face.width * 0.04)
    clear = np.clip(even + kept + 0.35 * np.clip(broad, -0.1, 0.1), 0, 1)
    box = (face.left, face.top, face.width, face.height)
    return mixed(shown, as_float32(clear), as_float32(ovals([box], *shown.shape[1::-1]) * change))
