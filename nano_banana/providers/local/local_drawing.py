"""Local endpoints for pictures: generate, edit, inpaint, enlarge, restore.

Enlarging and restoring invent nothing. The cast is who is in a picture: adapters, reference photos, strangers.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image, ImageFilter

from nano_banana.faces.face import Face
from nano_banana.faces.face_detection import find_faces
from nano_banana.faces.networks import RECOGNISER, network_path
from nano_banana.faces.recognition import FaceVector, face_embedding
from nano_banana.formats.picture_files import encode_png, flattened, open_picture, open_picture_with_alpha
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import CallFailed, problem
from nano_banana.providers.local.backdrop_canvas import Colour
from nano_banana.providers.local.composition import (
    ComposedScene,
    add_bloom,
    add_grain,
    backdrop_for,
    compose_scene,
    filmic_curve,
    light_side,
)
from nano_banana.providers.local.cutouts import (
    ENLARGEMENTS_BESIDE,
    Cutout,
    Figure,
    align_eyes,
    choose_cutout,
    cut_out,
    face_area,
    mask_coverage,
    place_cutout,
    recolour_clothes,
)
from nano_banana.providers.local.local_job import MOST, LocalJob, Size
from nano_banana.providers.local.local_training import LocalAdapter, read_adapter
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
from nano_banana.providers.local.strangers import draw_stranger, with_body
from nano_banana.providers.local.styles import face_mask, finish_styles, ovals, paint_scene
from nano_banana.providers.workers import WorkResult

SAME_PERSON = 0.363
"""Two faces with at least this cosine are the same person (OpenCV's threshold for SFace)."""


def group_people(pictures: Sequence[Image.Image]) -> list[list[Cutout]]:
    """Each picture's person, grouped by person, in the order in which they are first seen.

    Pictures without a face count only if none has one. Without the face networks, all pictures are taken to show one
    person, and the first picture is used.
    """
    cutouts = [cut_out(picture) for picture in pictures]
    known = [cutout for cutout in cutouts if cutout.face.score > 0]
    if not known or network_path(RECOGNISER) is None:
        return [(known or cutouts)[:1]]
    people: list[tuple[FaceVector, list[Cutout]]] = []
    for cutout in known:
        vector = face_embedding((np.clip(cutout.pixels, 0, 1) * 255 + 0.5).astype(np.uint8), cutout.face)
        alike = [(float(vector @ first), shown) for first, shown in people]
        nearest = max(alike, key=lambda pair: pair[0], default=(-1.0, []))
        if nearest[0] >= SAME_PERSON:
            nearest[1].append(cutout)
        else:
            people.append((vector, [cutout]))
    return [shown for _, shown in people]


MIN_PERSON_SCALE = 0.3
"""The least scale at which an adapter's person is drawn."""


class LocalCast(Struct, frozen=True, kw_only=True):
    """Each person's cut-outs (none: strangers are drawn), and the colours and weights of style adapters."""

    people: Sequence[Sequence[Cutout]] = ()
    lent: Sequence[tuple[Pixels, float]] = ()
    plain: bool = False

    @property
    def cutouts(self) -> Sequence[Cutout]:
        """The cut-outs of the first person."""
        return self.people[0] if self.people else ()


def load_cast(job: LocalJob) -> LocalCast:
    """Read the job's adapters, in order. Raises CallFailed as `read_adapter` does, and `local_input`."""
    entries = job.value("adapters")
    listed = entries if isinstance(entries, list | tuple) else ()
    loaded = [(_load_adapter(job, at), _scale(entry)) for at, entry in enumerate(listed)]
    people = [adapter for adapter, scale in loaded if not adapter.style and scale >= MIN_PERSON_SCALE]
    lent = [(_palette_of(adapter), min(scale, 1.0)) for adapter, scale in loaded if adapter.style]
    if not people:
        return LocalCast(lent=lent)
    return LocalCast(people=[balance_colours(people[0].cutouts)], lent=lent, plain=people[0].plain)


def balance_colours(cutouts: Sequence[Cutout]) -> list[Cutout]:
    """The cut-outs, white-balanced towards the median colour of the set's faces."""
    tones = [to_linear(cutout.face_tone()) + np.float32(0.01) for cutout in cutouts]
    middle = np.median(np.stack(tones), axis=0)
    return [_balanced(cutout, np.power(middle / tone, 0.8)) for cutout, tone in zip(cutouts, tones, strict=True)]


def apply_palettes(shown: Pixels, lent: Sequence[tuple[Pixels, float]]) -> Pixels:
    """The picture with its colours (mean and deviation) moved towards those of style adapters, by their scales."""
    result = shown
    for palette, scale in lent:
        mean, spread = result.mean(axis=(0, 1)), result.std(axis=(0, 1)) + 1e-3
        moved = (result - mean) / spread * palette[1] + palette[0]
        result = as_float32(np.clip(result + (moved - result) * 0.6 * scale, 0, 1))
    return result


def _load_adapter(job: LocalJob, at: int) -> LocalAdapter:
    place = f"{job.roles['adapters']}/{at}/path"
    if place not in job.inputs:
        raise CallFailed([problem("adapter_not_local", input=place)])
    return read_adapter(job.inputs[place], place=place)


def _scale(entry: JSONValue) -> float:
    scale = entry.get("scale", 1.0) if isinstance(entry, dict) else 1.0
    return float(scale) if isinstance(scale, int | float) else 1.0


def _palette_of(adapter: LocalAdapter) -> Pixels:
    pixels = np.concatenate([cutout.pixels[::8, ::8].reshape(-1, 3) for cutout in adapter.cutouts])
    return as_float32(np.stack([pixels.mean(axis=0), pixels.std(axis=0)]))


def _balanced(cutout: Cutout, gain: Pixels) -> Cutout:
    level = float(gain.mean())
    hue = as_float32(np.clip(gain / level * np.clip(level, 0.8, 1.25), 0.55, 1.8))
    return replace(cutout, pixels=to_display(to_linear(cutout.pixels) * hue))


MISCOUNT_ODDS = 6
"""One seed in this many draws one person too many or too few, if the prompt asks for two or more strangers."""

FACE_HEIGHT_SHARE = 0.58
"""Maximum height of a face in a group, as a share of the width for each person."""


def arrange_people(people: Sequence[Sequence[Cutout]], direction: PromptReading, seed: int, size: Size) -> list[Figure]:
    """Each person's figure, from left to right; `people` are each person's cut-outs (none: strangers).

    As with real models, the number of strangers is sometimes wrong: for one seed in MISCOUNT_ODDS, always the same.
    """
    width, height = size
    everybody = people or _strangers(direction, seed)
    room = width // len(everybody)
    crop = direction.crop if len(everybody) == 1 else min(direction.crop * 0.9, FACE_HEIGHT_SHARE * room / height)
    figures = []
    for at, cutouts in enumerate(everybody):
        rng = seeded_rng(seed, f"photo/{at}" if at else "photo")
        grows = {} if len(everybody) == 1 else {"grows": ENLARGEMENTS_BESIDE}
        shown = [with_body(cutout) for cutout in cutouts] if people and len(everybody) > 1 else cutouts
        cutout, placing = choose_cutout(shown, room, height, crop, rng, **grows)
        figure = place_cutout(cutout, replace(placing, left=placing.left + at * room), width, height)
        worn = direction.garment if people and not cutout.plain else None
        figures.append(recolour_clothes(figure, worn) if worn else figure)
    return figures


def _strangers(direction: PromptReading, seed: int) -> list[list[Cutout]]:
    kinds = list(direction.people)
    if len(kinds) > 1:
        turn = int(seeded_rng(seed, "headcount").integers(2 * MISCOUNT_ODDS))
        kinds = kinds[:-1] if turn == 0 else [*kinds, ""] if turn == 1 else kinds
    return [[draw_stranger(seed, direction.garment, kind, at)] for at, kind in enumerate(kinds)]


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
