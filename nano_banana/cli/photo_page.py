"""Albums as one page that needs no network, written piece by piece."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from nano_banana.cli.cells import visible
from nano_banana.cli.photo_style import STYLE
from nano_banana.cli.photo_table import summary_of
from nano_banana.cli.photo_words import SEVERITIES, words_of
from nano_banana.cli.render import numbered
from nano_banana.core.news import Watcher

if TYPE_CHECKING:
    from nano_banana.project.photos.album import Album, Viewed
    from nano_banana.project.photos.finding import Finding
    from nano_banana.project.photos.studio import Studio, Thumbnails

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Even a mistake of ours can make no browser ask for anything."""


def page(studio: Studio, albums: Sequence[Album], watch: Watcher) -> Iterator[str]:
    """The page as pieces of HTML: every photo with its face, its numbers and what was found."""
    name = _text(studio.name)
    yield (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Photos of {name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>Photos of {name}</h1>\n"
    )
    if len(albums) > 1:
        links = "".join(f'<a href="#s{at}">{_text(album.name)}</a>' for at, album in enumerate(albums))
        yield f"<nav>{links}</nav>\n"
    yield "</header>\n<main>\n"
    for at, album in enumerate(albums):
        yield f'<section>\n<h2 id="s{at}">{_text(album.name)}: {numbered(len(album.photos), "photo")}</h2>\n'
        yield f"<p>{_text(summary_of(album))}</p>\n{_findings(album.findings, album.name)}"
        yield '<ul class="photos">\n'
        for photo, small in studio.thumbnails(album.photos, watch):
            yield _card(photo, small)
        yield "</ul>\n</section>\n"
    yield "</main>\n</body>\n</html>\n"


def _card(photo: Viewed, small: Thumbnails) -> str:
    worst = photo.worst
    held = ' <span class="tag">held out</span>' if photo.held_out else ""
    caption = f"<blockquote>{_text(photo.caption.text)}</blockquote>\n" if photo.caption.text else ""
    numbers = "".join(f"<span>{_text(number)}</span>" for number in _numbers(photo))
    return (
        f'<li class="photo {"good" if worst is None else worst.value}">\n'
        f'<div class="pictures">{_pictures(photo, small)}</div>\n<h3>{_text(photo.shown)}{held}</h3>\n'
        f'<div class="numbers">{numbers}</div>\n{caption}{_findings(photo.findings, photo.shown)}</li>\n'
    )


def _pictures(photo: Viewed, small: Thumbnails) -> str:
    if not small.photo:
        return '<div class="none">no picture</div>'
    alt = _text(photo.shown)
    whole = f'<img src="{_data(small.photo)}" alt="{alt}">{_box(photo)}'
    face = f'<img class="face" src="{_data(small.face)}" alt="the face in {alt}">' if small.face else ""
    return f'<div class="whole"><span class="frame">{whole}</span></div>{face}'


def _box(photo: Viewed) -> str:
    """Frames around the faces, in percent of the picture."""
    measures = photo.sight.measures
    if measures is None:
        return ""
    frames = []
    for face in photo.sight.main:
        left, top, width, height = face.box
        first, last = max(left, 0), min(left + width, measures.width)
        high, low = max(top, 0), min(top + height, measures.height)
        sides = (first / measures.width, high / measures.height)
        spans = ((last - first) / measures.width, (low - high) / measures.height)
        frames.append(
            f'<i style="left:{sides[0]:.1%};top:{sides[1]:.1%};width:{spans[0]:.1%};height:{spans[1]:.1%}"></i>'
        )
    return "".join(frames)


def _numbers(photo: Viewed) -> Iterator[str]:
    measures, faces = photo.sight.measures, photo.sight.faces
    if measures is not None:
        yield f"{measures.width} × {measures.height}"
    if faces:
        yield f"face {faces[0].box[2]:.0f} px"
        yield f"sharpness {faces[0].sharpness:.0f}"
    if photo.likeness is not None:
        yield f"likeness {photo.likeness:.2f}"


def _findings(findings: Sequence[Finding], name: str) -> str:
    items = []
    for severity, (label, _) in SEVERITIES.items():
        for finding in findings:
            if finding.severity == severity:
                sentence, hint = words_of(finding, name)
                # The name stands above already.
                sentence = sentence.removeprefix(f"`{name}`").lstrip(": ")
                small = f"<small>{_text(hint)}</small>" if hint else ""
                items.append(f'<li class="{severity}"><b>{label}</b>{_text(sentence)}{small}</li>\n')
    return f'<ul class="found">\n{"".join(items)}</ul>\n' if items else ""


def _data(picture: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"


def _text(text: str) -> str:
    """Text that is only text, in the page's own encoding too: names of files may hold anything."""
    return escape(visible(text))
