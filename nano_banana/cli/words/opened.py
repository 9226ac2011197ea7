"""The words for shots of pictures that are there already."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "name_not_utf8": Wording(
        "the name `{path}` is not UTF-8, and a recipe can't hold such a name", "rename the file, or name its folder"
    ),
    "shot_opened": Wording("shot `{shot}` has `pictures`, which are there already", "write `open` for `generate`"),
    "shot_drawn": Wording("shot `{shot}` has no `pictures` to open", "give it some, or write `generate` for `open`"),
    "no_prompt": Wording(
        "stage `{stage}` paints pictures of shot `{shot}`, and neither says what",
        "write `prompt` in the stage, or `template` in the shot",
    ),
    "retry_opened": Wording(
        "nothing is drawn before the gate `{stage}`: every retry would be the same picture", "leave `retry` out"
    ),
}
