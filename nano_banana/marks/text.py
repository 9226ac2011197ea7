"""Bytes of unknown encoding, read in whatever way gives text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_LOOKED_AT = 4096
"""Bytes by which an encoding is chosen."""

_UNREADABLE = frozenset(("Cc", "Cn", "Co", "Cs"))
_ODD = frozenset(("Sm", "Sk", "So"))
_WIDE = ("utf-16-le", "utf-16-be")


def read_text(data: bytes) -> str:
    """Text in UTF-8, or in UTF-16 if it begins with a byte order mark or holds zeros; else in Windows' Latin.

    Standards name one encoding, and programs write another.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data.strip(b"\0"):
        return best_text(data, ("utf-8", *_WIDE))
    try:
        return data.decode("utf-8-sig").strip("\0")
    except UnicodeDecodeError:
        # Five bytes mean nothing in cp1252: Latin-1 knows them all.
        return "".join(bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in data.strip(b"\0"))


def read_wide_text(data: bytes, *, likely: str = "utf-16-le") -> str:
    """Text that is said to be UTF-16, in whatever order its bytes are; or in UTF-8, if only that reads as text.

    `likely` is the encoding where two are as good.
    """
    other = _WIDE[_WIDE[0] == likely]
    return best_text(data, (likely, other, "utf-8"), handicap={"utf-8": 4})


def best_text(data: bytes, encodings: Sequence[str], *, handicap: dict[str, float] | None = None) -> str:
    """The text in the encoding in which it reads most like text, the first of equals."""
    marks = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb\xbf": "utf-8"}
    marked = next((encoding for mark, encoding in marks.items() if data.startswith(mark)), None)
    begin = data[:_LOOKED_AT]
    costs = {encoding: _cost(begin, encoding) + (handicap or {}).get(encoding, 0) for encoding in encodings}
    return data.decode(marked or min(encodings, key=costs.__getitem__), "replace").strip("\0\ufeff")


def _cost(data: bytes, encoding: str) -> float:
    """How little the bytes read as text: signs that nobody writes, scripts that change within a word."""
    cost, script = 0.0, ""
    for char in data.decode(encoding, "replace").strip("\0\ufeff"):
        if "\x20" <= char < "\x7f" or char in "\t\r\n":
            script = "LATIN" if char.isalpha() else ""
            continue
        kind = unicodedata.category(char)
        cost += 4 if kind in _UNREADABLE or char == "\ufffd" else 2 if kind in _ODD else 0.5
        own = unicodedata.name(char, "").partition(" ")[0] if kind.startswith("L") else ""
        cost += bool(script and own and own != script)
        script = own
    return cost
