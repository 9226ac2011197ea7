"""Read untrusted bytes: size limits, bounded inflate, text, JSON.

Files come from strangers. Nothing here raises on malformed input, and nothing grows beyond its limit: inflated data has
a maximum, text of unknown encoding is decoded in the most plausible way (programs often ignore the encoding of the
standard), and quoted text is shortened.
"""

from __future__ import annotations

import base64
import binascii
import json
import unicodedata
import zlib
from collections.abc import Sequence

from nano_banana.model.json_values import JSONObject, JSONValue, as_object

MAX_FILE_BYTES = 512 << 20
"""Bytes. A larger picture file is not read."""

MAX_PARTS = 1 << 18
"""Chunks or segments that a picture file is split into, at most; the rest is one piece."""

MAX_TEXT_BYTES = 8 << 20
"""Bytes. Text that inflates to more counts as damaged."""

MAX_UNDO_BYTES = 64 << 20
"""Bytes of the undo data of embedded metadata, at most."""


def inflate_bounded(data: bytes, *, most: int = MAX_TEXT_BYTES) -> bytes | None:
    """Inflate zlib data; None if it is damaged, cut short, or larger than `most` bytes."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, most + 1)
    except zlib.error:
        return None
    return text if unpacker.eof and len(text) <= most else None


def deflate_base64(text: bytes) -> str:
    """Deflate bytes and encode them as base64."""
    return base64.b64encode(zlib.compress(text)).decode("ascii")


def inflate_base64(word: str, *, most: int = MAX_TEXT_BYTES) -> bytes | None:
    """Decode what `deflate_base64` encoded; None if it is damaged or larger than `most` bytes."""
    try:
        return inflate_bounded(base64.b64decode(word.encode("ascii", "replace"), validate=True), most=most)
    except binascii.Error:
        return None


_SAMPLE_BYTES = 4096
"""Bytes that are used to choose an encoding."""

_UNREADABLE = frozenset(("Cc", "Cn", "Co", "Cs"))
_UNUSUAL = frozenset(("Sm", "Sk", "So"))
_UTF16 = ("utf-16-le", "utf-16-be")


def decode_text(data: bytes) -> str:
    """Decode text: UTF-8, or UTF-16 if it begins with a byte order mark or holds zeros; else Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data.strip(b"\0"):
        return decode_best(data, ("utf-8", *_UTF16))
    try:
        return data.decode("utf-8-sig").strip("\0")
    except UnicodeDecodeError:
        # Five bytes are undefined in cp1252 but not in Latin-1.
        return "".join(bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in data.strip(b"\0"))


def decode_utf16(data: bytes, *, likely: str = "utf-16-le") -> str:
    """Decode text that should be UTF-16, in either byte order; or UTF-8, if only that is plausible.

    `likely` is the encoding if two are equally plausible.
    """
    other = _UTF16[_UTF16[0] == likely]
    return decode_best(data, (likely, other, "utf-8"), handicap={"utf-8": 4})


def decode_best(data: bytes, encodings: Sequence[str], *, handicap: dict[str, float] | None = None) -> str:
    """Decode with the most plausible of the encodings; of equals, the first."""
    marks = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb\xbf": "utf-8"}
    marked = next((encoding for mark, encoding in marks.items() if data.startswith(mark)), None)
    begin = data[:_SAMPLE_BYTES]
    costs = {encoding: _implausibility(begin, encoding) + (handicap or {}).get(encoding, 0) for encoding in encodings}
    return data.decode(marked or min(encodings, key=costs.__getitem__), "replace").strip("\0\ufeff")


def _implausibility(data: bytes, encoding: str) -> float:
    """How implausible the decoded text is: unusual characters, and words that mix scripts."""
    cost, script = 0.0, ""
    for char in data.decode(encoding, "replace").strip("\0\ufeff"):
        if "\x20" <= char < "\x7f" or char in "\t\r\n":
            script = "LATIN" if char.isalpha() else ""
            continue
        kind = unicodedata.category(char)
        cost += 4 if kind in _UNREADABLE or char == "\ufffd" else 2 if kind in _UNUSUAL else 0.5
        own = unicodedata.name(char, "").partition(" ")[0] if kind.startswith("L") else ""
        cost += bool(script and own and own != script)
        script = own
    return cost


MAX_QUOTED = 500
"""Characters of a quoted text, at most."""

MAX_JSON = 16_000_000
"""Characters of a JSON text, at most."""


def shorten(text: str) -> str:
    """The beginning of a text, without surrounding white space."""
    text = text.strip()
    return text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED] + "…"


def shorten_value(value: JSONValue) -> JSONValue:
    """The value if it is a number or a (shortened) text, else None."""
    if isinstance(value, str):
        return shorten(value)
    return value if isinstance(value, int | float) else None


def parse_json_object(text: str) -> JSONObject | None:
    """Parse a JSON object; None for anything else, and if it is too deep or too long."""
    if not text.lstrip().startswith("{") or len(text) > MAX_JSON:
        return None
    try:
        # Some programs write `NaN`, which JSON doesn't have.
        found: JSONValue = json.loads(text, parse_constant=lambda _name: None)
        return as_object(found)
    except (ValueError, RecursionError, TypeError):
        return None


def pick_values(found: JSONObject, **names: str) -> dict[str, JSONValue]:
    """Pick an object's texts and numbers: new name = old key."""
    values = {fact: shorten_value(found.get(key)) for fact, key in names.items()}
    return {fact: value for fact, value in values.items() if value not in (None, "")}
