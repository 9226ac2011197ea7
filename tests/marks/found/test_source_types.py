"""IPTC's digital source type, however it was written."""

from __future__ import annotations

import pytest

from nano_banana.provenance.metadata_detection import credit_findings, source_type_findings

WORDS = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@pytest.mark.parametrize(
    ("packet", "word", "ai"),
    [
        (f"<Iptc4xmpExt:DigitalSourceType>{WORDS}trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>", None, True),
        (f'<rdf:Description Iptc4xmpExt:DigitalSourceType="{WORDS}trainedAlgorithmicMedia"/>', None, True),
        (f'<iptcExt:DigitalSourceType rdf:resource="{WORDS}trainedAlgorithmicMedia"/>', None, True),
        ("<a:DigitalSourceType>trainedAlgorithmicMedia</a:DigitalSourceType>", None, True),
        ("<a:DigitalSourceFileType>trainedAlgorithmicMedia</a:DigitalSourceFileType>", None, True),
        (f"<a:DigitalSourceType>{WORDS}digitalCapture</a:DigitalSourceType>", "digitalCapture", False),
        (f"<a:DigitalSourceType>{WORDS}compositeSynthetic</a:DigitalSourceType>", "compositeSynthetic", None),
        (
            f"<a:DigitalSourceType>{WORDS}compositeWithTrainedAlgorithmicMedia</a:DigitalSourceType>",
            "compositeWithTrainedAlgorithmicMedia",
            True,
        ),
    ],
)
def test_is_read(packet: str, word: str | None, ai: bool | None) -> None:  # noqa: FBT001 - a table's column
    (found,) = source_type_findings(packet)
    assert (found.facts["source_type"], found.ai) == (word or "trainedAlgorithmicMedia", ai)


def test_each_is_told_once() -> None:
    packet = f'<a:DigitalSourceType>{WORDS}digitalArt</a:DigitalSourceType> b:DigitalSourceType="{WORDS}digitalArt"'
    assert [one.name for one in source_type_findings(packet)] == ["source_type"]


@pytest.mark.parametrize(
    ("xmp", "iim", "found"),
    [
        ('<r photoshop:Credit="Made with Google AI"/>', "", "Made with Google AI"),
        ('<r photoshop:Credit="Edited with Google AI"/>', "", "Edited with Google AI"),
        ("", "Made with Google AI", "Made with Google AI"),
        ("", "Photo remade with Google Aims", None),
        ('<r photoshop:Credit="Ana"/>', "", None),
    ],
)
def test_googles_credit_line_is_found_in_both_of_its_homes(xmp: str, iim: str, found: str | None) -> None:
    assert [one.facts["credit"] for one in credit_findings(xmp, {"credit": iim})] == ([found] if found else [])


@pytest.mark.parametrize("packet", ["", "DigitalSourceType", "<a:DigitalSourceType/>", "<a:DigitalSourceType>" * 2000])
def test_nothing_is_read_out_of_nothing(packet: str) -> None:
    assert list(source_type_findings(packet)) == []
