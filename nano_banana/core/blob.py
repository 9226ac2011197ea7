"""Bytes by their name: the digest, never a place or a URL."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

IMAGINED = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Some bytes, known by content.

    `digest` is the SHA-256 of the bytes in lower-case hex (64 characters), `size` their number,
    `media` their media type (`image/png`). A forecast follows flows past work that is not done yet;
    it names what that work would make with an *imagined* blob, whose digest begins with `?`.
    """

    digest: str
    size: int
    media: str

    @property
    def imagined(self) -> bool:
        """Whether these bytes exist only in a forecast."""
        return self.digest.startswith(IMAGINED)


def blob_of(data: bytes, *, media: str) -> Blob:
    """Name the bytes in `data`."""
    return Blob(digest=hashlib.sha256(data).hexdigest(), size=len(data), media=media)


def imagine(why: str, *, media: str) -> Blob:
    """Name bytes that some work would make; `why` tells one imagined blob from another."""
    # A path may hold bytes that are no text.
    digest = hashlib.sha256(why.encode(errors="surrogatepass")).hexdigest()
    return Blob(digest=IMAGINED + digest, size=0, media=media)
