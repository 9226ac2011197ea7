"""Endpoints for single pictures, and the zip of a training set."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TypeAlias

import numpy as np
from msgspec import structs
from PIL import Image

from nano_banana.faces.face import main_faces
from nano_banana.faces.face_detection import find_faces
from nano_banana.faces.networks import DETECTOR, verified_weights
from nano_banana.formats.image_formats import with_prefix
from nano_banana.formats.photo_export import (
    ZIP_MEDIA,
    photo_without_metadata,
    picture_without_metadata,
    reproducible_zip,
)
from nano_banana.formats.picture_files import (
    PNG_MEDIA,
    WHITE,
    encode_png,
    open_picture,
    open_picture_with_alpha,
    open_undecoded,
    orientation,
    oriented_size,
    working_size,
)
from nano_banana.imaging.image_measures import best_sharpness, dhash, measure_exposure, phash, phash_mirrored
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, Problem, problem
from nano_banana.provenance.pixel_watermarks import write_watermark
from nano_banana.provenance.watermark_messages import OWN_MESSAGE, is_message
from nano_banana.providers.compute.compute_request import ComputeRequest, argument_error, number_arguments
from nano_banana.providers.workers import WorkResult


def probe(request: ComputeRequest) -> WorkResult:
    """Input `image`; data: `width` and `height` (upright), `mode` (as Pillow names it), `media` type."""
    with open_undecoded(request.input("image"), place="image") as picture:
        width, height = working_size(picture)
        media = Image.MIME.get(str(picture.format), "application/octet-stream")
        return {"width": width, "height": height, "mode": picture.mode, "media": media}, {}


_OPENED_MEDIA = {".jpg": "image/jpeg", ".png": "image/png"}


def open_picture_file(request: ComputeRequest) -> WorkResult:
    """Input `file`, of any format that is read; file `image`, a JPEG or PNG, upright, in sRGB, without metadata.

    An upright RGB or grey JPEG or PNG in sRGB keeps its coded pixels; transparency stays. Raises CallFailed
    as `open_picture` does.
    """
    data, suffix = picture_without_metadata(request.input("file"), place="file")
    return {}, {"image": (data, _OPENED_MEDIA[suffix])}


MAX_SIDE = 16_384
JPEG, WEBP = "image/jpeg", "image/webp"
EXPORT_FORMATS = {PNG_MEDIA: "PNG", JPEG: "JPEG", WEBP: "WEBP"}
"""Media type to Pillow's name."""

Point: TypeAlias = tuple[float, float]


def fit(request: ComputeRequest) -> WorkResult:
    """Input `image`; arguments `media`, `quality` (92), and either `longest`, or `width` and `height` with `around`.

    `longest` scales down so that no side is longer, and never up. `width` and `height` cut out as much of these
    proportions as there is, `around` the `face` (of several people all main faces; the centre where there is none) or
    the `centre`, and scale it to that size exactly. File `image`: sRGB, without metadata; transparency stays but in a
    JPEG, where it is white. Data: `width`, `height`, `scale` (above 1 where it was enlarged), `faces` (how many it is
    centred on). Raises CallFailed as `open_picture` does, and Unusable `faces_missing`.
    """
    media = request.text("media") or PNG_MEDIA
    if media not in EXPORT_FORMATS:
        raise argument_error("media", media)
    picture = open_picture_with_alpha(request.input("image"), place="image")
    if picture.mode == "RGBA" and media == "image/jpeg":
        flat = Image.new("RGB", picture.size, WHITE)
        flat.paste(picture, mask=picture.getchannel("A"))
        picture = flat
    before: float = picture.width
    faces = 0
    if "width" in request.arguments:
        size = (request.whole("width", 0, 1, MAX_SIDE), request.whole("height", 0, 1, MAX_SIDE))
        middle, faces = _crop_centre(request, picture)
        box = crop_window(picture.size, size, middle)
        before = box[2] - box[0]
        picture = picture.resize(size, Image.Resampling.LANCZOS, box=box)
    elif "longest" in request.arguments:
        longest = request.whole("longest", 0, 1, MAX_SIDE)
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=None)
    data = _encode_export(picture, media, request.whole("quality", 92, 1, 100))
    told = {"width": picture.width, "height": picture.height, "scale": picture.width / before, "faces": faces}
    return told, {"image": (data, media)}


def crop_window(picture: tuple[int, int], wanted: tuple[int, int], middle: Point) -> tuple[float, float, float, float]:
    """The largest box of the wanted proportions in the picture, as near to `middle` as it lies within (pixels)."""
    scale = min(picture[0] / wanted[0], picture[1] / wanted[1])
    width, height = wanted[0] * scale, wanted[1] * scale
    left = min(max(middle[0] - width / 2, 0.0), picture[0] - width)
    top = min(max(middle[1] - height / 2, 0.0), picture[1] - height)
    return left, top, left + width, top + height


def _crop_centre(request: ComputeRequest, picture: Image.Image) -> tuple[Point, int]:
    """The point that the crop lies around, and how many faces that is the middle of."""
    around = request.text("around") or "centre"
    if around not in ("face", "centre"):
        raise argument_error("around", around)
    if around == "face":
        verified_weights(DETECTOR)
        faces = main_faces(find_faces(np.asarray(picture.convert("RGB"), np.uint8)) or ())
        if faces:
            left, top = min(face.left for face in faces), min(face.top for face in faces)
            right = max(face.left + face.width for face in faces)
            bottom = max(face.top + face.height for face in faces)
            return ((left + right) / 2, (top + bottom) / 2), len(faces)
    return (picture.width / 2, picture.height / 2), 0


def _encode_export(picture: Image.Image, media: str, quality: int) -> bytes:
    if media == PNG_MEDIA:
        return encode_png(picture)
    # Coarser colours (4:2:0) would destroy invisible marks.
    more = {"subsampling": 0, "optimize": True} if media == JPEG else {}
    return _encode(picture, media, quality=quality, **more)


def _encode(picture: Image.Image, media: str, **options: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, format=EXPORT_FORMATS[media], **options)
    return out.getvalue()


_MAX_FACE_OFFSET = 1e9
"""No edge of a face lies further away, in pixels."""


def survey(request: ComputeRequest) -> WorkResult:
    """Input `image`; argument `face` (optional: left, top, width, height in upright pixels).

    Data: `width`, `height` (upright), `oriented` (the EXIF orientation turned it), `exposure` (`mean`, `dark` and
    `bright`, 0–1; the face counts for three quarters), `sharpness` (variance of the Laplacian in the sharpest part),
    `hash`, `hash_mirrored`, `difference_hash` (64 bits in hex). Raises CallFailed as `open_picture` does.
    """
    path = request.input("image")
    with open_undecoded(path, place="image") as header:
        width, height = oriented_size(header)
        oriented = orientation(header) != 1
    picture = open_picture(path, place="image")
    data: JSONObject = {
        "width": width,
        "height": height,
        "oriented": oriented,
        "exposure": structs.asdict(measure_exposure(picture, face_argument(request))),
        "sharpness": round(best_sharpness(picture), 2),
        "hash": phash(picture),
        "hash_mirrored": phash_mirrored(picture),
        "difference_hash": dhash(picture),
    }
    return data, {}


def face_argument(request: ComputeRequest) -> tuple[float, float, float, float] | None:
    """The argument `face`, if given: left, top, width and height in pixels."""
    value = request.arguments.get("face")
    if value is None:
        return None
    left, top, width, height = number_arguments("face", value, -_MAX_FACE_OFFSET, _MAX_FACE_OFFSET, count=4)
    return left, top, width, height


THUMBNAIL_QUALITY = {JPEG: 82, WEBP: 62}
"""The media types of small pictures, and how good they are."""

FACE_MARGIN = 1.7
"""Sides of the square around a face, in faces."""


def thumbnail(request: ComputeRequest) -> WorkResult:
    """Input `image`; arguments `side` (longest side in pixels, 320), `media`, and `face` as `survey` takes it.

    Files `image` and, with a face, `face` (a square of half the side): sRGB, JPEG, or WebP where `media` is
    `image/webp`. Data: `width`, `height` of `image`. Raises CallFailed as `open_picture` does.
    """
    side = request.whole("side", 320, 16, 4096)
    media = request.text("media") or JPEG
    quality = THUMBNAIL_QUALITY.get(media)
    if quality is None:
        raise argument_error("media", media)
    picture = open_picture(request.input("image"), place="image")
    face = face_argument(request)
    files = {}
    if face is not None:
        left, top, width, height = face
        reach = max(width, height, 1) * FACE_MARGIN / 2
        middle, centre = left + width / 2, top + height / 2
        box = (int(middle - reach), int(centre - reach), int(middle + reach), int(centre + reach))
        small = (side // 2, side // 2)
        cut = picture.crop(_fit_square(box, picture.size)).resize(small, Image.Resampling.LANCZOS)
        files["face"] = (_encode(cut, media, quality=quality), media)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    files["image"] = (_encode(picture, media, quality=quality), media)
    return {"width": picture.width, "height": picture.height}, files


def _fit_square(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The square, moved and if necessary shrunk to fit into the picture; never empty."""
    side = max(1, min(box[2] - box[0], *size))
    left = min(max(box[0] + (box[2] - box[0] - side) // 2, 0), size[0] - side)
    top = min(max(box[1] + (box[3] - box[1] - side) // 2, 0), size[1] - side)
    return left, top, left + side, top + side


def imprint(request: ComputeRequest) -> WorkResult:
    """Input `image`; argument `message` (8 hex digits; without it this program's own).

    File `image`: PNG of the same size, RGB (RGBA for a picture with transparency, which it keeps). Data: `message`,
    and how many of its 32 bits are read again (`agree`) at what `strength`. Raises CallFailed as `open_layers` does
    and `mark_not_held`; Unusable `marks_missing`.
    """
    message = request.text("message") or OWN_MESSAGE
    if not is_message(message):
        raise argument_error("message", message)
    picture = open_picture_with_alpha(request.input("image"), place="image")
    pixels, match, strength = write_watermark(np.asarray(picture.convert("RGB")), message)
    if not match.found:
        raise CallFailed([problem("mark_not_held", agree=match.agree, least=match.least)])
    marked = Image.fromarray(pixels)
    if picture.mode == "RGBA":
        marked.putalpha(picture.getchannel("A"))
    return {"message": message, "agree": match.agree, "strength": strength}, {"image": (encode_png(marked), PNG_MEDIA)}


def training_zip(request: ComputeRequest) -> WorkResult:
    """Inputs `photos/0…`, `captions/0…` (text, optional); argument `caption` for photos without one.

    The argument `prefix` begins every caption, and is the caption of photos that have none.

    File `archive`: `0001.jpg`, `0001.txt` … in the order of the bare photos' digests, so that neither
    names nor order nor metadata of the user's files change it. Raises CallFailed with *all* bad photos and captions.
    """
    photos = request.series("photos")
    if not photos:
        raise CallFailed([problem("training_photos_none")])
    default, prefix = request.text("caption") or "", request.text("prefix") or ""
    captions: dict[int, str] = {}
    problems: list[Problem] = []
    for at, path in request.series("captions").items():
        try:
            captions[at] = _read_caption(path, f"captions/{at}")
        except CallFailed as error:
            problems.extend(error.problems)
    bare: list[tuple[str, str, bytes, str]] = []
    for at, path in photos.items():
        try:
            data, suffix = photo_without_metadata(path, place=f"photos/{at}")
        except CallFailed as error:
            problems.extend(error.problems)
        else:
            caption = with_prefix(prefix, captions.get(at, default))
            bare.append((hashlib.sha256(data).hexdigest(), caption, data, suffix))
    if problems:
        raise CallFailed(problems)
    entries: list[tuple[str, bytes]] = []
    for position, (_, caption, data, suffix) in enumerate(sorted(bare), start=1):
        entries.append((f"{position:04d}{suffix}", data))
        if caption:
            entries.append((f"{position:04d}.txt", caption.encode()))
    return {"photos": len(bare)}, {"archive": (reproducible_zip(entries), ZIP_MEDIA)}


def _read_caption(path: Path, place: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise CallFailed([problem("caption_not_text", input=place)]) from error
