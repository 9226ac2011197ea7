"""Enlarging: Lanczos and a little sharpening; nothing is invented."""

from __future__ import annotations

from PIL import Image, ImageFilter

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.imaging.open import open_layers
from nano_banana.providers.local.encode import answer
from nano_banana.providers.local.job import MOST, Job, Result

FACTORS = ("upscale_factor", "scale_factor", "scale")
LINES = {"720p": 720, "1080p": 1080, "1440p": 1440, "2160p": 2160}


def upscale(job: Job) -> Result:
    """Make the picture larger, by the endpoint's factor (2 where it has none) or to its target resolution.

    Transparency stays. Raises CallFailed `local_argument` and `local_size`.
    """
    place, path = job.pictures()[0]
    layers = open_layers(path, place=place)
    factor = factor_of(job, layers.size, usual=2.0)
    larger = enlarged(layers.convert("RGB"), factor, place)
    sharp = larger.filter(ImageFilter.UnsharpMask(radius=max(1.0, factor * 0.7), percent=70, threshold=2))
    if layers.mode == "RGBA":
        sharp.putalpha(enlarged(layers.getchannel("A"), factor, place))
    return answer(job, [sharp], plain=False)


def enlarged(picture: Image.Image, factor: float, place: str) -> Image.Image:
    """The picture `factor` times as wide and high. Raises CallFailed `local_size`, which names the input's place."""
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    if max(size) > 2 * MOST:
        raise CallFailed([trouble("local_size", name=place, width=size[0], height=size[1], least=1, most=2 * MOST)])
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)


def factor_of(job: Job, size: tuple[int, int], *, usual: float) -> float:
    """How many times as wide the result is, from 1 to 16; `usual` where the endpoint says nothing."""
    if job.arguments.get("upscale_mode") == "target":
        return LINES.get(str(job.arguments.get("target_resolution")), LINES["1080p"]) / min(size)
    named = (job.roles.get("factor", ""), *FACTORS)
    name = next((name for name in named if job.arguments.get(name) is not None), None)
    value = job.arguments[name] if name else usual
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 16:
        raise CallFailed([trouble("local_argument", name=name, value=value)])
    return float(value)
