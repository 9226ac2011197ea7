"""XMP packets as text: set, remove, read properties; no XML parsing.

Nothing here expands an entity or follows a link, so a hostile packet can do no harm. XMP part 1, §7 (its RDF); IPTC
Photo Metadata 2023.1 (DigitalSourceType).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

MAX_PACKET_BYTES = 1 << 18
"""Bytes. A longer packet from another program is replaced."""

SOURCE_TYPE = "Iptc4xmpExt:DigitalSourceType"
CREATOR_TOOL = "xmp:CreatorTool"
HAS_EXTENDED_XMP = "xmpNote:HasExtendedXMP"
ORIGINAL_DIGEST = "nanobanana:Picture"
"""The SHA-256 of the file without our metadata."""

GENERATION_RECORD = "nanobanana:Account"
UNDO = "nanobanana:Undo"

NAMESPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "nanobanana": "urn:nano-banana:marks:1.0/",
}
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = '<?xpacket end="w"?>'
_OWN_DESCRIPTION = re.compile(
    r"(?<!\s)\s*<rdf:Description\b[^<>]*xmlns:nanobanana=[^<>]*>(?:\s*<([\w:]+)>[^<>]*</\1>)*\s*</rdf:Description>"
)
_ABOUT = re.compile(r"""\brdf:about=("[^"<>]*"|'[^'<>]*')""")


def build_packet(properties: Mapping[str, str], *, old: bytes = b"") -> bytes:
    """Build a packet with these properties (`prefix:Name` of NAMESPACES to text), and all others of the `old` packet.

    An old packet that isn't UTF-8, is very long or has an unusual structure is replaced.
    """
    text = _usable(old)
    if text is None:
        about = '""'
        head = f'{_BEGIN}\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n<rdf:RDF xmlns:rdf="{_RDF}">'
        tail = f"\n</rdf:RDF>\n</x:xmpmeta>\n{_END}"
    else:
        text = _without(_OWN_DESCRIPTION.sub("", text), properties)
        found = _ABOUT.search(text)
        about = found[1] if found else '""'
        head, _, tail = text.rpartition("</rdf:RDF>")
        head, tail = head.rstrip(), f"\n</rdf:RDF>{tail}"
    return f"{head}\n{_description(properties, about)}{tail}".encode()


def build_extension(properties: Mapping[str, str]) -> bytes:
    """Build extended XMP with the properties: RDF without the packet wrapper."""
    text = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
    return f"{text}{_description(properties, chr(34) * 2)}</rdf:RDF></x:xmpmeta>".encode()


def property_value(text: str, name: str) -> str | None:
    """The text of the first element or attribute with this name; None if there is none."""
    found = re.search(rf"<{name}(?:\s[^<>]*)?>([^<>]*)</{name}\s*>|\s{name}=(?:\"([^\"<>]*)\"|'([^'<>]*)')", text)
    if found is None:
        return None
    return unescape(next(group for group in found.groups() if group is not None)).strip()


def _usable(old: bytes) -> str | None:
    if not old or len(old) > MAX_PACKET_BYTES:
        return None
    try:
        text = old.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return None
    is_rdf = f'xmlns:rdf="{_RDF}"' in text or f"xmlns:rdf='{_RDF}'" in text
    return text if is_rdf and "</rdf:RDF>" in text else None


def _without(text: str, properties: Mapping[str, str]) -> str:
    """The packet without these properties and without any of ours."""
    names = "|".join([*(re.escape(name) for name in properties), r"nanobanana:\w+"])
    text = re.sub(rf"(?<!\s)\s*<({names})(?:\s[^<>]*)?(?:/>|>[^<>]*</\1\s*>)", "", text)
    return re.sub(rf"""\s(?:{names})=(?:"[^"<>]*"|'[^'<>]*')""", "", text)


def _description(properties: Mapping[str, str], about: str) -> str:
    spaces = dict.fromkeys(["nanobanana", *(name.partition(":")[0] for name in properties)])
    lines = [f"<rdf:Description rdf:about={about}"]
    lines += [f' xmlns:{space}="{NAMESPACES[space]}"' for space in spaces]
    lines[-1] += ">"
    lines += [f"<{name}>{_escaped(text)}</{name}>" for name, text in properties.items()]
    return "\n".join([*lines, "</rdf:Description>"])


def _escaped(text: str) -> str:
    """Escape text for an element; characters that XML 1.0 forbids (§2.2) become the replacement character."""
    text = re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
