"""What a page is steered by: its search and filters, the panel, the help."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from nano_banana.project.sheet.sheet import Sheet
from nano_banana.web.data import values_of
from nano_banana.web.speech import STATES

VIEWS = {"now": "now", "before": "before", "both": "side by side"}
"""How a page shows two runs."""

PANEL = """<dialog id="panel" aria-labelledby="name">
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
    ("Enter", "everything about a take"),
    ("← →", "there: the take before, the next one"),
    ("z", "there: the picture in the whole window, larger still, and back"),
    ("Esc", "back to the pictures"),
    ("/", "search in names, prompts, seeds and reasons"),
    ("?", "this help"),
)

HELP = (
    '<dialog id="help" aria-labelledby="help-name">\n<h2 id="help-name">Keys</h2>\n<dl>\n'
    + "".join(
        f"<dt>{' '.join(f'<kbd>{escape(key)}</kbd>' for key in keys.split())}</dt><dd>{escape(does)}</dd>\n"
        for keys, does in _KEYS
    )
    + '</dl>\n<p><button type="button" class="plain" id="help-close">close</button></p>\n</dialog>\n'
)


def tools(sheet: Sheet) -> Iterator[str]:
    """The form: search, states, axes, likeness, size, and the two runs where there are two."""
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
        for name, label in VIEWS.items():
            checked = " checked" if name == "now" else ""
            yield f'<label class="chip"><input type="radio" name="view" value="{name}"{checked}> {label}</label>\n'
        yield '<label class="chip"><input type="checkbox" name="changed"> changed only</label></fieldset>\n'
    yield '<details class="more" id="more" open><summary>filters</summary><div class="tools">\n'
    yield from _states(sheet)
    yield from _axes(sheet)
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


def _states(sheet: Sheet) -> Iterator[str]:
    yield '<fieldset><legend class="visually-hidden">verdict</legend>\n'
    for state, count in sheet.counts.items():
        yield (
            f'<label class="chip"><input type="checkbox" name="state" value="{state}" checked> '
            f"{STATES[state]} <i>{count:,}</i></label>\n"
        )
    yield "</fieldset>\n"


def _axes(sheet: Sheet) -> Iterator[str]:
    values: dict[str, dict[str, None]] = {}
    for take in sheet.takes:
        for axis, value in values_of(take, sheet.stages).items():
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
