"""What XMP says of a picture's source: IPTC's type, whoever wrote it.

IPTC Photo Metadata 2023.1 and https://cv.iptc.org/newscodes/digitalsourcetype/. The packet is searched, not parsed: no
entity is expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nano_banana.marks.found.finding import IPTC, Certainty, Finding
from nano_banana.marks.found.said import bounded
from nano_banana.marks.xmp import value

AI_MADE = frozenset(("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"))
NO_AI = frozenset(
    ("digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print", "minorHumanEdits", "humanEdits")
)

_PROPERTY = re.compile(r"\b[\w.-]{1,40}:DigitalSource(?:File)?Type\b(.{0,300})", re.DOTALL)
_GOOGLE = re.compile(r"\b(?:made|created|generated|edited) with google ai\b", re.IGNORECASE)


def source_types(xmp: str) -> Iterator[Finding]:
    """What the packet states, each thing once."""
    told = dict.fromkeys(word for match in _PROPERTY.finditer(xmp) if (word := _value(match[1])))
    for word in told:
        ai = True if word in AI_MADE else False if word in NO_AI else None
        yield Finding(of=IPTC, name="source_type", certainty=Certainty.STATED, ai=ai, facts={"source_type": word})


def credit(xmp: str, iim: Mapping[str, str]) -> Iterator[Finding]:
    """Google's credit line, in XMP or in IPTC's older form."""
    for line in (value(xmp, "photoshop:Credit") or "", iim.get("credit", "")):
        if _GOOGLE.search(line):
            yield Finding(of=IPTC, name="credit", certainty=Certainty.STATED, facts={"credit": bounded(line)})
            return


def _value(after: str) -> str | None:
    """The last word of the address that follows the property's name, as an element, an attribute or a resource."""
    address = re.search(r"digitalsourcetype/(\w{3,60})", after.partition("DigitalSource")[0], re.IGNORECASE)
    if address:
        return address[1]
    plain = re.match(r"""(?:\s*=\s*["']|\s*>\s*)(\w{3,60})\s*["'<]""", after)
    return plain[1] if plain else None
