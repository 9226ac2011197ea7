"""The example's training photos, made from one portrait in the public domain.

    pip install scikit-image pillow
    python examples/astronaut/make_photos.py

scikit-image ships NASA's portrait of the astronaut Eileen Collins (512 × 512). Twelve crops of it, some mirrored
or tilted and each in a light of its own, stand in for the twelve photos that a person would bring.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.data import astronaut

FOLDER = Path(__file__).parent / "photos"
FINER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One photo: a crop of the portrait (in its pixels), and the light that it seems to be taken in.

    `warmth` and `contrast` are gains around 0 and 1; `gamma` above 1 darkens the middle tones; `colour` 0 is
    grey; `side` brightens the right (above 0) or the left by that share, and darkens the other.
    """

    name: str
    left: float
    top: float
    width: float
    height: float
    size: tuple[int, int]
    tilt: float = 0.0
    mirror: bool = False
    warmth: float = 0.0
    gamma: float = 1.0
    contrast: float = 1.0
    colour: float = 1.0
    side: float = 0.0


SHOTS = (
    Shot(name="01-half-body", left=0, top=0, width=512, height=512, size=(640, 640)),
    Shot(name="02-head", left=118, top=2, width=216, height=216, size=(576, 576), warmth=0.05),
    Shot(name="03-shoulders", left=72, top=0, width=310, height=310, size=(640, 640), mirror=True, gamma=0.85),
    Shot(name="04-bust", left=52, top=0, width=336, height=420, size=(576, 720), warmth=-0.07, contrast=1.08),
    Shot(
        name="05-head-evening",
        left=110,
        top=7,
        width=224,
        height=280,
        size=(544, 680),
        tilt=2.0,
        warmth=0.14,
        gamma=1.2,
    ),
    Shot(name="06-chest", left=20, top=0, width=400, height=400, size=(640, 640), mirror=True, side=0.16),
    Shot(
        name="07-head-window",
        left=104,
        top=6,
        width=240,
        height=240,
        size=(576, 576),
        tilt=-2.0,
        side=-0.2,
        warmth=-0.04,
    ),
    Shot(name="08-half-body-flash", left=66, top=0, width=384, height=512, size=(576, 768), gamma=0.78, contrast=1.12),
    Shot(
        name="09-shoulders-dusk",
        left=84,
        top=8,
        width=272,
        height=340,
        size=(544, 680),
        tilt=1.5,
        mirror=True,
        gamma=1.35,
        warmth=-0.1,
    ),
    Shot(
        name="10-head-pale",
        left=124,
        top=0,
        width=208,
        height=260,
        size=(528, 660),
        mirror=True,
        colour=0.6,
        contrast=0.92,
    ),
    Shot(
        name="11-wide", left=0, top=0, width=512, height=410, size=(720, 576), warmth=0.08, contrast=1.05, colour=1.12
    ),
    Shot(
        name="12-shoulders-lamp",
        left=92,
        top=7,
        width=290,
        height=290,
        size=(640, 640),
        tilt=-1.5,
        warmth=0.18,
        side=0.12,
        gamma=1.1,
    ),
)


def crop(portrait: Image.Image, shot: Shot) -> Image.Image:
    """Cut the shot out of the enlarged portrait, turned about its own centre; never from beyond the edge."""
    turn = math.radians(shot.tilt)
    across, down = shot.width * FINER / shot.size[0], shot.height * FINER / shot.size[1]
    a, b, d, e = across * math.cos(turn), -down * math.sin(turn), across * math.sin(turn), down * math.cos(turn)
    middle_x, middle_y = (shot.left + shot.width / 2) * FINER, (shot.top + shot.height / 2) * FINER
    c = middle_x - (a * shot.size[0] + b * shot.size[1]) / 2
    f = middle_y - (d * shot.size[0] + e * shot.size[1]) / 2
    for x, y in ((0, 0), (shot.size[0], 0), (0, shot.size[1]), shot.size):
        inside = -1 <= a * x + b * y + c <= portrait.width + 1 and -1 <= d * x + e * y + f <= portrait.height + 1
        if not inside:
            raise ValueError(shot.name)
    return portrait.transform(shot.size, Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BICUBIC)


def lit(picture: Image.Image, shot: Shot) -> Image.Image:
    """Change the light as the shot says."""
    values = (np.asarray(picture).astype(np.float64) / 255) ** shot.gamma
    grey = values @ np.array([0.2126, 0.7152, 0.0722])
    values = grey[..., None] + (values - grey[..., None]) * shot.colour
    values = 0.45 + (values - 0.45) * shot.contrast
    values *= np.array([1 + shot.warmth, 1 + shot.warmth / 4, 1 - shot.warmth])
    values *= 1 + shot.side * np.linspace(-1, 1, picture.width)[None, :, None]
    return Image.fromarray(np.clip(np.rint(values * 255), 0, 255).astype(np.uint8))


def main() -> None:
    """Write all photos, the same bytes with the same version of Pillow."""
    original = Image.fromarray(astronaut())
    finer = (original.width * FINER, original.height * FINER)
    portrait = original.resize(finer, Image.Resampling.LANCZOS)
    FOLDER.mkdir(exist_ok=True)
    for shot in SHOTS:
        picture = crop(portrait, shot)
        if shot.mirror:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        lit(picture, shot).save(FOLDER / f"{shot.name}.jpg", quality=92, subsampling=0)
    print(f"{len(SHOTS)} photos in {FOLDER}")


if __name__ == "__main__":
    main()
