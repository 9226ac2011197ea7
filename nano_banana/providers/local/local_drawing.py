"""Local endpoints that draw: generate, edit, image-to-image, inpaint."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from nano_banana.formats.picture_files import encode_png, flattened, open_picture
from nano_banana.model.json_values import JSONValue
from nano_banana.providers.local.backdrop_canvas import Colour
from nano_banana.providers.local.casting import (
    LocalCast,
    apply_palettes,
    arrange_people,
    balance_colours,
    group_people,
    load_cast,
)
from nano_banana.providers.local.composition import (
    ComposedScene,
    add_bloom,
    add_grain,
    backdrop_for,
    compose_scene,
    filmic_curve,
    light_side,
)
from nano_banana.providers.local.cutouts import Cutout, Figure, align_eyes, cut_out, face_area, mask_coverage
from nano_banana.providers.local.local_job import LocalJob, Size
from nano_banana.providers.local.pixel_math import (
    Pixels,
    as_float32,
    blurred,
    luma,
    mixed,
    resized,
    seeded_rng,
    smoothstep_number,
    to_display,
    to_floats,
    to_image,
    to_linear,
)
from nano_banana.providers.local.prompt_parser import MAX_PEOPLE, PromptReading, named_colour, parse_prompt
from nano_banana.providers.local.revision import lacks_models
from nano_banana.providers.local.styles_film import finish_styles, paint_scene
from nano_banana.providers.local.styles_painted import face_mask
from nano_banana.providers.workers import WorkResult


def picture_result(job: LocalJob, pictures: Sequence[Image.Image], *, plain: bool) -> WorkResult:
    """The data and files of pictures; `plain`: people could only be cut out with an oval.

    That is noted only if models are missing; otherwise nobody is in the picture, and models would change nothing.
    """
    places = ["image"] if "image" in job.makes else [f"images/{at}" for at in range(len(pictures))]
    encoded = [encode_picture(picture, job.text("format")) for picture in pictures]
    files = dict(zip(places, encoded, strict=True))
    about: list[JSONValue] = [
        {"width": picture.width, "height": picture.height, "content_type": media}
        for picture, (_, media) in zip(pictures, encoded, strict=True)
    ]
    data: dict[str, JSONValue] = {"image": about[0]} if "image" in job.makes else {"images": about}
    if "nano-banana" in job.endpoint:
        data["description"] = ""
    else:
        data |= {"seed": job.seed, "timings": {}}
    if "images" in data and "description" not in data:
        data |= {"prompt": job.text("prompt"), "has_nsfw_concepts": [False] * len(pictures)}
    return ({**data, "plain": True} if plain and lacks_models() else data), files


def encode_picture(picture: Image.Image, form: str) -> tuple[bytes, str]:
    """The picture's bytes and media type: jpeg, webp, or png for anything else."""
    out = io.BytesIO()
    if form in {"jpeg", "jpg"}:
        picture = flattened(picture)
        picture.save(out, format="JPEG", quality=95, subsampling=0)
        return out.getvalue(), "image/jpeg"
    if form == "webp":
        picture.save(out, format="WEBP", quality=95, method=4)
        return out.getvalue(), "image/webp"
    return encode_png(picture), "image/png"


DEFAULT_SIZE = (1024, 1024)
MAX_DRAWN_PIXELS = 1_600_000
"""Most pixels that are drawn; larger pictures are enlarged from it."""


def generate(job: LocalJob) -> WorkResult:
    """Draw what the prompt asks for."""
    cast, direction = load_cast(job), parse_prompt(job.text("prompt"))
    size = job.sized(DEFAULT_SIZE)
    pictures = [draw_picture(cast, direction, seed, size) for seed in _seeds(job)]
    return picture_result(job, pictures, plain=cast.plain)


def edit(job: LocalJob) -> WorkResult:
    """Put the people of the input pictures, from left to right, into the place and style of the prompt."""
    pictures = [open_picture(path, place=place) for place, path in job.pictures()]
    people = group_people(pictures)
    plain = any(cutout.plain for shown in people for cutout in shown)
    cast = replace(load_cast(job), people=[balance_colours(shown) for shown in people[:MAX_PEOPLE]], plain=plain)
    direction = parse_prompt(job.text("prompt"))
    size = job.sized(_one_megapixel(pictures[0].size))
    return picture_result(job, [draw_picture(cast, direction, seed, size) for seed in _seeds(job)], plain=plain)


def draw_picture(cast: LocalCast, direction: PromptReading, seed: int, size: Size) -> Image.Image:
    """One picture of `size`."""
    drawable = _drawable_size(size)
    figures = arrange_people(cast.people, direction, seed, drawable)
    shown = finish_scene(compose_scene(figures, direction, seed, *drawable), direction, seed, cast)
    picture = to_image(shown)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def finish_scene(scene: ComposedScene, direction: PromptReading, seed: int, cast: LocalCast) -> Pixels:
    """The scene in its style, with the colours that style adapters lend."""
    return apply_palettes(finish_styles(scene, direction.styles, light_side(direction, seed), seed), cast.lent)


def _seeds(job: LocalJob) -> range:
    """The seeds of the pictures that are asked for."""
    return range(job.seed, job.seed + round(job.number("count", 1, 1, 16)))


def _drawable_size(size: Size) -> Size:
    width, height = size
    shrink = min(1.0, (MAX_DRAWN_PIXELS / (width * height)) ** 0.5)
    return max(16, round(width * shrink)), max(16, round(height * shrink))


def _one_megapixel(size: Size) -> Size:
    scale = (1_048_576 / (size[0] * size[1])) ** 0.5
    width, height = (max(64, round(side * scale / 16) * 16) for side in size)
    return width, height


REPLACE_STRENGTH = 0.6
"""From this strength on, an adapter's face replaces the one in the picture."""

FACE_COVERAGE = 0.4
"""The share of a face's box that a mask must cover to count as a face mask."""

UNSEEN_CHANGE = 0.02
"""Smaller mean changes (0–1) are invisible."""

BLEND_REACH = 0.3
"""Detail finer than this share of a face's width comes from the new face, the rest from the old one."""


class EditSource(Struct, frozen=True, kw_only=True):
    """The input picture (display values) and the person in it."""

    shown: Pixels
    cutout: Cutout
    figure: Figure


def image_to_image(job: LocalJob) -> WorkResult:
    """Redraw the whole picture by the prompt; `strength` is how much of it is new."""
    source, cast, direction = _edit_source(job), load_cast(job), parse_prompt(job.text("prompt"))
    strength = job.number("strength", 0.85, 0, 1)

    def one(seed: int) -> Image.Image:
        height, width = source.figure.alpha.shape
        figure = _figure_for(source, cast, seed, strength)
        drawn = finish_scene(compose_scene([figure], direction, seed, width, height), direction, seed, cast)
        person = mixed(source.shown, drawn, smoothstep_number(0.0, 0.75, strength))
        place = mixed(source.shown, drawn, smoothstep_number(0.3, 0.7, strength))
        return to_image(mixed(place, person, figure.alpha))

    return picture_result(job, [one(seed) for seed in _seeds(job)], plain=source.cutout.plain)


def inpaint(job: LocalJob) -> WorkResult:
    """Redraw what the mask shows in white; everything else stays.

    A face is replaced by that of an adapter's person from strength `REPLACE_STRENGTH` on; below, it becomes more like
    it. Behind people the prompt's scene is drawn. Everything else takes the colour that the prompt names, or one that
    its words choose; a face without an adapter stays as it is, which is noted as `unchanged`.
    """
    mask = to_floats(open_picture(job.file("mask"), place=job.roles["mask"]).convert("L"))
    source, cast, direction = _edit_source(job, mask), load_cast(job), parse_prompt(job.text("prompt"))
    height, width = source.figure.alpha.shape
    mask = as_float32(np.clip(resized(mask, width, height), 0, 1))
    strength = job.number("strength", 0.85, 0, 1)
    over_face = _is_over_face(source, mask)
    colour = None if over_face else named_colour(job.text("prompt"), hashed=not _is_inside_face(source, mask))
    made = [_inpainted(source, cast, direction, mask, (seed, strength), colour) for seed in _seeds(job)]
    data, files = picture_result(job, [to_image(one) for one in made], plain=source.cutout.plain)
    known = over_face and bool(cast.cutouts)  # their own face over theirs looks the same
    unseen = strength > 0 and not known and all(_change(source.shown, one, mask) < UNSEEN_CHANGE for one in made)
    return ({**data, "unchanged": True} if unseen else data), files


def _change(before: Pixels, after: Pixels, mask: Pixels) -> float:
    """The mean change (0–1) inside the mask."""
    return float((np.abs(after - before).mean(axis=-1) * mask).sum() / max(float(mask.sum()), 1.0))


def _is_inside_face(source: EditSource, mask: Pixels) -> bool:
    """Whether most of the mask lies on the face, as a mask of eyes does."""
    face = source.cutout.face
    if face.score == 0:
        return False
    small = resized(mask, *source.cutout.size)
    return float(small[face_area(face)].sum()) > 0.6 * float(small.sum())


def _edit_source(job: LocalJob, mask: Pixels | None = None) -> EditSource:
    place, path = job.pictures()[0]
    picture = open_picture(path, place=place)
    width, height = job.sized(picture.size)
    picture = picture if picture.size == (width, height) else picture.resize((width, height), Image.Resampling.LANCZOS)
    cutout = cut_out(picture, mask)
    scale = width / cutout.size[0]
    face = cutout.face
    box = (face.left * scale, face.top * scale, face.width * scale, face.height * scale)
    shown, alpha = to_floats(picture), np.clip(resized(cutout.alpha, width, height), 0, 1)
    return EditSource(shown=shown, cutout=cutout, figure=Figure(pixels=shown, alpha=alpha, face=box, scale=1.0))


def _figure_for(source: EditSource, cast: LocalCast, seed: int, strength: float) -> Figure:
    """The picture's own person, or at high strength the adapter's in the same place."""
    if not cast.cutouts or strength < REPLACE_STRENGTH or source.cutout.face.score == 0:
        return source.figure
    height, width = source.figure.alpha.shape
    return align_eyes(cast.cutouts, source.cutout, (width, height), seeded_rng(seed, "photo"))


def _inpainted(
    source: EditSource,
    cast: LocalCast,
    direction: PromptReading,
    mask: Pixels,
    how: tuple[int, float],
    colour: Colour | None,
) -> Pixels:
    seed, strength = how
    height, width = mask.shape
    behind = mask * (1 - source.figure.alpha)
    drawn, share = source.shown, mask * smoothstep_number(0.0, 0.8, strength)
    if cast.cutouts and _is_over_face(source, mask):
        # How much of another face is seen: all of it from REPLACE_STRENGTH on.
        seen = 1.0 if strength >= REPLACE_STRENGTH else 0.45 * strength
        drawn, share = _with_new_face(source, cast, direction, seed), mask * seen
    elif float(behind.sum()) > 0.55 * float(mask.sum()):
        place = filmic_curve(add_bloom(backdrop_for(direction, seed, width, height), 0.5))
        fresh = finish_scene(ComposedScene(shown=place, alpha=np.zeros_like(mask)), direction, seed, cast)
        drawn = mixed(drawn, fresh, 1 - source.figure.alpha)
    elif colour is not None:
        # What is worn ends where the person does; a thing in a place has no such edge.
        on_person = float(behind.sum()) < 0.5 * float(mask.sum()) and not source.cutout.plain
        edge = source.figure.alpha if on_person else np.ones_like(mask)
        drawn = mixed(drawn, _coloured(drawn, colour, mask), edge)
    drawn = add_grain(_tinted(drawn, direction, seed), 0.012, 1.3, seeded_rng(seed, "grain"))
    return mixed(source.shown, drawn, as_float32(share))


def _coloured(shown: Pixels, colour: Colour, mask: Pixels) -> Pixels:
    """The picture with its light and shade, in one colour; as light as that colour under the mask."""
    light = to_linear(shown)
    grey = luma(light)
    usual = float((grey * mask).sum() / max(float(mask.sum()), 1.0))
    shade = np.clip(grey / max(usual, 0.01), 0.12, 4.0) ** 0.85
    return as_float32(np.clip(to_display(as_float32(to_linear(np.array(colour, np.float32)) * shade[..., None])), 0, 1))


def _is_over_face(source: EditSource, mask: Pixels) -> bool:
    face = source.cutout.face
    return face.score > 0 and mask_coverage(resized(mask, *source.cutout.size), face) > FACE_COVERAGE


def _with_new_face(source: EditSource, cast: LocalCast, direction: PromptReading, seed: int) -> Pixels:
    """The picture with the adapter's face instead of its own, in the picture's light and colour."""
    height, width = source.figure.alpha.shape
    other = align_eyes(cast.cutouts, source.cutout, (width, height), seeded_rng(seed, "photo"))
    oval = face_mask(ComposedScene(shown=source.shown, alpha=source.figure.alpha, faces=[source.figure.face]))
    skin = oval * other.alpha
    reach = max(3.0, source.figure.face[2] * BLEND_REACH)
    scene = ComposedScene(shown=other.pixels, alpha=other.alpha, faces=[other.face])
    matched = _match_light(paint_scene(scene, direction.styles, seed), source.shown, skin, reach)
    return mixed(source.shown, matched, as_float32(np.clip(skin * 1.15, 0, 1)))


def _match_light(new: Pixels, old: Pixels, where: Pixels, reach: float) -> Pixels:
    """`new` with the low frequencies (light and colour) of `old` and its own detail."""
    weight = np.maximum(blurred(where, reach), 1e-3)[..., None]
    low_new = blurred(new * where[..., None], reach) / weight
    low_old = blurred(old * where[..., None], reach) / weight
    gain = np.clip((low_old + 0.02) / (low_new + 0.02), 0.4, 2.5)
    return as_float32(np.clip(new * gain, 0, 1))


def _tinted(drawn: Pixels, direction: PromptReading, seed: int) -> Pixels:
    """What is drawn, slightly tinted by the prompt's light."""
    tint = 1 + (np.array(direction.light.tint, np.float32) - 1) * 0.22
    sway = 1 + float(seeded_rng(seed, "touch").normal(0, 0.015))
    return as_float32(np.clip(drawn * tint * sway, 0, 1))
