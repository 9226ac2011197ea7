"""A picture examined: every reader asked, and what each could not say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from nano_banana.core.errors import CallFailed, Invalid, Unusable, trouble
from nano_banana.marks.c2pa.read import read_bytes
from nano_banana.marks.embedded import file_bytes
from nano_banana.marks.form import tales
from nano_banana.marks.found.credentials import programs, told
from nano_banana.marks.found.exif import LARGEST as LARGEST_EXIF
from nano_banana.marks.found.exif import Tags, tags
from nano_banana.marks.found.finding import C2PA, IPTC, KINDS, METADATA, SYNTHID, Finding, Report, Unchecked
from nano_banana.marks.found.own import own
from nano_banana.marks.found.pixels import READ, header, in_pixels
from nano_banana.marks.found.said import MOST_JSON
from nano_banana.marks.found.source_types import credit, source_types
from nano_banana.marks.found.synthid import synthid
from nano_banana.marks.found.tools import Beside, tools
from nano_banana.marks.iim import fields
from nano_banana.marks.part import Tales
from nano_banana.marks.text import read_text

LARGEST_XMP = 8 << 20
"""Bytes of a packet that are searched."""

Found: TypeAlias = Iterator[Finding | Unchecked]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for, and with what.

    `anchors` are certificates (PEM) to trust, `mark_id` the user's own 32 bits as 8 hex digits, `verifier` the command
    line of a verifier for SynthID.
    """

    only: Collection[str] = field(default=KINDS)
    anchors: str = ""
    mark_id: str | None = None
    verifier: str | None = None


def examine(path: Path, search: Search) -> Report:
    """Look for everything that `search` names. Asks no network, unless the verifier does.

    Raises Invalid (`picture_missing`, `marked_unreadable`, `marked_too_large`) and CallFailed (as `open_picture`) for
    what is no picture at all; of one whose pixels can't be read the rest is told.
    """
    data = file_bytes(path)
    if not data:
        raise Invalid([trouble("picture_unreadable", input=str(path))])
    told = tales(data)
    beside, found_tags = header(path) if told is None else (told, tags(told.exif))
    drawn_by: list[str] = []
    found = [
        *_credentials(data, beside.media, search, drawn_by),
        *_metadata(data, beside, found_tags, search, drawn_by),
        *_pixels(path, search),
    ]
    if SYNTHID in search.only:
        answer = synthid(path, drawn_by, search.verifier)
        found += [] if answer is None else [answer]
    return _report(path, beside.media, found, search)


def _report(path: Path, media: str, found: Sequence[Finding | Unchecked], search: Search) -> Report:
    findings = [one for one in found if isinstance(one, Finding)]
    unchecked = [one for one in found if isinstance(one, Unchecked)]
    said = {one.of for one in found if not (isinstance(one, Unchecked) and one.of == METADATA)}
    return Report(
        path=str(path),
        media=media,
        findings=tuple(sorted(findings, key=lambda one: KINDS.index(one.of))),
        none_of=tuple(kind for kind in KINDS if kind in search.only and kind not in said),
        unchecked=tuple(unchecked),
    )


def _credentials(data: bytes, media: str, search: Search, drawn_by: list[str]) -> Found:
    if C2PA not in search.only:
        return
    try:
        credentials = read_bytes(data, media, anchors=search.anchors)
    except Unusable as error:
        yield Unchecked(of=C2PA, why="c2pa_not_installed", facts=error.problems[0].data)
        return
    except ValueError as error:
        yield Unchecked(of=C2PA, why="c2pa_unreadable", facts={"reason": str(error)})
        return
    if credentials is not None:
        drawn_by += programs(credentials)
        yield told(credentials)


def _metadata(data: bytes, beside: Tales, found_tags: Tags, search: Search, drawn_by: list[str]) -> Found:
    packets = beside.xmp + b"\n" + beside.xmp_more
    xmp = read_text(packets[:LARGEST_XMP])
    iim = fields(beside.iim or found_tags.iim)
    ours, endpoints = own(data)
    drawn_by += endpoints
    if IPTC in search.only:
        yield from source_types(xmp)
        yield from credit(xmp, iim)
        if len(packets) > LARGEST_XMP:
            yield _skipped(IPTC, "XMP beyond the first 8 MB")
    if METADATA in search.only:
        if ours is not None:
            yield ours
        texts = {key: text for key, text in beside.texts.items() if len(text) <= MOST_JSON}
        yield from tools(Beside(texts=texts, comments=beside.comments, tags=found_tags, iim=iim, xmp=xmp))
        yield from (_skipped(METADATA, place) for place in beside.skipped)
        yield from (_skipped(METADATA, f"the text `{key}`, too long") for key in beside.texts if key not in texts)
        if len(beside.exif) > LARGEST_EXIF:
            yield _skipped(METADATA, "EXIF of more than 16 MB")


def _skipped(of: str, place: str) -> Unchecked:
    return Unchecked(of=of, why="place_skipped", facts={"place": place})


def _pixels(path: Path, search: Search) -> Found:
    kinds = [kind for kind in READ if kind in search.only]
    if not kinds:
        return
    try:
        yield from in_pixels(path, kinds, search.mark_id)
    except CallFailed as error:
        problem = error.problems[0]
        yield from (Unchecked(of=kind, why=problem.kind, facts=problem.data) for kind in kinds)
