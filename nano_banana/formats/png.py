"""PNG files as chunks: texts and XMP are inserted after the header.

PNG, third edition: §5.3 (chunks), §11.3.3 (tEXt, zTXt, iTXt). XMP: part 3 of its specification, §1.1.5. Content
credentials: `caBX`.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from itertools import islice

from nano_banana.formats.exif_iptc import find_iim
from nano_banana.formats.image_parts import (
    C2PA,
    EXIF,
    HEAD,
    TAIL,
    TEXT,
    XMP,
    EmbeddedMetadata,
    FilePart,
    first_part,
    join_parts,
)
from nano_banana.formats.jpeg import EXIF_TAG, XMP_TAG
from nano_banana.formats.png_chunks import PNG_SIGNATURE, iter_chunks
from nano_banana.formats.untrusted import MAX_PARTS, decode_text, inflate_bounded

MEDIA = "image/png"
XMP_KEY = "XML:com.adobe.xmp"
DEFLATE_FROM = 1024
"""Bytes from which a text is deflated."""

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_COMF = "comf"
"""ComfyUI's own chunk in animated PNGs: a key and a text, as in tEXt."""

_PROFILE = "Raw profile type "
_KINDS = {b"IHDR": HEAD, b"eXIf": EXIF, b"caBX": C2PA}


def is_png(data: bytes) -> bool:
    """Whether the bytes begin a PNG with a header."""
    return data.startswith(PNG_SIGNATURE) and data[12:16] == b"IHDR"


def split(data: bytes) -> list[FilePart]:
    """The signature with the header, each chunk, and what comes after the last whole one."""
    view = memoryview(data)
    parts = [FilePart(kind="signature", data=view[: len(PNG_SIGNATURE)])]
    stop = len(PNG_SIGNATURE)
    for name, at, stop in islice(iter_chunks(data), MAX_PARTS - 1):
        parts.append(FilePart(kind=_kind(name, data[at + 8 : at + 8 + 80]), data=view[at:stop]))
    return [*parts, FilePart(kind=TAIL, data=view[stop:])]


def join(parts: Sequence[FilePart], *, xmp: bytes, texts: Mapping[str, str]) -> bytes:
    """The file with XMP and texts behind its header."""
    new = [_text_chunk(XMP_KEY, xmp.decode(), deflate=False), *(_text_chunk(key, text) for key, text in texts.items())]
    at = next(at for at, part in enumerate(parts, 1) if part.kind == HEAD)
    return join_parts(parts[:at], *new, parts[at:])


def metadata_of_parts(parts: Sequence[FilePart]) -> EmbeddedMetadata:
    """What the file tells; of two texts under one key the first."""
    texts: dict[str, str] = {}
    skipped: list[str] = []
    for part in parts:
        if part.kind.startswith(TEXT) or part.kind in (XMP, _COMF):
            key, text = _read_text_chunk(bytes(part.data))
            texts.setdefault(key, text or "")
            skipped += [key] if text is None else []
    xmp = texts.pop(XMP_KEY, "")
    profiles = {name: _raw_profile(texts.pop(_PROFILE + name, "")) for name in ("xmp", "exif", "APP1", "iptc", "8bim")}
    exif = next((each for each in (profiles["exif"], profiles["APP1"]) if not each.startswith(XMP_TAG)), b"")
    more = [profiles["xmp"], *(each[len(XMP_TAG) :] for each in profiles.values() if each.startswith(XMP_TAG))]
    iim = profiles["iptc"] or profiles["8bim"]
    return EmbeddedMetadata(
        media=MEDIA,
        xmp=xmp.encode(),
        xmp_more=b"\n".join(filter(None, more)),
        texts=texts,
        exif=first_part(parts, EXIF)[8:-4] or exif,
        iim=find_iim(iim) or iim,
        c2pa=any(part.kind == C2PA for part in parts),
        skipped=tuple(f"the text `{key}`, damaged or too long" for key in skipped),
    )


def _kind(name: bytes, begin: bytes) -> str:
    if name not in _TEXTS:
        return _KINDS.get(name) or name.decode("latin-1")
    key = begin.partition(b"\0")[0].decode("latin-1")
    return XMP if key == XMP_KEY else TEXT + key


def _text_chunk(key: str, text: str, *, deflate: bool = True) -> bytes:
    """A text as the simplest chunk that holds it; zlib's level 6."""
    name = key.encode("latin-1") + b"\0"
    plain = text.encode()
    if deflate and len(plain) >= DEFLATE_FROM:
        return _chunk(b"iTXt", name + b"\1\0\0\0" + zlib.compress(plain))
    if plain.isascii() and key != XMP_KEY:
        return _chunk(b"tEXt", name + plain)
    return _chunk(b"iTXt", name + b"\0\0\0\0" + plain)


def _chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def _read_text_chunk(chunk: bytes) -> tuple[str, str | None]:
    """Key and text of a text chunk; None for a text that is damaged or too long.

    The standard says Latin-1 for all but iTXt; many programs write UTF-8 all the same.
    """
    name, data = chunk[4:8], chunk[8:-4]
    key, _, rest = data.partition(b"\0")
    text: bytes | None = rest
    if name == b"zTXt":
        text = inflate_bounded(rest[1:])
    elif name == b"iTXt":
        text = _itxt_fields(rest[2:])[2]
        text = inflate_bounded(text) if rest[:1] == b"\1" else text
    return key.decode("latin-1"), None if text is None else decode_text(text)


def _raw_profile(text: str) -> bytes:
    """What ImageMagick packed into `Raw profile type …`: its name, its length, then the bytes in hex."""
    lines = text.strip().split("\n", 2)
    if len(lines) < 3:
        return b""
    try:
        return bytes.fromhex(lines[2]).removeprefix(EXIF_TAG)
    except ValueError:
        return b""


def _itxt_fields(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Language, translated key and text of an iTXt."""
    language, _, rest = data.partition(b"\0")
    key, _, text = rest.partition(b"\0")
    return language, key, text
