"""Words for regions that are looked for and not found."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "nothing_found": Wording(
        say="found no {part} in the picture (asked for: {which}; faces in it: {faces})",
        hint="ask for another face with `which`, or draw the region as a box, an ellipse or a polygon",
    ),
    "no_such_part": Wording(say="`{name}` can't be found in pictures", hint="these can: {known}"),
    "no_such_face": Wording(say="`{given}` says of no face whether it is meant", hint="{known}, or 1 for the first"),
}
