"""The user's own files, by what they hold."""

from __future__ import annotations

from pathlib import Path

from nano_banana.recipe.resolve.pictures import picture_media

_MEDIA = {".txt": "text/plain", ".safetensors": "application/octet-stream"}


def media_of(path: Path) -> str:
    """The media type of a photo, a caption, a mask or an adapter."""
    known = _MEDIA.get(path.suffix.casefold())
    return known or picture_media(path) or "application/octet-stream"
