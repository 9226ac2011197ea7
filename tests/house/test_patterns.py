"""Regular expressions that meet strangers' text take a time that grows with its length, not with its square.

A search that takes a step for each pair of characters would need many minutes here, and the test would hang: nothing is
measured.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nano_banana.cli.crash import SECRET
from nano_banana.marks.xmp import packet, value
from nano_banana.providers.fal.sniff import is_page, media_of
from nano_banana.providers.local.headcount import kinds
from nano_banana.providers.local.prompt import read
from nano_banana.shelf.family import family_of
from nano_banana.shelf.header import Header

MANY = 250_000
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def xmp(text: str) -> object:
    whole = f"<x:xmpmeta><rdf:RDF {RDF}>{text}</rdf:RDF></x:xmpmeta>"
    return packet({"xmp:CreatorTool": "x"}, old=whole.encode()), value(whole, "xmp:CreatorTool")


def family(name: str) -> object:
    return family_of(Header(shapes={f"down_blocks.{name}": (1, 768)}, metadata={}))


@pytest.mark.parametrize(
    ("search", "part"),
    [
        (lambda text: is_page(text.encode()), "<!---->"),
        (lambda text: media_of(text.encode()), "<!-- "),
        (xmp, " "),
        (xmp, "\n<rdf:Description xmlns:nanobanana=>"),
        (xmp, "<xmp:CreatorTool "),
        (kinds, "woman, "),
        (kinds, "woman, a "),
        (lambda text: read(text[:50_000]), "a "),
        (lambda text: read(text[:50_000]), "wearing "),
        (family, "attn2_to_k_"),
        (family, ".down"),
        (SECRET.search, "a"),
    ],
)
def test_no_text_takes_for_ever(search: Callable[[str], object], part: str) -> None:
    search(part * (MANY // len(part)))
