"""Training photos on the terminal and on an HTML page: findings, fixes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nano_banana.cli.diagnostics import describe
from nano_banana.cli.formatting import plural, visible, visible_html
from nano_banana.cli.screen import Screen
from nano_banana.formats.html_page import data_url, html_page
from nano_banana.formats.image_formats import JPEG
from nano_banana.model.event import EventHandler
from nano_banana.model.problem import Problem

if TYPE_CHECKING:
    from nano_banana.features.photo_report import PhotoThumbnails
    from nano_banana.session.photo_findings import PhotoFinding
    from nano_banana.session.photo_sets import CheckedPhoto, CheckedPhotoSet, PhotoInspection


FINDING_LABELS: Mapping[str, str] = {
    "photo_no_face": "no face",
    "photo_faces": "several faces",
    "photo_faces_few": "too few faces",
    "photo_face_small": "small face",
    "photo_small": "small photo",
    "photo_face_blurred": "blurred",
    "photo_blurred": "blurred",
    "photo_twin": "duplicate",
    "photo_mirrored": "mirrored duplicate",
    "photo_odd": "another person?",
    "photo_dark": "too dark",
    "photo_bright": "too bright",
    "photo_lying": "sideways",
    "photo_turned": "rotated",
    "caption_unreadable": "caption unreadable",
    "caption_without_trigger": "no trigger in caption",
    "caption_leaks": "caption too detailed",
    "worker_died": "could not be analysed",
}
"""Short labels by kind; other kinds mean that a photo is unreadable."""

SEVERITIES = {"reject": ("rejected", "red"), "warn": ("warning", "yellow"), "note": ("note", "dim")}
"""Each severity's name and style, most severe first."""


def finding_text(finding: PhotoFinding, name: str) -> tuple[str, str]:
    """What is wrong with the photo (or photo set) `name`, and what to do."""
    return describe(Problem(kind=finding.kind, data=finding.told(name)))


def finding_labels(findings: Sequence[PhotoFinding]) -> str:
    """The labels of all findings, each once, most severe first."""
    ordered = sorted(findings, key=lambda finding: list(SEVERITIES).index(finding.severity))
    return ", ".join(dict.fromkeys(FINDING_LABELS.get(finding.kind, "unreadable") for finding in ordered))


MAX_ROWS = 200
"""Most photos in a table; larger sets show only photos with findings."""

MAX_PHOTOS_NAMED = 5
"""Most photos that are named for one kind of finding."""

PHOTO_HEAD = ("photo", "size", "face", "sharp", "likeness", "found")


def say_album(screen: Screen, album: CheckedPhotoSet, *, whole: bool = True) -> None:
    """Print a subject's photos, the findings, and a summary.

    Not `whole`: only findings that reject a photo are explained; the table has a label for the others.
    """
    held = sum(photo.held_out for photo in album.photos)
    out = f", {held:,} of them held out" if held else ""
    screen.say(screen.paint("bold", f"{album.name}: {plural(len(album.photos), 'photo')}{out}"))
    photos = album.photos
    if len(photos) > MAX_ROWS:
        photos = tuple(photo for photo in photos if photo.findings)[:MAX_ROWS]
    if photos:
        screen.table([_photo_row(photo) for photo in photos], head=PHOTO_HEAD, indent=2)
    if len(photos) < len(album.photos):
        screen.say(f"  … and {plural(len(album.photos) - len(photos), 'more photo')} (see `--json` or `--html`)")
    for severity, (name, style) in SEVERITIES.items():
        for line in _finding_lines(album, album.photos if whole or severity == "reject" else (), severity):
            screen.say(f"  {screen.paint(style, name)}: {line}" if line[:1] != " " else line)
    screen.say(album_summary(album))


def _photo_row(photo: CheckedPhoto) -> tuple[str, ...]:
    measures, faces = photo.observation.measures, photo.observation.faces
    sharp = faces[0].sharpness if faces else measures and measures.sharpness
    return (
        photo.display_path + (" (held out)" if photo.held_out else ""),
        "" if measures is None else f"{measures.width} × {measures.height}",
        f"{faces[0].box[2]:.0f} px" if faces else "–",
        "–" if sharp is None else f"{sharp:.0f}",
        "–" if photo.likeness is None else f"{photo.likeness:.2f}",
        finding_labels(photo.findings),
    )


def _finding_lines(album: CheckedPhotoSet, photos: Sequence[CheckedPhoto], severity: str) -> Iterator[str]:
    """Findings of one severity by kind: a sentence for each, then the help once."""
    kinds: dict[str, list[tuple[str, PhotoFinding]]] = {}
    told = [(album.name, album.findings), *((photo.display_path, photo.findings) for photo in photos)]
    for name, findings in told:
        for finding in findings:
            if finding.severity == severity:
                kinds.setdefault(finding.kind, []).append((name, finding))
    for found in kinds.values():
        hint = ""
        for name, finding in found[:MAX_PHOTOS_NAMED]:
            sentence, hint = finding_text(finding, name)
            yield sentence
        if len(found) > MAX_PHOTOS_NAMED:
            yield f"    … and {len(found) - MAX_PHOTOS_NAMED:,} more"
        if hint:
            yield f"    = help: {hint}"


def album_summary(album: CheckedPhotoSet) -> str:
    """Counts of photos, and what to do next."""
    worst = [photo.worst for photo in album.photos]
    warned, good = sum(found == "warn" for found in worst), worst.count(None)
    rejected = len(worst) - warned - good
    parts = [f"{good:,} good", f"{warned:,} with a warning" * bool(warned), f"{rejected:,} rejected" * bool(rejected)]
    if album.rejected:
        then = "Remove or replace the rejected photos." if rejected else "Fix the problems above."
    elif warned or any(finding.severity == "warn" for finding in album.findings):
        then = "Ready to train. Consider removing the flagged photos."
    else:
        then = "Ready to train."
    return f"{album.name}: {', '.join(filter(None, parts))}. {then}"


STYLE_FILE = Path(__file__).parent / "assets" / "photo_page.css"


def photo_page(studio: PhotoInspection, albums: Sequence[CheckedPhotoSet], on_event: EventHandler) -> Iterator[str]:
    """The page as pieces of HTML: every photo with its face, measurements and findings."""
    title = f"Photos of {visible(studio.name)}"
    body = _photo_sections(studio, albums, on_event)
    return html_page(
        title, STYLE_FILE.read_text("utf-8"), body, style_attributes=True
    )  # which place the frames of faces


def _photo_sections(
    studio: PhotoInspection, albums: Sequence[CheckedPhotoSet], on_event: EventHandler
) -> Iterator[str]:
    from nano_banana.features.photo_report import thumbnails

    yield f"<header>\n<h1>Photos of {visible_html(studio.name)}</h1>\n"
    if len(albums) > 1:
        links = "".join(f'<a href="#s{at}">{visible_html(album.name)}</a>' for at, album in enumerate(albums))
        yield f"<nav>{links}</nav>\n"
    yield "</header>\n<main>\n"
    for at, album in enumerate(albums):
        yield f'<section>\n<h2 id="s{at}">{visible_html(album.name)}: {plural(len(album.photos), "photo")}</h2>\n'
        yield f"<p>{visible_html(album_summary(album))}</p>\n{_findings_html(album.findings, album.name)}"
        yield '<ul class="photos">\n'
        for photo, small in thumbnails(studio, album.photos, on_event):
            yield _photo_card(photo, small)
        yield "</ul>\n</section>\n"
    yield "</main>\n"


def _photo_card(photo: CheckedPhoto, small: PhotoThumbnails) -> str:
    worst = photo.worst
    held = ' <span class="tag">held out</span>' if photo.held_out else ""
    caption = f"<blockquote>{visible_html(photo.caption.text)}</blockquote>\n" if photo.caption.text else ""
    numbers = "".join(f"<span>{visible_html(number)}</span>" for number in _photo_numbers(photo))
    return (
        f'<li class="photo {"good" if worst is None else worst.value}">\n'
        f'<div class="pictures">{_pictures_html(photo, small)}</div>\n'
        f"<h3>{visible_html(photo.display_path)}{held}</h3>\n"
        f'<div class="numbers">{numbers}</div>\n{caption}{_findings_html(photo.findings, photo.display_path)}</li>\n'
    )


def _pictures_html(photo: CheckedPhoto, small: PhotoThumbnails) -> str:
    if not small.photo:
        return '<div class="none">no picture</div>'
    alt = visible_html(photo.display_path)
    whole = f'<img src="{data_url(small.photo, JPEG.media)}" alt="{alt}">{_face_frames(photo)}'
    face = f'<img class="face" src="{data_url(small.face, JPEG.media)}" alt="the face in {alt}">' if small.face else ""
    return f'<div class="whole"><span class="frame">{whole}</span></div>{face}'


def _face_frames(photo: CheckedPhoto) -> str:
    """Frames around the faces, in percent of the picture."""
    measures = photo.observation.measures
    if measures is None:
        return ""
    frames = []
    for face in photo.observation.main:
        x, y, width, height = face.box
        left, right = (min(max(at, 0), measures.width) / measures.width for at in (x, x + width))
        top, low = (min(max(at, 0), measures.height) / measures.height for at in (y, y + height))
        frames.append(f'<i style="left:{left:.1%};top:{top:.1%};width:{right - left:.1%};height:{low - top:.1%}"></i>')
    return "".join(frames)


def _photo_numbers(photo: CheckedPhoto) -> Iterator[str]:
    measures, faces = photo.observation.measures, photo.observation.faces
    if measures is not None:
        yield f"{measures.width} × {measures.height}"
    if faces:
        yield f"face {faces[0].box[2]:.0f} px"
        yield f"sharpness {faces[0].sharpness:.0f}"
    if photo.likeness is not None:
        yield f"likeness {photo.likeness:.2f}"


def _findings_html(findings: Sequence[PhotoFinding], name: str) -> str:
    items = []
    for severity, (label, _) in SEVERITIES.items():
        for finding in findings:
            if finding.severity == severity:
                sentence, hint = finding_text(finding, name)
                # The name is in the heading.
                sentence = sentence.removeprefix(f"`{name}`").lstrip(": ")
                small = f"<small>{visible_html(hint)}</small>" if hint else ""
                items.append(f'<li class="{severity}"><b>{label}</b>{visible_html(sentence)}{small}</li>\n')
    return f'<ul class="found">\n{"".join(items)}</ul>\n' if items else ""
