"""Properties come into packets of any make, and go out of them again."""

from __future__ import annotations

import pytest

from nano_banana.formats import xmp
from tests.marks.files import XMP

SAID = {xmp.CREATOR_TOOL: "ours & only <ours>", xmp.ORIGINAL_DIGEST: "0"}


def text(old: str | bytes = b"") -> str:
    return xmp.build_packet(SAID, old=old.encode() if isinstance(old, str) else old).decode()


@pytest.mark.parametrize("old", ["", XMP, XMP.replace('"', "'").replace("uuid:1", "")])
def test_what_is_said_is_read_again(old: str) -> None:
    assert xmp.property_value(text(old), xmp.CREATOR_TOOL) == "ours & only <ours>"
    assert text(text(old)) == text(old)
    assert xmp.property_value(text(old), "dc:format") == (None if not old else "image/png")


@pytest.mark.parametrize(
    "old",
    [
        b"\xff\xfe<",
        b"nothing",
        XMP.replace("rdf:", "r:").replace("xmlns:rdf", "xmlns:r").encode(),
        XMP.encode() + bytes(1) + b" " * xmp.MAX_PACKET_BYTES,
    ],
)
def test_a_packet_that_can_t_be_gone_into_is_replaced(old: bytes) -> None:
    assert text(old) == text()


def test_a_packet_that_another_program_wrote_anew_is_read() -> None:
    packet = "<rdf:Description xmp:CreatorTool=\"a &amp; b\" nanobanana:Picture='7'/>"
    assert xmp.property_value(packet, xmp.CREATOR_TOOL) == "a & b"
    assert xmp.property_value(packet, xmp.ORIGINAL_DIGEST) == "7"
    assert xmp.property_value(packet, xmp.UNDO) is None


def test_what_xml_can_t_hold_is_replaced() -> None:
    packet = xmp.build_packet({xmp.CREATOR_TOOL: "a\0b\ud800c\rd"}).decode()
    assert xmp.property_value(packet, xmp.CREATOR_TOOL) == "a\ufffdb\ufffdc\rd"
