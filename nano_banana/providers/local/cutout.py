"""A person cut out of a photo: pixels, soft edge, and where the face is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from nano_banana.faces.face import Face
from nano_banana.faces.find import find_faces
from nano_banana.faces.person import person_matte
from nano_banana.providers.local.pixels import Pixels, blurred, f32, floats, grid, resized, smooth

LONGEST = 720
"""A cut-out's longer side in pixels, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """A person: `pixels` height × width × 3 and `alpha` height × width (display values, 0–1).

    Colours go on a little beyond the edge, so that no old background shines through. `plain` is true where the
    edge is only an oval around the figure.
    """

    pixels: Pixels
    alpha: Pixels
    face: Face
    plain: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.alpha.shape[1], self.alpha.shape[0]

    def face_tone(self) -> Pixels:
        """The mean colour of the middle of the face (3 display values)."""
        face = self.face
        rows = slice(int(face.top + face.height * 0.35), int(face.top + face.height * 0.75) + 1)
        columns = slice(int(face.left + face.width * 0.25), int(face.left + face.width * 0.75) + 1)
        return np.asarray(self.pixels[rows, columns].reshape(-1, 3).mean(axis=0), np.float32)


def cut_out(photo: Image.Image, mask: Pixels | None = None) -> Cutout:
    """Cut the person out of an RGB photo (scaled down to 720 pixels where it is larger).

    The face is the largest, or with a `mask` (height × width, any size, 0–1) the one that most of it lies on.
    """
    small = photo.copy()
    small.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    rgb = np.asarray(small, np.uint8)
    faces = find_faces(rgb)
    pixels = floats(small)
    wanted = None if mask is None else resized(mask, *small.size)
    face = max(faces, key=lambda one: under(wanted, one) * one.width) if faces else guess_face(pixels)
    alpha = person_matte(rgb)
    if alpha is None or float(alpha.mean()) < 0.02:
        return Cutout(pixels=pixels, alpha=oval(pixels.shape[0], pixels.shape[1], face), face=face, plain=True)
    return Cutout(pixels=cleaned(pixels, alpha), alpha=alpha, face=face)


def under(mask: Pixels | None, face: Face) -> float:
    """The mean of the mask over the face's box (1 without a mask)."""
    if mask is None:
        return 1.0
    rows = slice(max(0, round(face.top)), max(1, round(face.top + face.height)))
    columns = slice(max(0, round(face.left)), max(1, round(face.left + face.width)))
    part = mask[rows, columns]
    return float(part.mean()) if part.size else 0.0


def cleaned(pixels: Pixels, alpha: Pixels) -> Pixels:
    """The person's own colours carried outwards over the edge, where the old background is mixed in."""
    sure = smooth(0.86, 0.99, alpha)
    result = pixels
    for radius in (2.0, 5.0):
        spread = blurred(pixels * sure[..., None], radius) / np.maximum(blurred(sure, radius), 1e-3)[..., None]
        near = smooth(0.02, 0.2, blurred(sure, radius))
        keep = np.maximum(smooth(0.75, 0.97, alpha), 1 - near)
        result = result * keep[..., None] + spread * (1 - keep)[..., None] if radius == 2.0 else result
    return f32(np.clip(result, 0, 1))


def oval(height: int, width: int, face: Face) -> Pixels:
    """A soft oval around head and shoulders, for want of a better edge."""
    x, y = grid(height, width)
    centre = (face.left + face.width / 2) / width
    across = (x - centre) / max(face.width / width * 1.25, 1e-3)
    down = (y - (face.top + face.height * 0.75) / height) / max(face.height / height * 1.35, 1e-3)
    return f32(1 - smooth(0.72, 1.05, f32(np.sqrt(across**2 + down**2))))


def guess_face(pixels: Pixels) -> Face:
    """Where a face probably is: among skin colours in the upper middle; else where portraits have it."""
    height, width = pixels.shape[:2]
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    total = pixels.sum(axis=-1) + 1e-4
    x, y = grid(height, width)
    middle = np.exp(-(((x - 0.5) / 0.28) ** 2) - ((y - 0.36) / 0.26) ** 2)
    skin = smooth(0.02, 0.1, (red - green) / total) * smooth(0.0, 0.06, (green - blue) / total)
    likely = skin * smooth(0.25, 0.5, red) * middle + 0.01 * middle
    likely /= likely.sum()
    across, down = float((likely * x).sum()), float((likely * y).sum())
    spread = float(np.sqrt((likely * (x - across) ** 2).sum()))
    wide = min(max(spread * 2.6, 0.16), 0.5) * width
    left, top = across * width - wide / 2, down * height - wide * 0.62
    eyes = ((left + wide * 0.3, top + wide * 0.5), (left + wide * 0.7, top + wide * 0.5))
    return Face(left=left, top=top, width=wide, height=wide * 1.25, eyes=eyes, score=0.0)
