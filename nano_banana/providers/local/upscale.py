"""Enlarging: Lanczos and a little sharpening; nothing is invented."""

from __future__ import annotations

from PIL import Image
from PIL import ImageFilter

from nano_banana.core.errors import CallFailed
from nano_banana.core.errors import trouble
from nano_banana.imaging.open import open_picture
from nano_banana.providers.local.encode import answer
from nano_banana.providers.local.job import MOST
from nano_banana.providers.local.job import Job
from nano_banana.providers.local.job import Result

FACTORS = ("upscale_factor", "scale_factor", "scale")
LINES = {"720p": 720, "1080p": 1080, "1440p": 1440, "2160p": 2160}


def upscale(job: Job) -> Result:
    """Make the picture larger, by the endpoint's factor (2 where it has none) or to its target resolution."""
    place, path = job.pictures()[0]
    picture = open_picture(path, place=place)
    factor = _factor(job, picture.size)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    if max(size) > 2 * MOST:
        raise CallFailed([trouble("local_size", name=place, width=size[0], height=size[1], least=1, most=2 * MOST)])
    larger = picture.resize(size, Image.Resampling.LANCZOS)
    sharp = larger.filter(ImageFilter.UnsharpMask(radius=max(1.0, factor * 0.7), percent=70, threshold=2))
    return answer(job, [sharp], plain=False)


def _factor(job: Job, size: tuple[int, int]) -> float:
    if job.arguments.get("upscale_mode") == "target":
        return LINES.get(str(job.arguments.get("target_resolution")), 1080) / min(size)
    name = next((name for name in FACTORS if job.arguments.get(name) is not None), None)
    value = job.arguments[name] if name else 2
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 16:
        raise CallFailed([trouble("local_argument", name=name, value=value)])
    return float(value)
