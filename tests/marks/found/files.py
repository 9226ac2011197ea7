"""Pictures as other programs leave them: pixels of nothing, and what stands beside them."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nano_banana.formats.exif_iptc import encode_user_comment

PARAMETERS = (
    "a cat, masterpiece\nNegative prompt: dog\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 99, Size: 512x512, Model: dreamshaper, Version: v1.10.1"
)


def pixels(mode: str = "RGB") -> Image.Image:
    """A small picture."""
    return Image.fromarray(np.arange(64 * 64 * len(mode), dtype=np.uint8).reshape(64, 64, len(mode)), mode=None)


def png(texts: Mapping[str, str] | None = None, *, zipped: bool = False, picture: Image.Image | None = None) -> bytes:
    """A PNG with these texts."""
    info = PngInfo()
    for key, text in (texts or {}).items():
        info.add_itxt(key, text, zip=zipped) if key.startswith("XML") else info.add_text(key, text, zip=zipped)
    out = io.BytesIO()
    (picture or pixels()).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def xmp(body: str) -> str:
    """A packet around `body`."""
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>{body}</rdf:RDF></x:xmpmeta>'


def jpeg(*, tags: Mapping[int, str] | None = None, comment: str = "", packet: str = "", form: str = "JPEG") -> bytes:
    """A JPEG (or WebP) with EXIF tags, or a user's comment, or XMP."""
    exif = Image.Exif()
    for tag, text in (tags or {}).items():
        exif[tag] = text
    raw = b"Exif\0\0" + encode_user_comment(comment) if comment else exif.tobytes()
    out = io.BytesIO()
    pixels().save(out, form, exif=raw, **({"xmp": packet.encode()} if packet else {}))
    return out.getvalue()


def saved(form: str, **more: object) -> bytes:
    """A picture as Pillow saves it with whatever else it is given."""
    out = io.BytesIO()
    pixels().save(out, form, **more)
    return out.getvalue()


def with_chunk(name: bytes, content: bytes) -> bytes:
    """A PNG with one more chunk."""
    chunk = len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")
    whole = png()
    return whole[:33] + chunk + whole[33:]


def bomb() -> bytes:
    """A PNG whose text inflates to 64 MB."""
    return with_chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"Steps: 1, Seed: 2, Model: " + b"x" * (64 << 20), 9))
