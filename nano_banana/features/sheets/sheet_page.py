"""A contact sheet as one HTML page that opens from disk without network.

The page holds its takes as JSON for its script, and its thumbnails as `data:` URLs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from nano_banana.features.sheets.contact_sheet import ContactSheet
from nano_banana.features.sheets.sheet_takes import WIDEST_GRID, SheetGrid, SheetTake, TakeBefore, calls_cost
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
from nano_banana.formats.html_page import data_url, html_page, printable_text, script_json
from nano_banana.model.call import COMPUTE
from nano_banana.model.event import EventHandler
from nano_banana.model.json_values import JSONObject, JSONValue, as_object

if TYPE_CHECKING:
    from jinja2 import Template

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
    takes = list(sheet.takes)
    yield from _body_template().generate(
        sheet=sheet,
        summary=sheet_summary(sheet),
        filters=_axis_filters(sheet),
        has_scores=any(take.ruled is not None and take.ruled.score is not None for take in takes),
        next_thumbnails=partial(next, sheet.thumbnails(takes, thumbnail_side(takes), on_event)),
        captions=lambda take: [line for name in sheet.show if (line := take_caption(take, name))],
    )
    yield from page_data(sheet, speech, folder_url(sheet.folder, file))
    yield "</script>\n"


@cache
def _body_template() -> Template:
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=_printable)
    environment.globals |= {
        "axis_labels": axis_labels,
        "data_url": data_url,
        "grid_heading": grid_heading,
        "state_words": STATE_WORDS,
        "table_classes": _table_classes,
        "take_labels": take_labels,
    }
    return environment.from_string(_asset_text("sheet.html.j2"))


def _printable(value: object) -> object:
    """What is written on the page: HTML as it is, and texts without characters that can't be printed."""
    return value if hasattr(value, "__html__") else printable_text(str(value))


def _axis_filters(sheet: ContactSheet) -> Mapping[str, Iterable[str]]:
    """The values of each axis that has several."""
    values: dict[str, dict[str, None]] = {}
    for take in sheet.takes:
        for axis, value in axis_values(take, sheet.stages).items():
            values.setdefault(axis, {})[value] = None
    if len(values.get("shot", ())) > 1:
        values.pop("template", None)
    return {axis: found for axis, found in values.items() if len(found) > 1}


def folder_url(folder: Path, file: Path) -> str:
    """The pictures' folder as a URL relative to the page: empty or `../out/portraits/`."""
    path = os.path.relpath(folder.absolute(), file.absolute().parent)
    return "" if path == "." else quote(os.fsencode(path)) + "/"


@cache
def _asset_text(name: str) -> str:
    return ASSETS.joinpath(name).read_text(encoding="utf-8").strip()


def _table_classes(grid: SheetGrid) -> str:
    """The classes of a table: the number of pictures in a row, and whether it has columns and row labels."""
    most = len(grid.columns) if grid.axes.across else max((len(takes) for takes in grid.cells.values()), default=1)
    words = ["grid" if grid.axes.across else "loose", f"c{most}" if most <= WIDEST_GRID else "many"]
    return " ".join([*words, *(["labelled"] if grid.axes.down else [])])
