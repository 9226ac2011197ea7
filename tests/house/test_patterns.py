"""Regular expressions that meet strangers' text take a time that grows with its length, not with its square.

A search that takes a step for each pair of characters would need many minutes here, and the test would hang: nothing is
measured.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nano_banana.cli.error_exit import SECRET_PATTERN
from nano_banana.features.shelf.adapter_import import family_of
from nano_banana.formats.safetensors import SafetensorsHeader, TensorEntry
from nano_banana.formats.xmp import build_packet, property_value
from nano_banana.providers.fal.file_types import is_html_page, sniff_media_type
from nano_banana.providers.local.prompt_parser import parse_prompt, people_in_prompt

MANY = 250_000
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def xmp(text: str) -> object:
    whole = f"<x:xmpmeta><rdf:RDF {RDF}>{text}</rdf:RDF></x:xmpmeta>"
    return build_packet({"xmp:CreatorTool": "x"}, old=whole.encode()), property_value(whole, "xmp:CreatorTool")


def family(name: str) -> object:
    entry = TensorEntry(dtype="F16", shape=(1, 768), data_offsets=(0, 1536))
    return family_of(SafetensorsHeader(tensors={f"down_blocks.{name}": entry}, metadata={}))


@pytest.mark.parametrize(
    ("search", "part"),
    [
        (lambda text: is_html_page(text.encode()), "<!---->"),
        (lambda text: sniff_media_type(text.encode()), "<!-- "),
        (xmp, " "),
        (xmp, "\n<rdf:Description xmlns:nanobanana=>"),
        (xmp, "<xmp:CreatorTool "),
        (people_in_prompt, "woman, "),
        (people_in_prompt, "woman, a "),
        (lambda text: parse_prompt(text[:50_000]), "a "),
        (lambda text: parse_prompt(text[:50_000]), "wearing "),
        (family, "attn2_to_k_"),
        (family, ".down"),
        (SECRET_PATTERN.search, "a"),
    ],
)
def test_no_text_takes_for_ever(search: Callable[[str], object], part: str) -> None:
    search(part * (MANY // len(part)))
