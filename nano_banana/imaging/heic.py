"""HEIC, the photos of telephones: Pillow reads it where an extra is there."""

from __future__ import annotations

import functools
from pathlib import Path

_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_FAMILY = b"mif1"
"""Any picture of the family, AVIF too: the brands that follow say which."""


def is_heic(path: Path) -> bool:
    """Whether the file begins like a HEIC photo (ISO/IEC 23008-12). Raises OSError where it can't be read."""
    with path.open("rb") as file:
        head = file.read(64)
    if head[4:8] != b"ftyp":
        return False
    length = min(int.from_bytes(head[:4], "big"), len(head))
    others = {head[at : at + 4] for at in range(16, length, 4)}
    return head[8:12] in _BRANDS or (head[8:12] == _FAMILY and bool(others & _BRANDS))


@functools.cache
def add_heic() -> bool:
    """Teach Pillow to read HEIC, once a process; false where `pi-heif` (the extra `heic`) is not installed."""
    try:
        import pi_heif
    except ImportError:
        return False
    pi_heif.register_heif_opener()
    return True
