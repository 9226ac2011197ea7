"""A contact sheet as one HTML page that opens from disk without network.

The page holds its takes as JSON for its script, and its thumbnails as `data:` URLs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from nano_banana.features.sheets.contact_sheet import ContactSheet
from nano_banana.features.sheets.sheet_takes import WIDEST_GRID, SheetGrid, SheetTake, TakeBefore, Thumbnail, calls_cost
from nano_banana.features.sheets.sheet_words import (
    STATE_WORDS,
    SheetWording,
    axis_labels,
    grid_heading,
    sheet_summary,
    take_caption,
    take_labels,
    thumbnail_side,
)
from nano_banana.formats.html_page import data_url, escape_text, html_page, script_json
from nano_banana.model.call import COMPUTE
from nano_banana.model.event import EventHandler
from nano_banana.model.json_values import JSONObject, JSONValue, as_object

MAX_VALUE_LENGTH = 400
"""Characters of a value on the page, at most."""


def call_changes(before: Sequence[JSONObject], now: Sequence[JSONObject]) -> Iterator[tuple[str, str, str]]:
    """Yield what differs (`takes: guidance_scale`), its old value and its new one. Calls match by stage and order."""
    old, new = _by_place(before), _by_place(now)
    for place, call in old.items():
        other = new.get(place)
        if other is None:
            continue
        was, here = as_object(call["arguments"]), as_object(other["arguments"])
        if call["endpoint"] != other["endpoint"]:
            yield f"{place[0]}: endpoint", str(call["endpoint"]), str(other["endpoint"])
        for name in dict.fromkeys([*was, *here]):
            if was.get(name) != here.get(name):
                yield f"{place[0]}: {name}", _shown_value(was, name), _shown_value(here, name)


def _by_place(calls: Sequence[JSONObject]) -> Mapping[tuple[str, int], JSONObject]:
    """The calls of providers, by stage and their order in the stage."""
    found: dict[tuple[str, int], JSONObject] = {}
    for call in calls:
        if call["provider"] != COMPUTE:
            stage = str(call["stage"])
            found[stage, sum(place[0] == stage for place in found)] = call
    return found


def _shown_value(arguments: JSONObject, name: str) -> str:
    if name not in arguments:
        return "not set"
    value: JSONValue = arguments[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}…"


class _SharedArguments:
    """Arguments that calls share, each written once."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}

    def place(self, row: JSONObject) -> int:
        """The row's index in the list."""
        return self.rows.setdefault(script_json(row), len(self.rows))


def page_data(sheet: ContactSheet, speech: SheetWording, folder: str) -> Iterator[str]:
    """Yield the page's data in pieces. `folder` is the pictures' folder as a URL relative to the page."""
    shared = _SharedArguments()
    yield f'{{"folder":{script_json(folder)},"against":{script_json(sheet.against)},"takes":['
    for number, take in enumerate(sheet.takes):
        yield ("," if number else "") + script_json(_take(take, sheet, speech, shared))
    yield f'],"shared":[{",".join(shared.rows)}]}}'


def axis_values(take: SheetTake, stages: Sequence[str]) -> dict[str, str]:
    """The take's values by axis, with the stage if the sheet has several."""
    card = take.card
    values = {"subject": card.subject or "+".join(card.cast), "shot": card.shot, "template": card.template, **card.axes}
    if len(stages) > 1:
        values["stage"] = take.stage
    return {axis: value for axis, value in values.items() if value}


def _take(take: SheetTake, sheet: ContactSheet, speech: SheetWording, shared: _SharedArguments) -> JSONObject:
    calls, ruled = take.calls, take.ruled
    return {
        "id": take.record.id,
        "values": axis_values(take, sheet.stages),
        "state": str(take.state),
        "said": STATE_WORDS[take.state],
        "why": speech.why(take),
        "score": None if ruled is None else ruled.score,
        "needs": None if ruled is None else ruled.threshold,
        "gate": "" if ruled is None else ruled.stage,
        "seed": take.seed,
        "attempts": take.attempts,
        "cost": calls_cost(calls),
        "place": sheet.lines.get(f"shot/{take.card.shot}", ""),
        "prompt_place": sheet.lines.get(f"template/{take.card.shot}", ""),
        "path": take.name,
        "here": take.here,
        "digest": "" if take.picture is None else take.picture.digest,
        "tries": _verdict_lines(take, speech),
        "pictures": [
            [_labelled(picture.stage, picture.attempt.label), picture.name, picture.blob.digest]
            for picture in take.record.pictures
        ],
        "calls": list(_calls(calls, sheet, shared)),
        "before": None if take.before is None else _previous(take.before, take),
    }


def _verdict_lines(take: SheetTake, speech: SheetWording) -> Sequence[str]:
    """One line for each verdict, if there are several."""
    verdicts = take.record.verdicts
    told = []
    for ruled in verdicts if len(verdicts) > 1 else ():
        score = "" if ruled.score is None else f", {ruled.score:.2f}"
        why = speech.reasons(ruled)
        said = str(ruled.ruling).replace("_", " ")
        told.append(f"{ruled.attempt.label or 'first'} ({ruled.stage}): {said}{score}{why and f' ({why})'}")
    return told


def _calls(calls: Sequence[JSONObject], sheet: ContactSheet, shared: _SharedArguments) -> Iterator[JSONObject]:
    """The calls of providers. Local calls appear only as the sources of their inputs."""
    made: dict[str, str] = {digest: f"adapter {name}" for digest, name in sheet.names.items()}
    for call in calls:
        stage = str(call["stage"])
        if call["provider"] != COMPUTE:
            arguments = dict(as_object(call["arguments"]))
            prompt, seed = arguments.pop("prompt", ""), arguments.pop("seed", None)
            row = {name: call[name] for name in ("stage", "provider", "endpoint")}
            yield {
                "of": shared.place({**row, "place": sheet.lines.get(f"stage/{stage}", ""), "args": arguments}),
                "prompt": prompt,
                "seed": seed,
                "cost": call.get("cost_usd"),
                "attempt": _attempt(call),
                "from": list(dict.fromkeys(_source(made, digest) for digest in as_object(call["inputs"]).values())),
            }
        for digest in as_object(call["outputs"]).values():
            told = f"{stage} ({call['endpoint']})" if call["provider"] == COMPUTE else stage
            made.setdefault(str(digest), told)


def _source(made: Mapping[str, str], digest: JSONValue) -> str:
    return made.get(str(digest), "a file from the recipe")


def _attempt(call: JSONObject) -> str:
    number = call.get("attempt")
    return f"try {number + 1}" if isinstance(number, int) else ""


def _labelled(stage: str, label: str) -> str:
    return f"{stage} ({label})" if label else stage


def _previous(before: TakeBefore, take: SheetTake) -> JSONObject:
    return {
        "said": STATE_WORDS[before.state],
        "score": before.score,
        "seed": before.seed,
        "cost": before.cost_usd,
        "gone": before.gone,
        "differs": before.differs,
        "changes": list(call_changes(before.made, take.calls)),
    }


RUN_VIEWS = {"now": "now", "before": "before", "both": "side by side"}
"""The ways to show two runs."""

PANEL_HTML = """<dialog id="panel" aria-labelledby="name">
<div class="head"><h2 id="name"></h2>
<button type="button" class="plain" id="previous" aria-label="previous take">←</button>
<button type="button" class="plain" id="next" aria-label="next take">→</button>
<button type="button" class="plain" id="close">close<span class="long"> <kbd>Esc</kbd></span></button></div>
<div class="view" id="view"></div>
<div class="facts" id="facts" tabindex="0" role="region" aria-label="facts of the take"></div>
</dialog>
"""

_KEYS = (
    ("← ↑ → ↓", "from picture to picture"),
    ("Home End", "first and last of a row"),
    ("Enter", "details of a take"),
    ("← →", "previous and next take (in the details)"),
    ("z", "zoom the picture (in the details)"),
    ("Esc", "back to the pictures"),
    ("/", "search in names, prompts, seeds and reasons"),
    ("?", "this help"),
)

HELP_HTML = (
    '<dialog id="help" aria-labelledby="help-name">\n<h2 id="help-name">Keys</h2>\n<dl>\n'
    + "".join(
        f"<dt>{' '.join(f'<kbd>{escape(key)}</kbd>' for key in keys.split())}</dt><dd>{escape(does)}</dd>\n"
        for keys, does in _KEYS
    )
    + '</dl>\n<p><button type="button" class="plain" id="help-close">close</button></p>\n</dialog>\n'
)


def filter_form(sheet: ContactSheet) -> Iterator[str]:
    """The form: search, states, axes, likeness, size, and which run if there are two."""
    yield (
        '<form id="tools" class="tools" role="search" aria-label="filters">\n'
        '<label><span class="visually-hidden">search</span>'
        '<input type="search" name="text" placeholder="search  /" autocomplete="off" spellcheck="false"></label>\n'
    )
    yield (
        '<span id="count" role="status"></span>\n'
        '<button type="button" class="plain" id="help-open" aria-label="help: keys">?</button>\n'
    )
    if sheet.against:
        yield '<fieldset><legend class="visually-hidden">which run</legend>\n'
        for name, label in RUN_VIEWS.items():
            checked = " checked" if name == "now" else ""
            yield f'<label class="chip"><input type="radio" name="view" value="{name}"{checked}> {label}</label>\n'
        yield '<label class="chip"><input type="checkbox" name="changed"> changed only</label></fieldset>\n'
    yield '<details class="more" id="more" open><summary>filters</summary><div class="tools">\n'
    yield from _state_filters(sheet)
    yield from _axis_filters(sheet)
    if any(take.ruled is not None and take.ruled.score is not None for take in sheet.takes):
        yield (
            '<fieldset><legend class="visually-hidden">likeness</legend>\n'
            '<label>likeness from <input type="number" name="low" min="-1" max="1" step="0.01"></label>\n'
            '<label>to <input type="number" name="high" min="-1" max="1" step="0.01"></label></fieldset>\n'
        )
    yield (
        '<label>size <input type="range" name="size" min="6" max="40" step="0.5" value="15"></label>\n'
        '<button type="reset" class="plain">show all</button>\n</div></details>\n</form>\n'
    )


def _state_filters(sheet: ContactSheet) -> Iterator[str]:
    yield '<fieldset><legend class="visually-hidden">verdict</legend>\n'
    for state, count in sheet.counts.items():
        yield (
            f'<label class="chip"><input type="checkbox" name="state" value="{state}" checked> '
            f"{STATE_WORDS[state]} <i>{count:,}</i></label>\n"
        )
    yield "</fieldset>\n"


def _axis_filters(sheet: ContactSheet) -> Iterator[str]:
    values: dict[str, dict[str, None]] = {}
    for take in sheet.takes:
        for axis, value in axis_values(take, sheet.stages).items():
            values.setdefault(axis, {})[value] = None
    if len(values.get("shot", ())) > 1:
        values.pop("template", None)
    for axis, found in values.items():
        if len(found) > 1:
            options = "".join(f'<option value="{escape(value)}">{escape(value)}</option>' for value in found)
            yield (
                f'<label>{escape(axis)} <select data-axis="{escape(axis)}"><option value="">all</option>'
                f"{options}</select></label>\n"
            )


ASSETS = Path(__file__).with_name("assets")


def sheet_html(sheet: ContactSheet, speech: SheetWording, file: Path, on_event: EventHandler) -> Iterator[str]:
    """Yield the page for `file` as pieces of HTML. Thumbnails are made on the way."""
    return html_page(
        f"{sheet.name}: contact sheet",
        _asset_text("sheet.css"),
        _body(sheet, speech, file, on_event),
        script=_asset_text("sheet.js"),
        attributes='data-view="now"',
        local_images=True,
    )


def _body(sheet: ContactSheet, speech: SheetWording, file: Path, on_event: EventHandler) -> Iterator[str]:
    yield (
        '<a class="skip" href="#grid">to the pictures</a>\n<header class="bar">\n'
        f"<h1>{escape_text(sheet.name)}</h1>\n<p>{escape_text(' · '.join(sheet_summary(sheet)))}</p>\n"
    )
    yield from filter_form(sheet)
    yield '</header>\n<main id="grid" tabindex="-1" aria-label="the takes">\n'
    yield "<noscript><p>Filters and details need JavaScript.</p></noscript>\n"
    yield from _grids(sheet, on_event)
    yield '<p class="empty" id="empty" role="status" hidden>No takes match. Clear a filter.</p>\n</main>\n'
    yield f'{PANEL_HTML}{HELP_HTML}<script type="application/json" id="data">'
    yield from page_data(sheet, speech, folder_url(sheet.folder, file))
    yield "</script>\n"


def folder_url(folder: Path, file: Path) -> str:
    """The pictures' folder as a URL relative to the page: empty or `../out/portraits/`."""
    path = os.path.relpath(folder.absolute(), file.absolute().parent)
    return "" if path == "." else quote(os.fsencode(path)) + "/"


@cache
def _asset_text(name: str) -> str:
    return ASSETS.joinpath(name).read_text(encoding="utf-8").strip()


def _grids(sheet: ContactSheet, on_event: EventHandler) -> Iterator[str]:
    takes = list(sheet.takes)
    small = sheet.thumbnails(takes, thumbnail_side(takes), on_event)
    for number, grid in enumerate(sheet.grids):
        title = grid_heading(grid)
        name = f' aria-labelledby="g{number}"' if title else f' aria-label="{escape_text(sheet.name)}"'
        yield f"<section{name}>\n" + (f'<h2 id="g{number}">{escape_text(title)}</h2>\n' if title else "")
        yield from _table(grid, sheet.show, small)
        yield "</section>\n"


def _table(
    grid: SheetGrid, show: Sequence[str], small: Iterator[tuple[SheetTake, Thumbnail, Thumbnail]]
) -> Iterator[str]:
    alone = "" if grid.axes.across else ' class="alone"'
    yield f'<table class="{_table_classes(grid)}">\n'
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


def _table_classes(grid: SheetGrid) -> str:
    """The classes of a table: the number of pictures in a row, and whether it has columns and row labels."""
    most = len(grid.columns) if grid.axes.across else max((len(takes) for takes in grid.cells.values()), default=1)
    words = ["grid" if grid.axes.across else "loose", f"c{most}" if most <= WIDEST_GRID else "many"]
    return " ".join([*words, *(["labelled"] if grid.axes.down else [])])


def _label(axes: Sequence[str], values: Sequence[str]) -> str:
    """The first axis in large letters, the others below it."""
    first, *others = map(escape_text, axis_labels(axes, values)) if values else [""]
    return first + "".join(f"<small>{other}</small>" for other in others)


def _card(take: SheetTake, now: Thumbnail, before: Thumbnail, grid: SheetGrid, show: Sequence[str]) -> str:
    label = escape_text(" · ".join(take_labels(grid.axes.inside, take)))
    lines = [line for name in show if (line := take_caption(take, name))]
    loud = STATE_WORDS[take.state]
    caption = "".join(
        f"<b>{escape_text(said)}</b>" if said == loud else f"<span>{escape_text(said)}</span>" for said in lines
    )
    name = ", ".join([take.record.id.replace("/", " "), *lines, *([loud] if loud not in lines else [])])
    changed = take.before is not None and take.before.differs
    kind = f"take {take.state}{' changed' if changed else ''}"
    pictures = _picture(take, now, before, changed=changed)
    return (
        f'<button type="button" class="{kind}" data-state="{take.state}" tabindex="-1" '
        f'aria-label="{escape_text(name)}"><span class="pair">{pictures}</span>'
        f'<span class="cap">{f"<u>{label}</u>" if label else ""}{caption}</span></button>'
    )


def _picture(take: SheetTake, now: Thumbnail, before: Thumbnail, *, changed: bool) -> str:
    new = _picture_side(now, "new", STATE_WORDS[take.state] if not take.picture else "no picture")
    if not changed or take.before is None:
        return new
    lost = "file deleted" if take.before.gone else STATE_WORDS[take.before.state]
    return new + _picture_side(before, f"old {take.before.state}", lost)


def _picture_side(small: Thumbnail, kind: str, otherwise: str) -> str:
    """A take's picture now or before, with a label that shows if both are visible."""
    shown = f'<span class="none">{escape_text(otherwise)}</span>'
    if small.data:
        size = f'width="{small.width}" height="{small.height}"'
        shown = f'<img src="{data_url(small.data, "image/webp")}" {size} alt="" loading="lazy" decoding="async">'
    return f'<span class="side {kind}">{shown}<i>{"now" if kind == "new" else "before"}</i></span>'
