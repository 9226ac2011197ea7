"""Training photos on the terminal and on an HTML page: findings, fixes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


def finding_label(finding: PhotoFinding) -> str:
    """A finding in a word or two."""
    return FINDING_LABELS.get(finding.kind, "unreadable")


def finding_labels(findings: Sequence[PhotoFinding]) -> str:
    """The labels of all findings, each once, most severe first."""
    ordered = sorted(findings, key=lambda finding: list(SEVERITIES).index(finding.severity))
    return ", ".join(dict.fromkeys(map(finding_label, ordered)))


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
    return (
        photo.display_path + (" (held out)" if photo.held_out else ""),
        "" if measures is None else f"{measures.width} × {measures.height}",
        f"{faces[0].box[2]:.0f} px" if faces else "–",
        _sharpness_text(photo),
        "–" if photo.likeness is None else f"{photo.likeness:.2f}",
        finding_labels(photo.findings),
    )


def _sharpness_text(photo: CheckedPhoto) -> str:
    if photo.observation.faces:
        return f"{photo.observation.faces[0].sharpness:.0f}"
    return "–" if photo.observation.measures is None else f"{photo.observation.measures.sharpness:.0f}"


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
    parts = [f"{good:,} good"]
    parts += [f"{warned:,} with a warning"] if warned else []
    parts += [f"{rejected:,} rejected"] if rejected else []
    if album.rejected:
        then = "Remove or replace the rejected photos." if rejected else "Fix the problems above."
    elif warned or any(finding.severity == "warn" for finding in album.findings):
        then = "Ready to train. Consider removing the flagged photos."
    else:
        then = "Ready to train."
    return f"{album.name}: {', '.join(parts)}. {then}"


PHOTO_PAGE_STYLE = """
:root {
  color-scheme: light dark;
  --paper: #f6f5f2; --card: #fff; --ink: #1d1c1a; --soft: #66635d; --line: #dedbd3;
  --reject: #b3261e; --warn: #8a5a00; --note: #56605f; --good: #1e6b3a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171614; --card: #211f1c; --ink: #efece6; --soft: #a8a399; --line: #3a3732;
    --reject: #ff8a80; --warn: #f0b95b; --note: #a5b1af; --good: #7fd49b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 84rem; padding: 1.25rem clamp(0.9rem, 3vw, 2.5rem) 4rem;
  background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif;
}
h1 { font-size: 1.35rem; margin: 0 0 0.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 0.25rem; overflow-wrap: anywhere; }
p { margin: 0.2rem 0; }
.soft { color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; margin: 0.6rem 0; }
a { color: inherit; }
.photos {
  display: grid; gap: 1rem; margin: 1rem 0 0; padding: 0; list-style: none;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 17.5rem), 1fr));
}
.photo {
  background: var(--card); border: 1px solid var(--line); border-top: 3px solid var(--good);
  border-radius: 8px; padding: 0.75rem; min-width: 0; content-visibility: auto; contain-intrinsic-size: auto 24rem;
}
.photo.warn { border-top-color: var(--warn); }
.photo.reject { border-top-color: var(--reject); }
.pictures { display: flex; gap: 0.6rem; align-items: flex-start; height: 11rem; }
.whole { position: relative; flex: 0 1 auto; min-width: 0; height: 100%; }
.whole img { display: block; max-width: 100%; max-height: 100%; border-radius: 4px; }
.frame { position: relative; display: inline-block; max-width: 100%; max-height: 100%; }
.frame img { display: block; max-width: 100%; max-height: 11rem; border-radius: 4px; }
.frame i { position: absolute; border: 2px solid #fff; outline: 1px solid #000; border-radius: 3px; }
.face { flex: 0 0 auto; width: 6.5rem; height: 6.5rem; border-radius: 4px; }
.none {
  display: grid; place-items: center; width: 100%; height: 100%; border: 1px dashed var(--line);
  border-radius: 4px; color: var(--soft);
}
h3 { font-size: 0.95rem; margin: 0.7rem 0 0.15rem; overflow-wrap: anywhere; }
.tag { font-weight: 400; font-size: 0.8rem; border: 1px solid var(--line); border-radius: 999px; padding: 0 0.5rem; }
.numbers { display: flex; flex-wrap: wrap; gap: 0 0.9rem; color: var(--soft); font-variant-numeric: tabular-nums; }
blockquote { margin: 0.5rem 0 0; padding-left: 0.6rem; border-left: 2px solid var(--line); overflow-wrap: anywhere; }
.found { margin: 0.6rem 0 0; padding: 0; list-style: none; }
.found li { margin: 0.45rem 0 0; overflow-wrap: anywhere; }
.found b { display: inline-block; margin-right: 0.35rem; }
.reject > b { color: var(--reject); } .warn > b { color: var(--warn); } .note > b { color: var(--note); }
.found small { display: block; color: var(--soft); font-size: 0.85rem; }
"""


def photo_page(studio: PhotoInspection, albums: Sequence[CheckedPhotoSet], on_event: EventHandler) -> Iterator[str]:
    """The page as pieces of HTML: every photo with its face, measurements and findings."""
    title = f"Photos of {visible(studio.name)}"
    body = _photo_sections(studio, albums, on_event)
    return html_page(title, PHOTO_PAGE_STYLE, body, style_attributes=True)  # which place the frames of faces


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
        left, top, width, height = face.box
        first, last = max(left, 0), min(left + width, measures.width)
        high, low = max(top, 0), min(top + height, measures.height)
        sides = (first / measures.width, high / measures.height)
        spans = ((last - first) / measures.width, (low - high) / measures.height)
        frames.append(
            f'<i style="left:{sides[0]:.1%};top:{sides[1]:.1%};width:{spans[0]:.1%};height:{spans[1]:.1%}"></i>'
        )
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
