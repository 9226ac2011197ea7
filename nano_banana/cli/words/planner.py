"""The words for what can be wrong with a selection or a chain."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "only_nothing": Wording(
        "`{glob}` names no shot, stage or take", "a glob with a slash names takes, one without shots or stages: {known}"
    ),
    "no_result": Wording("`{endpoint}` answered without the file that it is asked for ({expected})"),
    "nothing_to_paint": Wording("stage `{stage}` got no picture to work on"),
    "no_such_take": Wording("there is no take or picture `{name}`", "`nano-banana plan --json` lists them"),
}
