"""IPTC-IIM, the older home of IPTC's fields, in Photoshop's resources.

IPTC-NAA Information Interchange Model 4.2, §1.5 (data sets); Adobe Photoshop File Formats Specification, "Image
Resource Blocks".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nano_banana.marks.text import read_text

PHOTOSHOP_TAG = b"Photoshop 3.0\0"
_BLOCK = b"8BIM"
_IIM = 0x0404
_APPLICATION_RECORD = 2
_FIELDS = {65: "program", 80: "by-line", 110: "credit", 120: "caption"}
_MOST_FIELDS = 1000


def iim_of(resources: bytes) -> bytes:
    """The IIM in Photoshop's resources; empty where there is none."""
    at = 0
    while resources.startswith(_BLOCK, at):
        named = at + 6
        begin = named + _even(1 + resources[named : named + 1][0] if named < len(resources) else 0)
        size = int.from_bytes(resources[begin : begin + 4], "big")
        if int.from_bytes(resources[at + 4 : named], "big") == _IIM:
            return resources[begin + 4 : begin + 4 + size]
        at = begin + 4 + _even(size)
    return b""


def fields(iim: bytes) -> Mapping[str, str]:
    """The texts of those fields that say who or what made a picture, the first of each."""
    found: dict[str, str] = {}
    for number, value in _data_sets(iim):
        if number in _FIELDS:
            found.setdefault(_FIELDS[number], read_text(value).strip())
    return found


def _data_sets(iim: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and value of each data set of the application record, up to the first that is damaged or very long."""
    at = 0
    for _ in range(_MOST_FIELDS):
        size = int.from_bytes(iim[at + 3 : at + 5], "big")
        if iim[at : at + 1] != b"\x1c" or size & 0x8000 or at + 5 + size > len(iim):
            return
        if iim[at + 1] == _APPLICATION_RECORD:
            yield iim[at + 2], iim[at + 5 : at + 5 + size]
        at += 5 + size


def _even(size: int) -> int:
    return size + size % 2
