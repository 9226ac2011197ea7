"""Words for contact sheets that can't be made."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "sheet_empty": Wording(
        say="there is nothing to show: no picture of {stages} is in the store",
        hint="make some first: `nano-banana run`; or name another stage with `--stage`",
    ),
    "sheet_unchosen": Wording(
        say="there is nothing to show: {stages} chose none of the takes",
        hint="show the stage before it with `--stage`",
    ),
    "sheet_no_pictures": Wording(
        say="recipe `{recipe}` draws nothing, so it has no contact sheet",
        hint="add a stage that draws (`generate`)",
    ),
    "sheet_no_stage": Wording(say="the recipe has no stage `{name}` with pictures", hint="these have some: {known}"),
    "sheet_no_axis": Wording(say="the takes have no axis `{name}`", hint="they have: {known}"),
    "sheet_no_format": Wording(
        say="`{file}` is no format of a contact sheet", hint="let its name end in .html, .png or .pdf"
    ),
}
