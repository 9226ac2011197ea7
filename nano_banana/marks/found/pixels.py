"""What is hidden in the pixels themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from nano_banana.imaging.open import open_layers, reading
from nano_banana.marks.found.exif import Tags, tags_of
from nano_banana.marks.found.finding import DWTDCT, METADATA, RIVAGAN, Certainty, Finding, Unchecked
from nano_banana.marks.found.stealth import stealth
from nano_banana.marks.invisible.dwtdct import Pixels
from nano_banana.marks.invisible.known import known_marks
from nano_banana.marks.invisible.match import Match
from nano_banana.marks.invisible.message import OWN
from nano_banana.marks.invisible.needs import missing
from nano_banana.marks.invisible.rivagan import compared, read
from nano_banana.marks.invisible.sources import DECODER
from nano_banana.marks.part import Tales

_WHOLLY_READ = ("image/tiff", "image/avif", "image/heic", "image/heif")
"""Of formats that can't be marked those that keep all their metadata in EXIF and XMP."""

READ = (METADATA, DWTDCT, RIVAGAN)
"""The kinds that need the pixels."""


def in_pixels(path: Path, only: Collection[str], mark_id: str | None) -> Iterator[Finding | Unchecked]:
    """Whatever of the kinds `only` is in the picture's pixels. Raises CallFailed where it can't be opened."""
    picture = open_layers(path, place=str(path))
    layers = np.asarray(picture.convert("RGBA"))
    rgb = np.ascontiguousarray(layers[..., :3])
    if METADATA in only:
        hidden = stealth(layers)
        if hidden is not None:
            yield hidden
    if DWTDCT in only:
        yield from _known(rgb)
    if RIVAGAN in only:
        yield from _invisible(rgb, mark_id)


def header(path: Path) -> tuple[Tales, Tags]:
    """What a picture in whatever format tells, and its EXIF tags. Raises CallFailed where it is none."""
    with reading(path, place=str(path)) as picture:
        xmp = picture.info.get("xmp")
        media = Image.MIME.get(str(picture.format), "application/octet-stream")
        skipped = [] if media in _WHOLLY_READ else ["whatever is neither EXIF nor XMP"]
        if getattr(picture, "n_frames", 1) > 1:
            skipped.append("all pages but the first")
        told = Tales(media=media, xmp=xmp if isinstance(xmp, bytes) else b"", skipped=skipped)
        return told, tags_of(picture.getexif)


def _known(rgb: Pixels) -> Iterator[Finding | Unchecked]:
    matches = known_marks(rgb)
    if not matches:
        yield Unchecked(of=DWTDCT, why="too_small", facts={"width": rgb.shape[1], "height": rgb.shape[0]})
    yield from (_finding(DWTDCT, match) for match in matches if match.found)


def _invisible(rgb: Pixels, mark_id: str | None) -> Iterator[Finding | Unchecked]:
    lacking = missing(DECODER)
    if lacking is not None:
        yield Unchecked(of=RIVAGAN, why="marks_not_installed", facts={"missing": lacking})
        return
    bits = read(rgb)
    messages = {"own": OWN, **({"yours": mark_id} if mark_id else {})}
    matches = [compared(bits, name, message) for name, message in messages.items()]
    yield from (_finding(RIVAGAN, match) for match in matches if match.found)


def _finding(of: str, match: Match) -> Finding:
    certainty = Certainty.CERTAIN if match.certain else Certainty.LIKELY
    # Our own mark says where a picture went through, not how it was made.
    ai = True if of == DWTDCT else None
    facts = {"agree": match.agree, "bits": match.length, "rate": round(match.rate, 3)}
    return Finding(of=of, name=match.name, certainty=certainty, ai=ai, facts=facts)
