"""A file that came down: whether it is whole, and what it is."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.imaging.open import MAX_PIXELS, reading
from nano_banana.providers.fal.adapters import is_adapter
from nano_banana.providers.fal.result import Remote
from nano_banana.providers.fal.sniff import BYTES, HEAD, is_page, media_of

_EIGHT_BITS = frozenset({"L", "LA", "RGB", "RGBA", "RGBX"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a file is: its media type by content, and whether it is a picture that is black all over."""

    media: str = BYTES
    black: bool = False
    size: tuple[int, int] | None = None
    wrong: str = ""
    """Why it can't be what was asked for: empty, page, damaged, no picture."""


def inspect(path: Path, remote: Remote, *, is_picture: bool) -> Seen:
    """Look at the file; a picture is decoded whole. Raises CallFailed `download_bomb`."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    media = media_of(head)
    if not head:
        return Seen(wrong="empty")
    if is_page(head) and (is_picture or not remote.media.endswith(("html", "xml"))):
        return Seen(wrong="page")
    if is_picture:
        return _picture(path, media, remote)
    if _is_named_adapter(remote) and not is_adapter(path):
        return Seen(wrong="damaged")
    return Seen(media=media)


def is_black(path: Path) -> bool:
    """Whether every pixel of the picture is exactly black. Raises CallFailed as `open_picture` does."""
    with reading(path, place="picture") as picture:
        picture.load()
        return _is_black(picture)


def _picture(path: Path, media: str, remote: Remote) -> Seen:
    try:
        black = is_black(path)
        with reading(path, place="picture") as picture:
            return Seen(media=media, black=black, size=picture.size)
    except CallFailed as error:
        kind = error.problems[0].kind
        if kind == "picture_too_big":
            raise CallFailed([trouble("download_bomb", file=label(remote), most=MAX_PIXELS)]) from error
        return Seen(wrong="no picture" if kind == "picture_unreadable" else "damaged")


def _is_black(picture: Image.Image) -> bool:
    plain = picture if picture.mode in _EIGHT_BITS else picture.convert("RGB")
    bands = [plain.getchannel(band) for band in plain.getbands() if band not in "AX"]
    return all(band.getextrema() == (0, 0) for band in bands)


def _is_named_adapter(remote: Remote) -> bool:
    return label(remote).lower().endswith(".safetensors")


def label(remote: Remote) -> str:
    """What to call the file; never the whole address, which may open what is private."""
    return remote.name or PurePosixPath(parted(remote).path).name[:80]


def parted(remote: Remote) -> urllib.parse.SplitResult:
    """The parts of the file's address; of one that holds the file itself, or is none, the scheme at most."""
    if remote.url[:5].lower() == "data:":
        return urllib.parse.urlsplit("data:")
    try:
        return urllib.parse.urlsplit(remote.url)
    except ValueError:
        return urllib.parse.urlsplit("")
