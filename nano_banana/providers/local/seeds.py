"""Seeds from words; light enough for the asking process."""

from __future__ import annotations

import hashlib


def seed_of(text: str) -> int:
    """A seed (0 to 2³¹ − 1) that follows from the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
