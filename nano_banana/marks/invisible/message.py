"""The 32 bits that this program writes into pixels: its own, or a user's."""

from __future__ import annotations

import re

OWN = "8d1c9b36"
"""What is written where the recipe names nothing else. As many ones as zeros, and drawn by lot."""

PATTERN = "^[0-9a-fA-F]{8}$"
LENGTH = 32

LEAST = 29
"""So many bits must agree. Clean pictures come to 9–24 (benchmarks/watermarks.py); 29 by chance is one in 780,000."""

SURE = 31


def is_message(text: str) -> bool:
    """Whether the text is 8 hex digits."""
    return re.fullmatch(PATTERN, text) is not None


def bits_of(message: str) -> list[int]:
    """The bits of 8 hex digits, the highest first."""
    return [int(bit) for bit in f"{int(message, 16):032b}"]
