"""What a picture file is, and whether it can be read here."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path

from nano_banana.core.image_formats import format_of


def picture_media(path: Path) -> str | None:
    """The media type, or None where the file is no picture. Raises OSError where it can't be read."""
    known = format_of(path)
    return None if known is None else known.media


@functools.cache
def reads_heic() -> bool:
    """Whether the extra that reads HEIC is installed."""
    return find_spec("pi_heif") is not None
