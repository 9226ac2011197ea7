"""Where pictures of other programs keep what they say: IPTC's old fields, ImageMagick's profiles, GIF's blocks."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nano_banana.formats.exif_iptc import PHOTOSHOP_TAG, find_iim, iim_fields
from nano_banana.formats.image_metadata import read_metadata
from nano_banana.formats.image_parts import EmbeddedMetadata
from tests.marks.found.files import png, saved

PACKET = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r a:DigitalSourceType="digitalArt"/></x:xmpmeta>'


def data_set(number: int, value: bytes, record: int = 2) -> bytes:
    return bytes((0x1C, record, number)) + len(value).to_bytes(2, "big") + value


def resource(number: int, content: bytes, name: bytes = b"") -> bytes:
    named = bytes((len(name),)) + name + bytes((len(name) + 1) % 2)
    return (
        b"8BIM"
        + number.to_bytes(2, "big")
        + named
        + len(content).to_bytes(4, "big")
        + content
        + bytes(len(content) % 2)
    )


IIM = data_set(90, b"\x1b%G", 1) + data_set(110, "Müller".encode()) + data_set(65, b"Midjourney") + data_set(110, b"x")
RESOURCES = resource(0x03ED, b"odd", b"name") + resource(0x0404, IIM)


def raw_profile(name: str, body: bytes) -> str:
    """A profile as ImageMagick writes it into a PNG."""
    text = body.hex()
    rows = "\n".join(text[at : at + 72] for at in range(0, len(text), 72))
    return f"\n{name}\n{len(body):8d}\n{rows}\n"


def told(data: bytes) -> EmbeddedMetadata:
    found = read_metadata(data)
    assert found is not None
    return found


def test_iptcs_old_fields_are_read_from_photoshops_resources() -> None:
    assert iim_fields(find_iim(RESOURCES)) == {"credit": "Müller", "program": "Midjourney"}


@pytest.mark.parametrize("cut", range(0, len(RESOURCES), 7))
def test_resources_that_are_cut_short_say_less(cut: int) -> None:
    assert iim_fields(find_iim(RESOURCES[:cut])).items() <= iim_fields(IIM).items()


def test_endless_and_very_long_data_sets_end() -> None:
    assert iim_fields(b"\x1c\x02\x6e\x80\x04" + bytes(9)) == {}
    assert iim_fields(data_set(5, b"") * 5000 + IIM) == {}


def test_a_jpegs_resources_may_be_cut_into_segments() -> None:
    whole = saved("JPEG")
    pieces = (RESOURCES[:30], RESOURCES[30:])
    segments = b"".join(
        b"\xff\xed" + (len(PHOTOSHOP_TAG + piece) + 2).to_bytes(2, "big") + PHOTOSHOP_TAG + piece for piece in pieces
    )
    assert told(whole[:2] + segments + whole[2:]).iim == IIM
    assert told(whole).skipped == ()
    assert told(whole[:2] + b"\xff\xe1\0\1" + whole[2:]).skipped == ("what follows a damaged segment",)


@pytest.mark.parametrize("zipped", [False, True])
def test_imagemagicks_profiles_are_read(zipped: bool) -> None:  # noqa: FBT001 - a table's column
    exif = Image.Exif()
    exif[0x0131] = "Adobe Firefly"
    tiff = exif.tobytes().removeprefix(b"Exif\0\0")
    texts = {
        "xmp": raw_profile("xmp", PACKET),
        "exif": raw_profile("exif", b"Exif\0\0" + tiff),
        "8bim": raw_profile("8bim", RESOURCES),
    }
    found = told(png({f"Raw profile type {name}": text for name, text in texts.items()}, zipped=zipped))
    assert (found.xmp_more, found.exif, found.iim, found.texts, found.xmp) == (PACKET, tiff, IIM, {}, b"")


def test_a_profile_may_be_of_another_kind_than_its_name_says_or_broken() -> None:
    app1 = raw_profile("app1", b"http://ns.adobe.com/xap/1.0/\0" + PACKET)
    assert told(png({"Raw profile type APP1": app1})).xmp_more == PACKET
    assert told(png({"Raw profile type iptc": raw_profile("iptc", IIM)})).iim == IIM
    for broken in ("", "\nxmp\n", "\nxmp\n 9\nzz"):
        assert told(png({"Raw profile type xmp": broken})).xmp_more == b""


def test_a_text_that_is_damaged_is_named() -> None:
    info = PngInfo()
    info.add(b"zTXt", b"workflow\0\0no deflate")
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=info)
    assert told(out.getvalue()).skipped == ("the text `workflow`, damaged or too long",)


def test_a_gifs_blocks_are_read_in_whatever_order_they_stand() -> None:
    frames = [Image.new("P", (8, 8), shade) for shade in (1, 2)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], comment=b"one")
    whole = out.getvalue().removesuffix(b";")
    packet = b"\x21\xff\x0bXMP DataXMP" + PACKET + b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    long = b"two " * 100
    comment = b"\x21\xfe" + bytes((255,)) + long[:255] + bytes((145,)) + long[255:] + b"\0"
    found = told(whole + packet + comment + b";")
    assert (found.xmp, found.xmp_more, found.comments) == (b"", PACKET, ["one", long.decode()])
    assert told(whole + packet[:40]).xmp_more == b""
    assert told(whole + comment[:60]).comments[-1].startswith("two two")
