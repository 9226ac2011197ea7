"""Drawing from words: an adapter's person, those of photos, strangers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from nano_banana.imaging.open import open_picture
from nano_banana.providers.local.compose import Scene, composed, side_of
from nano_banana.providers.local.direction import Direction
from nano_banana.providers.local.encode import answer
from nano_banana.providers.local.headcount import MOST
from nano_banana.providers.local.job import Job, Result, Size
from nano_banana.providers.local.lineup import lined_up
from nano_banana.providers.local.pixels import Pixels, image
from nano_banana.providers.local.prompt import read
from nano_banana.providers.local.references import people_in
from nano_banana.providers.local.styles.finish import finished
from nano_banana.providers.local.subject import Cast, cast_of, evened, lend

SQUARE = (1024, 1024)
MOST_DRAWN = 1_600_000
"""Pixels that are drawn; a larger picture is this one enlarged."""


def generate(job: Job) -> Result:
    """Draw what the prompt asks for."""
    cast, direction = cast_of(job), read(job.text("prompt"))
    size = job.sized(SQUARE)
    return answer(job, _each(job, lambda seed: drawn(cast, direction, seed, size)), plain=cast.plain)


def edit(job: Job) -> Result:
    """Take the people of the input pictures, from left to right as they come, to the place and style of the prompt."""
    pictures = [open_picture(path, place=place) for place, path in job.pictures()]
    people = people_in(pictures)
    plain = any(cutout.plain for shown in people for cutout in shown)
    cast = replace(cast_of(job), people=[evened(shown) for shown in people[:MOST]], plain=plain)
    direction = read(job.text("prompt"))
    size = job.sized(_as_one_megapixel(pictures[0].size))
    return answer(job, _each(job, lambda seed: drawn(cast, direction, seed, size)), plain=plain)


def drawn(cast: Cast, direction: Direction, seed: int, size: Size) -> Image.Image:
    """One picture of `size`."""
    drawable = _drawable(size)
    figures = lined_up(cast.people, direction, seed, drawable)
    shown = finish(composed(figures, direction, seed, *drawable), direction, seed, cast)
    picture = image(shown)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def finish(scene: Scene, direction: Direction, seed: int, cast: Cast) -> Pixels:
    """The scene in its style, with the colours that style adapters lend."""
    return lend(finished(scene, direction.styles, side_of(direction, seed), seed), cast.lent)


def _each(job: Job, draw: Callable[[int], Image.Image]) -> list[Image.Image]:
    """As many pictures as asked for, each with the next seed."""
    return [draw(job.seed + at) for at in range(round(job.number("count", 1, 1, 16)))]


def _drawable(size: Size) -> Size:
    width, height = size
    shrink = min(1.0, (MOST_DRAWN / (width * height)) ** 0.5)
    return max(16, round(width * shrink)), max(16, round(height * shrink))


def _as_one_megapixel(size: Size) -> Size:
    scale = (1_048_576 / (size[0] * size[1])) ** 0.5
    width, height = (max(64, round(side * scale / 16) * 16) for side in size)
    return width, height
