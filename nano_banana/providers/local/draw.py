"""Drawing from words: an adapter's person, a picture's, or a stand-in."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from nano_banana.imaging.open import open_picture
from nano_banana.providers.local.chance import chance
from nano_banana.providers.local.compose import Scene
from nano_banana.providers.local.compose import composed
from nano_banana.providers.local.compose import side_of
from nano_banana.providers.local.cutout import Cutout
from nano_banana.providers.local.cutout import cut_out
from nano_banana.providers.local.direction import Direction
from nano_banana.providers.local.dress import dressed
from nano_banana.providers.local.encode import answer
from nano_banana.providers.local.job import Job
from nano_banana.providers.local.job import Result
from nano_banana.providers.local.job import Size
from nano_banana.providers.local.mannequin import mannequin
from nano_banana.providers.local.pixels import Pixels
from nano_banana.providers.local.pixels import image
from nano_banana.providers.local.placing import choose
from nano_banana.providers.local.placing import put
from nano_banana.providers.local.prompt import read
from nano_banana.providers.local.styles.finish import finished
from nano_banana.providers.local.subject import Cast
from nano_banana.providers.local.subject import cast_of
from nano_banana.providers.local.subject import evened
from nano_banana.providers.local.subject import lend

SQUARE = (1024, 1024)
MOST_DRAWN = 1_600_000
"""Pixels that are drawn; a larger picture is this one enlarged."""


def generate(job: Job) -> Result:
    """Draw what the prompt asks for."""
    cast, direction = cast_of(job), read(job.text("prompt"))
    size = job.sized(SQUARE)
    return answer(job, _each(job, lambda seed: drawn(cast, direction, seed, size)), plain=cast.plain)


def edit(job: Job) -> Result:
    """Take the people of the input pictures to the place and style of the prompt."""
    pictures = [open_picture(path, place=place) for place, path in job.pictures()]
    cutouts = [cut_out(picture) for picture in pictures]
    known = [cutout for cutout in cutouts if cutout.face.score > 0] or cutouts
    cast = replace(cast_of(job), cutouts=evened(known[:1]), plain=known[0].plain)
    direction = read(job.text("prompt"))
    size = job.sized(_as_one_megapixel(pictures[0].size))
    return answer(job, _each(job, lambda seed: drawn(cast, direction, seed, size)), plain=cast.plain)


def drawn(cast: Cast, direction: Direction, seed: int, size: Size) -> Image.Image:
    """One picture of `size`."""
    width, height = _drawable(size)
    cutouts: Sequence[Cutout] = cast.cutouts or [mannequin(seed, direction.garment)]
    cutout, placing = choose(cutouts, width, height, direction.crop, chance(seed, "photo"))
    figure = put(cutout, placing, width, height)
    if direction.garment and cast.cutouts and not cutout.plain:
        figure = dressed(figure, direction.garment)
    shown = finish(composed(figure, direction, seed, width, height), direction, seed, cast)
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
