"""Drawing over a picture: all of it, or where a mask is white."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from nano_banana.imaging.open import open_picture
from nano_banana.providers.local.align import aligned
from nano_banana.providers.local.backdrops.canvas import Colour
from nano_banana.providers.local.chance import chance
from nano_banana.providers.local.compose import Scene, backdrop, composed
from nano_banana.providers.local.cutout import Cutout, cut_out, under
from nano_banana.providers.local.direction import Direction
from nano_banana.providers.local.draw import finish
from nano_banana.providers.local.encode import answer
from nano_banana.providers.local.grade import bloom, film, grained
from nano_banana.providers.local.job import Job, Result
from nano_banana.providers.local.pixels import (
    Pixels,
    blurred,
    display,
    eased,
    f32,
    floats,
    image,
    linear,
    luma,
    mixed,
    resized,
)
from nano_banana.providers.local.placing import Figure
from nano_banana.providers.local.prompt import colour_named, read
from nano_banana.providers.local.styles.finish import painted
from nano_banana.providers.local.styles.painting import face_mask
from nano_banana.providers.local.subject import Cast, cast_of

REPLACES = 0.6
"""From this strength on an adapter's face takes the place of the one in the picture."""

OVER = 0.4
"""How much of a face's box a mask must cover to be meant for the face."""

UNSEEN = 0.02
"""A smaller mean change (0–1) is not seen."""

REACH = 0.3
"""Light and colour that change within this share of a face's width are the new face's own; the rest is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The input picture (display values) and the person in it, in the picture's own frame."""

    shown: Pixels
    cutout: Cutout
    figure: Figure


def image_to_image(job: Job) -> Result:
    """Draw the prompt over the whole picture; `strength` says how much of it is new."""
    source, cast, direction = _source(job), cast_of(job), read(job.text("prompt"))
    strength = job.number("strength", 0.85, 0, 1)

    def one(seed: int) -> Image.Image:
        height, width = source.figure.alpha.shape
        figure = _person(source, cast, seed, strength)
        drawn = finish(composed([figure], direction, seed, width, height), direction, seed, cast)
        person = mixed(source.shown, drawn, eased(0.0, 0.75, strength))
        place = mixed(source.shown, drawn, eased(0.3, 0.7, strength))
        return image(mixed(place, person, figure.alpha))

    return answer(job, [one(job.seed + at) for at in range(_count(job))], plain=source.cutout.plain)


def inpaint(job: Job) -> Result:
    """Draw the prompt where the mask is white; everything else stays.

    Over a face an adapter's person takes its place from strength `REPLACES` on; below, it only draws nearer. Behind
    people the prompt's place is drawn. All else takes the colour that the prompt names, or one that its words choose;
    a face without an adapter stays as it is, which is noted as `unchanged`.
    """
    mask = floats(open_picture(job.file("mask"), place=job.roles["mask"]).convert("L"))
    source, cast, direction = _source(job, mask), cast_of(job), read(job.text("prompt"))
    height, width = source.figure.alpha.shape
    mask = f32(np.clip(resized(mask, width, height), 0, 1))
    strength = job.number("strength", 0.85, 0, 1)
    seeds = [job.seed + at for at in range(_count(job))]
    face = _over_face(source, mask)
    colour = None if face else colour_named(job.text("prompt"), hashed=not _inside_face(source, mask))
    made = [_inpainted(source, cast, direction, mask, (seed, strength), colour) for seed in seeds]
    data, files = answer(job, [image(one) for one in made], plain=source.cutout.plain)
    known = bool(cast.cutouts) and _over_face(source, mask)  # their own face over theirs looks the same
    unseen = strength > 0 and not known and all(_change(source.shown, one, mask) < UNSEEN for one in made)
    return ({**data, "unchanged": True} if unseen else data), files


def _change(before: Pixels, after: Pixels, mask: Pixels) -> float:
    """The mean change (0–1) of what the mask shows."""
    return float((np.abs(after - before).mean(axis=-1) * mask).sum() / max(float(mask.sum()), 1.0))


def _inside_face(source: Source, mask: Pixels) -> bool:
    """Whether most of the mask lies on the face, as a mask of eyes does."""
    face = source.cutout.face
    if face.score == 0:
        return False
    small = resized(mask, *source.cutout.size)
    rows = slice(max(0, round(face.top)), max(1, round(face.top + face.height)))
    columns = slice(max(0, round(face.left)), max(1, round(face.left + face.width)))
    return float(small[rows, columns].sum()) > 0.6 * float(small.sum())


def _count(job: Job) -> int:
    return round(job.number("count", 1, 1, 16))


def _source(job: Job, mask: Pixels | None = None) -> Source:
    place, path = job.pictures()[0]
    picture = open_picture(path, place=place)
    width, height = job.sized(picture.size)
    picture = picture if picture.size == (width, height) else picture.resize((width, height), Image.Resampling.LANCZOS)
    cutout = cut_out(picture, mask)
    scale = width / cutout.size[0]
    face = cutout.face
    box = (face.left * scale, face.top * scale, face.width * scale, face.height * scale)
    shown, alpha = floats(picture), np.clip(resized(cutout.alpha, width, height), 0, 1)
    return Source(shown=shown, cutout=cutout, figure=Figure(pixels=shown, alpha=alpha, face=box, scale=1.0))


def _person(source: Source, cast: Cast, seed: int, strength: float) -> Figure:
    """The picture's own person, or the adapter's in the same place where the strength is high."""
    if not cast.cutouts or strength < REPLACES or source.cutout.face.score == 0:
        return source.figure
    height, width = source.figure.alpha.shape
    return aligned(cast.cutouts, source.cutout, (width, height), chance(seed, "photo"))


def _inpainted(
    source: Source, cast: Cast, direction: Direction, mask: Pixels, how: tuple[int, float], colour: Colour | None
) -> Pixels:
    seed, strength = how
    height, width = mask.shape
    behind = mask * (1 - source.figure.alpha)
    drawn, share = source.shown, mask * eased(0.0, 0.8, strength)
    if cast.cutouts and _over_face(source, mask):
        drawn, share = _faced(source, cast, direction, how), mask * _nearer(strength)
    elif float(behind.sum()) > 0.55 * float(mask.sum()):
        place = film(bloom(backdrop(direction, seed, width, height), 0.5))
        fresh = finish(Scene(shown=place, alpha=np.zeros_like(mask)), direction, seed, cast)
        drawn = mixed(drawn, fresh, 1 - source.figure.alpha)
    elif colour is not None:
        # What is worn ends where the person does; a thing in a place has no such edge.
        on_person = float(behind.sum()) < 0.5 * float(mask.sum()) and not source.cutout.plain
        edge = source.figure.alpha if on_person else np.ones_like(mask)
        drawn = mixed(drawn, _coloured(drawn, colour, mask), edge)
    drawn = grained(_touched(drawn, direction, seed), 0.012, 1.3, chance(seed, "grain"))
    return mixed(source.shown, drawn, f32(share))


def _coloured(shown: Pixels, colour: Colour, mask: Pixels) -> Pixels:
    """The picture in the light and shade that it has, all of one colour; as light as that colour under the mask."""
    light = linear(shown)
    grey = luma(light)
    usual = float((grey * mask).sum() / max(float(mask.sum()), 1.0))
    shade = np.clip(grey / max(usual, 0.01), 0.12, 4.0) ** 0.85
    return f32(np.clip(display(f32(linear(np.array(colour, np.float32)) * shade[..., None])), 0, 1))


def _over_face(source: Source, mask: Pixels) -> bool:
    face = source.cutout.face
    return face.score > 0 and under(resized(mask, *source.cutout.size), face) > OVER


def _nearer(strength: float) -> float:
    """How much of another face is seen: all of it from `REPLACES` on."""
    return 1.0 if strength >= REPLACES else 0.45 * strength


def _faced(source: Source, cast: Cast, direction: Direction, how: tuple[int, float]) -> Pixels:
    """The adapter's face in the place of the picture's, in the picture's own light and colour."""
    seed, _ = how
    height, width = source.figure.alpha.shape
    other = aligned(cast.cutouts, source.cutout, (width, height), chance(seed, "photo"))
    oval = face_mask(Scene(shown=source.shown, alpha=source.figure.alpha, faces=[source.figure.face]))
    skin = oval * other.alpha
    reach = max(3.0, source.figure.face[2] * REACH)
    fresh = painted(Scene(shown=other.pixels, alpha=other.alpha, faces=[other.face]), direction.styles, seed)
    matched = _matched(fresh, source.shown, skin, reach)
    return mixed(source.shown, matched, f32(np.clip(skin * 1.15, 0, 1)))


def _matched(new: Pixels, old: Pixels, where: Pixels, reach: float) -> Pixels:
    """`new` with the slow changes of light and colour of `old`, and its own detail: a blend of low and high bands."""
    weight = np.maximum(blurred(where, reach), 1e-3)[..., None]
    low_new = blurred(new * where[..., None], reach) / weight
    low_old = blurred(old * where[..., None], reach) / weight
    gain = np.clip((low_old + 0.02) / (low_new + 0.02), 0.4, 2.5)
    return f32(np.clip(new * gain, 0, 1))


def _touched(drawn: Pixels, direction: Direction, seed: int) -> Pixels:
    """A hint of the prompt's light on what is drawn."""
    tint = 1 + (np.array(direction.light.tint, np.float32) - 1) * 0.22
    sway = 1 + float(chance(seed, "touch").normal(0, 0.015))
    return f32(np.clip(drawn * tint * sway, 0, 1))
