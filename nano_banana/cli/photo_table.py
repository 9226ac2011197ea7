"""Albums on the terminal: a table, what was found, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nano_banana.cli.photo_words import SEVERITIES, labels_of, words_of
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen

if TYPE_CHECKING:
    from nano_banana.project.photos.album import Album, Viewed
    from nano_banana.project.photos.finding import Finding

MOST_ROWS = 200
"""Photos in a table; of larger sets only those are shown that something was found in, and of those so many."""

MOST_NAMED = 5
"""Photos that are named for one kind of finding."""

HEAD = ("photo", "size", "face", "sharp", "likeness", "found")


def say_album(screen: Screen, album: Album, *, whole: bool = True) -> None:
    """Print a subject's photos, what is wrong, and a line that sums it up.

    Not `whole`: of single photos only what rejects them has a sentence; the table has a word for the rest.
    """
    held = sum(photo.held_out for photo in album.photos)
    out = f", {held:,} of them held out" if held else ""
    screen.say(screen.paint("bold", f"{album.name}: {numbered(len(album.photos), 'photo')}{out}"))
    photos = album.photos
    if len(photos) > MOST_ROWS:
        photos = tuple(photo for photo in photos if photo.findings)[:MOST_ROWS]
    if photos:
        screen.table([_row(photo) for photo in photos], head=HEAD, indent=2)
    if len(photos) < len(album.photos):
        screen.say(f"  … and {numbered(len(album.photos) - len(photos), 'photo')} that `--json` and `--html` tell of")
    for severity, (name, style) in SEVERITIES.items():
        for line in _told(album, album.photos if whole or severity == "reject" else (), severity):
            screen.say(f"  {screen.paint(style, name)}: {line}" if line[:1] != " " else line)
    screen.say(summary_of(album))


def _row(photo: Viewed) -> tuple[str, ...]:
    measures, faces = photo.sight.measures, photo.sight.faces
    return (
        photo.shown + (" (held out)" if photo.held_out else ""),
        "" if measures is None else f"{measures.width} × {measures.height}",
        f"{faces[0].box[2]:.0f} px" if faces else "–",
        _sharp(photo),
        "–" if photo.likeness is None else f"{photo.likeness:.2f}",
        labels_of(photo.findings),
    )


def _sharp(photo: Viewed) -> str:
    if photo.sight.faces:
        return f"{photo.sight.faces[0].sharpness:.0f}"
    return "–" if photo.sight.measures is None else f"{photo.sight.measures.sharpness:.0f}"


def _told(album: Album, photos: Sequence[Viewed], severity: str) -> Iterator[str]:
    """The set's and the photos' findings of one severity by kind: each one's sentence, then once what to do."""
    kinds: dict[str, list[tuple[str, Finding]]] = {}
    told = [(album.name, album.findings), *((photo.shown, photo.findings) for photo in photos)]
    for name, findings in told:
        for finding in findings:
            if finding.severity == severity:
                kinds.setdefault(finding.kind, []).append((name, finding))
    for found in kinds.values():
        hint = ""
        for name, finding in found[:MOST_NAMED]:
            sentence, hint = words_of(finding, name)
            yield sentence
        if len(found) > MOST_NAMED:
            yield f"    … and {len(found) - MOST_NAMED:,} more like it"
        if hint:
            yield f"    = help: {hint}"


def summary_of(album: Album) -> str:
    """How many are good, and what to do next."""
    worst = [photo.worst for photo in album.photos]
    warned, good = sum(found == "warn" for found in worst), worst.count(None)
    rejected = len(worst) - warned - good
    parts = [f"{good:,} good"]
    parts += [f"{warned:,} with a warning"] if warned else []
    parts += [f"{rejected:,} rejected"] if rejected else []
    if album.rejected:
        then = "leave out or replace what is rejected" if rejected else "see above what to do"
    elif warned or any(finding.severity == "warn" for finding in album.findings):
        then = "ready to train; look at the warnings first"
    else:
        then = "ready to train"
    return f"{album.name}: {', '.join(parts)}; {then}"
