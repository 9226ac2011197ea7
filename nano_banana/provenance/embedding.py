"""Embed provenance metadata in image files, read it and remove it again.

Pixels and compressed data stay as they are. The embedded metadata holds undo data, so `original_bytes` returns the
exact bytes from before, even if another program has signed the file since.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from nano_banana.formats import gif, jpeg, png, webp, xmp
from nano_banana.formats.exif_iptc import encode_user_comment
from nano_banana.formats.image_metadata import embeddable_media_type, metadata_of_parts, read_metadata, split_parts
from nano_banana.formats.image_parts import EmbeddedMetadata, FilePart, PartKind, join_parts
from nano_banana.formats.untrusted import MAX_FILE_BYTES, MAX_UNDO_BYTES, deflate_base64, inflate_base64
from nano_banana.model.json_values import as_items, as_object, as_text, as_whole
from nano_banana.model.problem import Invalid, problem
from nano_banana.provenance.generation_record import GenerationRecord, a1111_parameters, parse_record

SOURCE_TYPE_URL = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""The prefix of IPTC's digital source types."""

RECORD_KEY = "nano-banana"
"""The key of the record's text in a PNG."""

PARAMETERS_KEY = "parameters"
DEFLATE_FROM = 2048
"""Characters from which a record or undo data is deflated."""

_REWRITTEN = {png.MEDIA: (), jpeg.MEDIA: (), webp.MEDIA: (PartKind.HEAD, webp.VP8X), gif.MEDIA: (PartKind.HEAD,)}
"""Parts that embedding rewrites, besides those that it adds."""


class ProvenanceInfo(Struct, frozen=True, kw_only=True):
    """The provenance to embed in a picture.

    `source` is the last word of its IPTC digital source type (empty: none), `tool` the software that made it, `account`
    its generation record, if any.
    """

    source: str
    tool: str
    account: GenerationRecord | None = None


def embed_metadata(data: bytes, mark: ProvenanceInfo, *, digest: str | None = None) -> bytes:
    """Embed `mark` in a file. Equal input gives equal bytes. `digest` is the SHA-256 of `data`.

    Raises Invalid (`unmarkable`) if it isn't a well-formed PNG, JPEG, WebP or GIF.
    """
    media = embeddable_media_type(data)
    if not media:
        raise Invalid([problem("unmarkable")])
    parts = split_parts(data, media)
    metadata = metadata_of_parts(parts, media)
    texts, exif = _a1111_metadata(mark, media, metadata)
    touched = {
        PartKind.XMP,
        PartKind.EXTENDED_XMP,
        PartKind.C2PA,
        *_REWRITTEN[media],
        *(PartKind.TEXT + key for key in texts),
        *([PartKind.EXIF] if exif else []),
    }
    kept = [part for part in parts if part.kind not in touched]
    own_properties = {
        xmp.ORIGINAL_DIGEST: digest or hashlib.sha256(data).hexdigest(),
        xmp.UNDO: _undo_data(parts, touched, len(data)),
    }
    if mark.account is not None and media != png.MEDIA:
        own_properties[xmp.GENERATION_RECORD] = _encode_text(mark.account.text)
    said = {xmp.SOURCE_TYPE: SOURCE_TYPE_URL + mark.source if mark.source else "", xmp.CREATOR_TOOL: mark.tool}
    properties = {name: text for name, text in said.items() if text}
    try:
        return _joined_file(media, kept, parts, metadata.xmp, properties, own_properties, texts=texts, exif=exif)
    except ValueError as error:
        raise Invalid([problem("unmarkable")]) from error


def read_record(path: Path) -> GenerationRecord | None:
    """Read the record of a picture file; None if it has none.

    Raises Invalid: `picture_missing`, `picture_unreadable`, `account_broken`, `account_newer`.
    """
    return record_in(read_image_file(path))


def record_in(data: bytes) -> GenerationRecord | None:
    """Read the record in a picture's bytes; see `read_record`."""
    metadata = read_metadata(data)
    if metadata is None:
        return None
    text = metadata.texts.get(RECORD_KEY)
    if text is None:
        word = _own_property(metadata, xmp.GENERATION_RECORD)
        text = None if word is None else _decode_text(word)
    return None if text is None else parse_record(text)


def original_digest(data: bytes) -> str | None:
    """The SHA-256 of the picture before embedding, from its metadata; None if nothing is embedded."""
    metadata = read_metadata(data)
    return None if metadata is None else _own_property(metadata, xmp.ORIGINAL_DIGEST)


def original_bytes(data: bytes) -> bytes | None:
    """The picture's bytes before embedding; None if nothing is embedded, or they can't be restored exactly."""
    metadata = read_metadata(data)
    word = None if metadata is None else _own_property(metadata, xmp.UNDO)
    if metadata is None or word is None:
        return None
    try:
        undo = as_object(json.loads(_decode_text(word, most=MAX_UNDO_BYTES)))
        touched = {as_text(kind) for kind in as_items(undo["touched"])}
        found = bytearray(join_parts(part for part in split_parts(data, metadata.media) if part.kind not in touched))
        for at, piece in zip(as_items(undo["at"]), as_items(undo["before"]), strict=True):
            found[as_whole(at) : as_whole(at)] = base64.b64decode(as_text(piece), validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error, Invalid):
        return None
    return bytes(found) if hashlib.sha256(found).hexdigest() == _own_property(metadata, xmp.ORIGINAL_DIGEST) else None


def read_image_file(path: Path) -> bytes:
    """Read a picture file of bounded size.

    Raises Invalid: `picture_missing`, `marked_unreadable`, `marked_too_large`.
    """
    try:
        # A pipe is never opened: without a writer, that would block forever.
        data = None
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise Invalid([problem("picture_missing", path=str(path))]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Invalid([problem("marked_unreadable", path=str(path), reason=reason)]) from error
    if data is None:
        raise Invalid([problem("marked_unreadable", path=str(path), reason="it is no file")])
    if len(data) > MAX_FILE_BYTES:
        raise Invalid([problem("marked_too_large", path=str(path), most=MAX_FILE_BYTES >> 20)])
    return data


def _a1111_metadata(mark: ProvenanceInfo, media: str, metadata: EmbeddedMetadata) -> tuple[dict[str, str], bytes]:
    """Texts by key, and EXIF, where other programs look for parameters. Existing EXIF is left alone."""
    if mark.account is None:
        return {}, b""
    text = a1111_parameters(mark.account)
    if media == png.MEDIA:
        return {**({PARAMETERS_KEY: text} if text else {}), RECORD_KEY: mark.account.text}, b""
    exif = encode_user_comment(text) if text and not metadata.exif and media != gif.MEDIA else b""
    return {}, exif if len(exif) <= jpeg.MAX_EXIF_BYTES else b""


def _undo_data(parts: Sequence[FilePart], touched: set[str], size: int) -> str:
    at, places, before = 0, [], []
    for part in parts:
        if part.kind in touched:
            places.append(at)
            before.append(base64.b64encode(part.data).decode("ascii"))
        at += len(part.data)
    return _encode_text(json.dumps({"size": size, "touched": sorted(touched), "at": places, "before": before}))


def _joined_file(
    media: str,
    kept: Sequence[FilePart],
    before: Sequence[FilePart],
    old: bytes,
    said: Mapping[str, str],
    own_properties: Mapping[str, str],
    *,
    texts: Mapping[str, str],
    exif: bytes,
) -> bytes:
    whole = xmp.build_packet({**said, **own_properties}, old=old)
    if media == png.MEDIA:
        return png.join(kept, xmp=whole, texts=texts)
    if media == webp.MEDIA:
        return webp.join(kept, before=before, xmp=whole, exif=exif)
    if media == gif.MEDIA:
        return gif.join(kept, xmp=whole)
    if len(whole) <= jpeg.MAX_XMP_BYTES:
        return jpeg.join(kept, xmp=whole, exif=exif)
    more = xmp.build_extension(own_properties)
    short = {**said, xmp.HAS_EXTENDED_XMP: jpeg.extended_xmp_guid(more)}
    head = xmp.build_packet(short, old=old)
    return jpeg.join(
        kept, xmp=head if len(head) <= jpeg.MAX_XMP_BYTES else xmp.build_packet(short), more=more, exif=exif
    )


def _own_property(metadata: EmbeddedMetadata, name: str) -> str | None:
    for packet in (metadata.xmp, metadata.xmp_more):
        found = xmp.property_value(packet.decode("utf-8", "replace"), name)
        if found is not None:
            return found
    return None


def _encode_text(text: str) -> str:
    return text if len(text) < DEFLATE_FROM else deflate_base64(text.encode())


def _decode_text(word: str, *, most: int | None = None) -> str:
    """Decode what `_encode_text` encoded. Raises Invalid (`account_broken`)."""
    if word.startswith("{"):
        return word
    found = inflate_base64(word) if most is None else inflate_base64(word, most=most)
    if found is None:
        raise Invalid([problem("account_broken")])
    return found.decode("utf-8", "replace")


class ImageSigner(Protocol):
    """Signs pictures. If `name` changes (for example a digest of the certificate), files are signed anew."""

    @property
    def name(self) -> str:
        """An identifier that all of its signatures share."""

    def sign(self, data: bytes, mark: ProvenanceInfo, parents: Sequence[bytes]) -> bytes:
        """Sign the file `data`. `parents` are the output pictures that it was made from.

        May add only content credentials, which `original_bytes` can remove.
        """
