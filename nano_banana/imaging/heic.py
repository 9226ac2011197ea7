"""HEIC, the photos of telephones: Pillow reads it where an extra is there."""

from __future__ import annotations

import functools


@functools.cache
def add_heic() -> bool:
    """Teach Pillow to read HEIC, once a process; false where `pi-heif` (the extra `heic`) is not installed."""
    try:
        import pi_heif
    except ImportError:
        return False
    pi_heif.register_heif_opener()
    return True
