"""Marks in pixels: how many are found again, and how many clean pictures are accused."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from benchmarks.report import heading, verdict
from nano_banana.provenance.pixel_watermarks import (
    find_known_watermarks,
    match_message,
    read_watermark,
    write_watermark,
)
from nano_banana.provenance.watermark_messages import KNOWN_WATERMARKS, OWN_MESSAGE
from tests.marks.invisible.encoder import marked
from tests.people import HOPPER, astronaut_file

Pixels: TypeAlias = NDArray[np.uint8]
Harm: TypeAlias = Callable[[Pixels], Pixels]

EXAMPLES = Path(__file__).parents[1] / "examples" / "astronaut" / "photos"
SIDE = 1000
EVERY = 3
"""Of the clean pictures, each so manieth is read by RivaGAN, which takes half a second."""


def bench(folder: Path, *, times: int) -> None:  # noqa: ARG001 - every benchmark is called so
    """Print what is found after JPEG, resizing and cropping, and how near clean pictures come."""
    photos = list(_photos())
    heading(f"Marks found again in {len(photos)} photos, of so many")
    print(f"{'':14}" + "".join(f"{name:>12}" for name in HARMS))
    for name in (payload.name for payload in KNOWN_WATERMARKS):
        _row(name, [marked(rgb, name) for rgb in photos], partial(_found, name))
    _row("sdxl, swapped", [marked(rgb, "sdxl", swapped=True) for rgb in photos], partial(_found, "sdxl"))
    begin = time.perf_counter()
    carrying = [write_watermark(rgb, OWN_MESSAGE)[0] for rgb in photos]
    seconds = (time.perf_counter() - begin) / len(photos)
    _row("rivagan", carrying, lambda rgb: match_message(read_watermark(rgb), "own", OWN_MESSAGE).found)
    print(f"rivagan: {seconds:.2f} s to write and check one; PSNR {_psnr(photos, carrying):.1f} dB")
    _clean()


def _row(name: str, pictures: list[Pixels], found: Callable[[Pixels], bool]) -> None:
    counts = [sum(found(harm(rgb)) for rgb in pictures) for harm in HARMS.values()]
    print(f"{name:14}" + "".join(f"{count:>12}" for count in counts))


def _found(name: str, rgb: Pixels) -> bool:
    return any(match.name == name and match.found for match in find_known_watermarks(rgb))


def _clean() -> None:
    pictures = [rgb for rgb in _unmarked() if rgb.shape[0] * rgb.shape[1] >= 256 * 256]
    most: Counter[str] = Counter()
    accused = 0
    for rgb in pictures:
        for match in find_known_watermarks(rgb):
            most[match.name] = max(most[match.name], match.agree)
            accused += match.found
    agreeing = [match_message(read_watermark(rgb), "own", OWN_MESSAGE) for rgb in pictures[::EVERY]]
    heading(f"{len(pictures)} clean pictures ({len(agreeing)} for rivagan)")
    lengths = {payload.name: (len(payload.bits), payload.least) for payload in KNOWN_WATERMARKS}
    for name, (length, least) in lengths.items():
        print(f"{name:8} at most {most[name]:3} of {length} bits agree; {least} are asked for")
    print(
        f"rivagan  {min(m.agree for m in agreeing)}-{max(m.agree for m in agreeing)} of 32 bits agree; 29 are asked for"
    )
    verdict("clean pictures accused", accused + sum(match.found for match in agreeing), most=0)


def _photos() -> Iterator[Pixels]:
    """Photos of people and things, in colour."""
    data = astronaut_file().parent
    things = ("chelsea.png", "coffee.png", "rocket.jpg", "retina.jpg", "hubble_deep_field.jpg", "motorcycle_left.png")
    files = [
        astronaut_file(),
        *(data / name for name in things),
        data / "ihc.png",
        HOPPER,
        *sorted(EXAMPLES.glob("*.jpg")),
    ]
    return (_opened(path) for path in files)


def _unmarked() -> Iterator[Pixels]:
    """Photos and textures, whole and in pieces (compressed, mirrored), tinted faces, noise, gradients, one colour."""
    rng = np.random.default_rng(5)
    data = astronaut_file().parent
    for path in [*sorted(data.glob("*.png")), *sorted(data.glob("*.jpg")), HOPPER, *sorted(EXAMPLES.glob("*.jpg"))]:
        try:
            whole = _opened(path)
        except UnidentifiedImageError:
            continue
        yield whole
        for number in range(10):
            high, wide = (min(side, int(rng.integers(256, 700))) for side in whole.shape[:2])
            top, left = (
                int(rng.integers(0, side - part + 1)) for side, part in zip(whole.shape, (high, wide), strict=False)
            )
            piece = whole[top : top + high, left : left + wide]
            yield (_jpeg(int(rng.integers(60, 96)))(piece), np.ascontiguousarray(piece[:, ::-1]), piece)[number % 3]
    for face in np.load(data / "lfw_subset.npy")[:60]:
        large = np.asarray(Image.fromarray((face * 255).astype(np.uint8)).resize((512, 512), Image.Resampling.BICUBIC))
        yield (large[..., None] * rng.uniform(0.6, 1, 3)).astype(np.uint8)
    for _ in range(30):
        yield rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)
        corners = Image.fromarray(rng.integers(0, 256, (2, 2, 3), dtype=np.uint8))
        yield np.array(corners.resize((512, 384), Image.Resampling.BILINEAR))
        yield np.full((300, 300, 3), rng.integers(0, 256, 3), np.uint8)


def _opened(path: Path) -> Pixels:
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.array(small)


def _jpeg(quality: int, subsampling: int = 2) -> Harm:
    def harm(rgb: Pixels) -> Pixels:
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(rgb)).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
        with Image.open(buffer) as picture:
            return np.array(picture.convert("RGB"))

    return harm


def _resized(by: float) -> Harm:
    def harm(rgb: Pixels) -> Pixels:
        picture = Image.fromarray(rgb)
        return np.array(
            picture.resize((round(picture.width * by), round(picture.height * by)), Image.Resampling.LANCZOS)
        )

    return harm


def _cropped(rgb: Pixels) -> Pixels:
    return np.ascontiguousarray(rgb[8:-8, 8:-8])


def _psnr(before: list[Pixels], after: list[Pixels]) -> float:
    errors = [float(np.mean((one.astype(float) - other) ** 2)) for one, other in zip(before, after, strict=True)]
    return float(10 * np.log10(255**2 / np.mean(errors)))


HARMS: Mapping[str, Harm] = {
    "PNG": lambda rgb: rgb,
    "q95 4:4:4": _jpeg(95, 0),
    "q90 4:4:4": _jpeg(90, 0),
    "q95": _jpeg(95),
    "q75": _jpeg(75),
    "q50": _jpeg(50),
    "half": _resized(0.5),
    "x 0.9": _resized(0.9),
    "less 8 px": _cropped,
}
"""What happens to pictures, by its name; without another word JPEG is 4:2:0."""
