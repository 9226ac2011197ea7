"""Texts as names: short, readable, safe in a path."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST = 40


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens, at most 40 characters; texts that would be cut keep a hash.

    A text with no letter or digit that ASCII knows is named by its hash alone.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if words and len(words) <= LONGEST and plain.isascii() and len(plain) >= len(text.strip()):
        return words
    return marked(text, words)


def marked(text: str, words: str) -> str:
    """`words`, cut and with a mark by which texts are told apart that have the same words.

    A text may be a file name of any bytes.
    """
    mark = hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:6]
    return f"{words[: LONGEST - 7].strip('-')}-{mark}".strip("-")


def same_text(text: str) -> str:
    """What texts have in common that differ in case and blanks alone, or in how an accent is written."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
