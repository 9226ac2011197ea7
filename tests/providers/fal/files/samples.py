"""Small files of every kind that travels."""

from __future__ import annotations

import io
import json
import struct
from typing import Literal, TypeAlias

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

Form: TypeAlias = Literal["JPEG", "WEBP", "GIF", "TIFF"]

SECRET = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n"


def picture(mode: str = "RGB", size: tuple[int, int] = (24, 16), colour: int = 90) -> Image.Image:
    """A slope, so that turning it shows."""
    made = Image.linear_gradient("L").resize(size).point(lambda value: min(255, value // 2 + colour))
    return made.convert(mode)


def png(image: Image.Image | None = None, *, note: str = "", orientation: int = 0) -> bytes:
    """As PNG, with a text in it, or an orientation."""
    out = io.BytesIO()
    info = PngInfo()
    if note:
        info.add_text("Comment", note)
    exif = Image.Exif()
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
    (image or picture()).save(out, "PNG", pnginfo=info, **({"exif": exif} if orientation else {}))
    return out.getvalue()


def other(form: Form, *, note: str = "") -> bytes:
    """As another format, with a text in its EXIF."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = note
    picture().save(out, form, **({"exif": exif} if note else {}))
    return out.getvalue()


def adapter(*, start: int = 0, body: int = 8, metadata: bool = True) -> bytes:
    """A safetensors file with two tensors of four bytes each."""
    header: dict[str, object] = {
        "a": {"dtype": "U8", "shape": [4], "data_offsets": [start, start + 4]},
        "b": {"dtype": "U8", "shape": [2, 2], "data_offsets": [4, 8]},
    }
    if metadata:
        header["__metadata__"] = {"format": "pt"}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(body)
