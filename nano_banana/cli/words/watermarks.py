"""Words for invisible marks, and for what is looked for in pictures."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording, install

WORDS: Mapping[str, Wording] = {
    "marks_missing": Wording(
        say="invisible marks can't be written or read here: {missing} is not installed",
        hint=f"`{install('marks')}`, then `nano-banana setup`",
    ),
    "mark_not_held": Wording(
        say="this picture does not hold an invisible mark: only {agree} of 32 bits could be read again",
        hint="it may be empty or almost black; leave it out of the mark stage",
    ),
    "mark_not_last": Wording(
        say="stage `{stage}` changes pictures that `{mark}` has marked already, which weakens the mark",
        hint="put the mark stage last",
    ),
    "no_such_kind": Wording(say="`{name}` is nothing that can be looked for", hint="these are: {known}"),
    "mark_id_odd": Wording(say="`{given}` is no mark's id", hint="8 hex digits, such as c0ffee42"),
    "trust_unreadable": Wording(
        say="can't read certificates from {file}: {why}", hint="name a file of PEM certificates"
    ),
    "no_pictures_there": Wording(say="there are no pictures in {folder}", hint="name pictures, or a folder of some"),
}
