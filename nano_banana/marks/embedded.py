"""Marks in picture files: put in, read, taken out, pixels as they are.

What is put in says how to take it out: `unmarked` gives back the bytes that were marked, whatever program signed
the file since.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import as_items, as_object, as_text, as_whole
from nano_banana.marks import gif, jpeg, png, webp, xmp
from nano_banana.marks.account import Account, account_of
from nano_banana.marks.bounds import LARGEST_FILE, LARGEST_UNDO, packed, unpacked
from nano_banana.marks.exif import user_comment
from nano_banana.marks.form import media_of, split, tales, tales_of
from nano_banana.marks.parameters import parameters
from nano_banana.marks.part import C2PA, EXIF, HEAD, TEXT, XMP, XMP_MORE, Part, Tales, joined

SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""What the words of IPTC's digital source types go on from."""

KEY = "nano-banana"
"""The key of the account's own text in a PNG."""

PARAMETERS = "parameters"
LONG = 2048
"""Characters from which an account or an undo is deflated."""

_TOUCHED = {png.MEDIA: (), jpeg.MEDIA: (), webp.MEDIA: (HEAD, webp.VP8X), gif.MEDIA: (HEAD,)}
"""What marking writes anew, besides what it adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is put into a picture.

    `source` is the last word of its IPTC digital source type (empty: nothing is said), `tool` what made it; `account`
    is told only where there is one.
    """

    source: str
    tool: str
    account: Account | None = None


def marked(data: bytes, mark: Mark, *, digest: str | None = None) -> bytes:
    """The file with the mark in it. Equal bytes and marks give equal bytes. `digest` is the SHA-256 of `data`.

    Raises Invalid (`unmarkable`) for what is no PNG, JPEG, WebP or GIF, or is not built like one.
    """
    media = media_of(data)
    if not media:
        raise Invalid([trouble("unmarkable")])
    parts = split(data, media)
    told = tales_of(parts, media)
    texts, exif = _for_others(mark, media, told)
    touched = {XMP, XMP_MORE, C2PA, *_TOUCHED[media], *(TEXT + key for key in texts), *([EXIF] if exif else [])}
    kept = [part for part in parts if part.kind not in touched]
    facts = {xmp.PICTURE: digest or hashlib.sha256(data).hexdigest(), xmp.UNDO: _undo(parts, touched, len(data))}
    if mark.account is not None and media != png.MEDIA:
        facts[xmp.ACCOUNT] = _word(mark.account.text)
    said = {xmp.SOURCE: SOURCES + mark.source if mark.source else "", xmp.TOOL: mark.tool}
    properties = {name: text for name, text in said.items() if text}
    try:
        return _join(media, kept, parts, told.xmp, properties, facts, texts=texts, exif=exif)
    except ValueError as error:
        raise Invalid([trouble("unmarkable")]) from error


def read(path: Path) -> Account | None:
    """The account of a picture file; None where it has none.

    Raises Invalid: `picture_missing`, `picture_unreadable`, `account_broken`, `account_newer`.
    """
    return account_in(file_bytes(path))


def account_in(data: bytes) -> Account | None:
    """The account in a picture's bytes; see `read`."""
    told = tales(data)
    if told is None:
        return None
    text = told.texts.get(KEY)
    if text is None:
        word = _fact(told, xmp.ACCOUNT)
        text = None if word is None else _text(word)
    return None if text is None else account_of(text)


def digest_in(data: bytes) -> str | None:
    """The SHA-256 that the picture's bytes had before they were marked, as its mark says; None without a mark."""
    told = tales(data)
    return None if told is None else _fact(told, xmp.PICTURE)


def unmarked(data: bytes) -> bytes | None:
    """The very bytes that were marked; None where there is no mark, or what it says does not come out."""
    told = tales(data)
    word = None if told is None else _fact(told, xmp.UNDO)
    if told is None or word is None:
        return None
    try:
        undo = as_object(json.loads(_text(word, most=LARGEST_UNDO)))
        touched = {as_text(kind) for kind in as_items(undo["touched"])}
        found = bytearray(joined(part for part in split(data, told.media) if part.kind not in touched))
        for at, piece in zip(as_items(undo["at"]), as_items(undo["before"]), strict=True):
            found[as_whole(at) : as_whole(at)] = base64.b64decode(as_text(piece), validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error, Invalid):
        return None
    return bytes(found) if hashlib.sha256(found).hexdigest() == _fact(told, xmp.PICTURE) else None


def file_bytes(path: Path) -> bytes:
    """A picture file's bytes, of a bounded number. Raises Invalid: `picture_missing`, `picture_unreadable`."""
    try:
        # A pipe is never opened: where nobody writes, that would wait for ever.
        is_file = stat.S_ISREG(path.stat().st_mode)
        data = _begin(path) if is_file else None
    except FileNotFoundError as error:
        raise Invalid([trouble("picture_missing", path=str(path))]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Invalid([trouble("marked_unreadable", path=str(path), reason=reason)]) from error
    if data is None:
        raise Invalid([trouble("marked_unreadable", path=str(path), reason="it is no file")])
    if len(data) > LARGEST_FILE:
        raise Invalid([trouble("marked_too_large", path=str(path), most=LARGEST_FILE >> 20)])
    return data


def _begin(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_FILE + 1)


def _for_others(mark: Mark, media: str, told: Tales) -> tuple[dict[str, str], bytes]:
    """Texts under a key and EXIF, in which other programs look for parameters; EXIF that is there is left alone."""
    if mark.account is None:
        return {}, b""
    text = parameters(mark.account)
    if media == png.MEDIA:
        return {**({PARAMETERS: text} if text else {}), KEY: mark.account.text}, b""
    exif = user_comment(text) if text and not told.exif and media != gif.MEDIA else b""
    return {}, exif if len(exif) <= jpeg.LARGEST_EXIF else b""


def _undo(parts: Sequence[Part], touched: set[str], size: int) -> str:
    at, places, before = 0, [], []
    for part in parts:
        if part.kind in touched:
            places.append(at)
            before.append(base64.b64encode(part.data).decode("ascii"))
        at += len(part.data)
    return _word(json.dumps({"size": size, "touched": sorted(touched), "at": places, "before": before}))


def _join(
    media: str,
    kept: Sequence[Part],
    before: Sequence[Part],
    old: bytes,
    said: Mapping[str, str],
    facts: Mapping[str, str],
    *,
    texts: Mapping[str, str],
    exif: bytes,
) -> bytes:
    whole = xmp.packet({**said, **facts}, old=old)
    if media == png.MEDIA:
        return png.join(kept, xmp=whole, texts=texts)
    if media == webp.MEDIA:
        return webp.join(kept, before=before, xmp=whole, exif=exif)
    if media == gif.MEDIA:
        return gif.join(kept, xmp=whole)
    if len(whole) <= jpeg.LARGEST_XMP:
        return jpeg.join(kept, xmp=whole, exif=exif)
    more = xmp.bare(facts)
    short = {**said, xmp.MORE: jpeg.guid(more)}
    head = xmp.packet(short, old=old)
    return jpeg.join(kept, xmp=head if len(head) <= jpeg.LARGEST_XMP else xmp.packet(short), more=more, exif=exif)


def _fact(told: Tales, name: str) -> str | None:
    for packet in (told.xmp, told.xmp_more):
        found = xmp.value(packet.decode("utf-8", "replace"), name)
        if found is not None:
            return found
    return None


def _word(text: str) -> str:
    return text if len(text) < LONG else packed(text.encode())


def _text(word: str, *, most: int | None = None) -> str:
    """What `_word` was given. Raises Invalid (`account_broken`)."""
    if word.startswith("{"):
        return word
    found = unpacked(word) if most is None else unpacked(word, most=most)
    if found is None:
        raise Invalid([trouble("account_broken")])
    return found.decode("utf-8", "replace")
