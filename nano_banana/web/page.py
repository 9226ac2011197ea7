"""A sheet as one page that opens from disk and needs no network."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from nano_banana.core.news import Watcher
from nano_banana.project.sheet.layout import WIDEST, Grid
from nano_banana.project.sheet.sheet import Sheet
from nano_banana.project.sheet.shown import Shown
from nano_banana.project.sheet.small import Small
from nano_banana.web.data import data_of
from nano_banana.web.sizes import side_for
from nano_banana.web.speech import STATES, Speech, heading, said_all, said_below, said_inside, summary
from nano_banana.web.tools import HELP, PANEL, tools

ASSETS = Path(__file__).with_name("assets")


def page(sheet: Sheet, speech: Speech, file: Path, watch: Watcher) -> Iterator[str]:
    """The page as pieces of HTML, to be written to `file`; small pictures are made on the way."""
    style, script = _asset("sheet.css"), _asset("sheet.js")
    yield (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(style, script)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(sheet.name)}: contact sheet</title>\n<style>{style}</style>\n</head>\n"
        f'<body data-view="now">\n<a class="skip" href="#grid">to the pictures</a>\n'
        f'<header class="bar">\n<h1>{text(sheet.name)}</h1>\n<p>{text(" · ".join(summary(sheet)))}</p>\n'
    )
    yield from tools(sheet)
    yield '</header>\n<main id="grid" tabindex="-1" aria-label="the takes">\n'
    yield "<noscript><p>Without scripts there are only the pictures.</p></noscript>\n"
    yield from _grids(sheet, watch)
    yield '<p class="empty" id="empty" role="status" hidden>No take is like that. Take a filter away.</p>\n</main>\n'
    yield f'{PANEL}{HELP}<script type="application/json" id="data">'
    yield from data_of(sheet, speech, folder_url(sheet.folder, file))
    yield f"</script>\n<script>{script}</script>\n</body>\n</html>\n"


def policy(style: str, script: str) -> str:
    """What a browser may do: show pictures of the page and beside it, and run our very script. No network."""
    return (
        f"default-src 'none'; img-src data: 'self' file:; style-src '{_digest(style)}'; "
        f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )


def text(words: str) -> str:
    """Words that are only words: no markup, nothing that steers, nothing that UTF-8 can't hold."""
    return escape("".join(letter if letter.isprintable() else "�" for letter in words))


def folder_url(folder: Path, file: Path) -> str:
    """Where the pictures lie, from the page: `` or `../out/portraits/`."""
    path = os.path.relpath(folder.absolute(), file.absolute().parent)
    return "" if path == "." else quote(os.fsencode(path)) + "/"


@cache
def _asset(name: str) -> str:
    return ASSETS.joinpath(name).read_text(encoding="utf-8").strip()


def _digest(code: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def _grids(sheet: Sheet, watch: Watcher) -> Iterator[str]:
    takes = list(sheet.takes)
    small = sheet.thumbnails(takes, side_for(takes), watch)
    for number, grid in enumerate(sheet.grids):
        title = heading(grid)
        name = f' aria-labelledby="g{number}"' if title else f' aria-label="{text(sheet.name)}"'
        yield f"<section{name}>\n" + (f'<h2 id="g{number}">{text(title)}</h2>\n' if title else "")
        yield from _table(grid, sheet.show, small)
        yield "</section>\n"


def _table(grid: Grid, show: Sequence[str], small: Iterator[tuple[Shown, Small, Small]]) -> Iterator[str]:
    alone = "" if grid.axes.across else ' class="alone"'
    yield f'<table class="{_kind(grid)}">\n'
    if grid.axes.across:
        corner = "<td></td>" if grid.axes.down else ""
        heads = "".join(f'<th scope="col">{_label(grid.axes.across, column)}</th>' for column in grid.columns)
        yield f"<thead><tr>{corner}{heads}</tr></thead>\n"
    yield "<tbody>\n"
    for row in grid.rows:
        yield "<tr>" + (f'<th scope="row">{_label(grid.axes.down, row)}</th>' if grid.axes.down else "")
        for column in grid.columns:
            takes = grid.cells.get((row, column), ())
            yield f'<td{alone}><div class="flow">' if takes else "<td>"
            for _ in takes:
                yield _card(*next(small), grid, show)
            yield "</div></td>" if takes else "</td>"
        yield "</tr>\n"
    yield "</tbody>\n</table>\n"


def _kind(grid: Grid) -> str:
    """The classes of a table: how many pictures share the page's width, whether it has columns, labels of its rows."""
    most = len(grid.columns) if grid.axes.across else max((len(takes) for takes in grid.cells.values()), default=1)
    words = ["grid" if grid.axes.across else "loose", f"c{most}" if most <= WIDEST else "many"]
    return " ".join([*words, *(["labelled"] if grid.axes.down else [])])


def _label(axes: Sequence[str], values: Sequence[str]) -> str:
    """The first axis large, the others below it."""
    first, *others = map(text, said_all(axes, values)) if values else [""]
    return first + "".join(f"<small>{other}</small>" for other in others)


def _card(take: Shown, now: Small, before: Small, grid: Grid, show: Sequence[str]) -> str:
    inside = " · ".join(said_inside(grid.axes.inside, take))
    lines = [said for name in show if (said := said_below(take, name))]
    loud = STATES[take.state]
    caption = "".join(f"<b>{text(said)}</b>" if said == loud else f"<span>{text(said)}</span>" for said in lines)
    name = ", ".join([take.record.id.replace("/", " "), *lines, *([loud] if loud not in lines else [])])
    changed = take.before is not None and take.before.differs
    kind = f"take {take.state}{' changed' if changed else ''}"
    pictures = _picture(take, now, before, changed=changed)
    return (
        f'<button type="button" class="{kind}" data-state="{take.state}" tabindex="-1" aria-label="{text(name)}">'
        f'<span class="pair">{pictures}</span>'
        f'<span class="cap">{f"<u>{text(inside)}</u>" if inside else ""}{caption}</span></button>'
    )


def _picture(take: Shown, now: Small, before: Small, *, changed: bool) -> str:
    new = _side(now, "new", STATES[take.state] if not take.picture else "no picture")
    if not changed or take.before is None:
        return new
    lost = "its file is gone" if take.before.gone else STATES[take.before.state]
    return new + _side(before, f"old {take.before.state}", lost)


def _side(small: Small, kind: str, otherwise: str) -> str:
    """A take as it is or as it was, with a word for which of them where both are shown."""
    shown = f'<span class="none">{text(otherwise)}</span>'
    if small.data:
        data = base64.b64encode(small.data).decode()
        size = f'width="{small.width}" height="{small.height}"'
        shown = f'<img src="data:image/webp;base64,{data}" {size} alt="" loading="lazy" decoding="async">'
    return f'<span class="side {kind}">{shown}<i>{"now" if kind == "new" else "before"}</i></span>'
