"""A training set as one zip: same photos, same bytes, no EXIF."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nano_banana.core.caption import captioned
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.problem import Problem
from nano_banana.imaging.archive import ZIP, fixed_zip
from nano_banana.imaging.bare import bare_photo
from nano_banana.providers.compute.request import Request, Result


def training_zip(request: Request) -> Result:
    """Inputs `photos/0…`, `captions/0…` (text, optional); argument `caption` for photos without one.

    The argument `prefix` begins every caption, and is the caption of photos that have none.

    File `archive`: `0001.jpg`, `0001.txt` … in the order of the bare photos' digests, so that neither
    names nor order nor metadata of the user's files change it. Raises CallFailed with *all* bad photos and captions.
    """
    photos = request.series("photos")
    if not photos:
        raise CallFailed([trouble("training_photos_none")])
    default, prefix = request.text("caption") or "", request.text("prefix") or ""
    captions: dict[int, str] = {}
    problems: list[Problem] = []
    for at, path in request.series("captions").items():
        try:
            captions[at] = _caption(path, f"captions/{at}")
        except CallFailed as error:
            problems.extend(error.problems)
    bare: list[tuple[str, str, bytes, str]] = []
    for at, path in photos.items():
        try:
            data, suffix = bare_photo(path, place=f"photos/{at}")
        except CallFailed as error:
            problems.extend(error.problems)
        else:
            bare.append((hashlib.sha256(data).hexdigest(), captioned(prefix, captions.get(at, default)), data, suffix))
    if problems:
        raise CallFailed(problems)
    entries: list[tuple[str, bytes]] = []
    for position, (_, caption, data, suffix) in enumerate(sorted(bare), start=1):
        entries.append((f"{position:04d}{suffix}", data))
        if caption:
            entries.append((f"{position:04d}.txt", caption.encode()))
    return {"photos": len(bare)}, {"archive": (fixed_zip(entries), ZIP)}


def _caption(path: Path, place: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise CallFailed([trouble("caption_not_text", input=place)]) from error
