"""The words for what can be wrong with a selection or a chain."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "only_nothing": Wording(
        "`{glob}` names no shot, stage or take", "a glob with a slash names takes, one without shots or stages: {known}"
    ),
    "no_result": Wording("`{endpoint}` answered without the file that it is asked for ({expected})"),
    "faces_miscounted": Wording(
        "{tries} pictures were drawn for {wanted} people, and none shows that many; the last one shows {found}",
        "say in the prompt how many people there are and where they stand, or raise the stage's `redraws`",
    ),
    "choice_of_few": Wording(
        "only the {takes} selected takes are chosen from: in the whole recipe others may be better",
        "a run of the whole recipe chooses among all; what is made here and chosen there costs nothing again",
    ),
    "stray_pick": Wording("`picks.yaml` names `{name}` for stage `{stage}`, and the recipe has no such take"),
    "no_such_take": Wording("there is no take or picture `{name}`", "`nano-banana plan --json` lists them"),
}
