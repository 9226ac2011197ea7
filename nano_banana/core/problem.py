"""Problems: kind, data and place; their words are made elsewhere."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nano_banana.core.json import JSONValue


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A stretch of a text file. `line` and `column` count from 1, `length` in characters (≥ 1)."""

    file: str
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    `kind` picks the words (`cli/words`), `data` fills them in, `suggestions` are names that were
    probably meant. A warning lets the work go on.
    """

    kind: str
    place: Place | None = None
    data: Mapping[str, JSONValue] = field(default_factory=dict)
    suggestions: tuple[str, ...] = ()
    warning: bool = False

    @property
    def order(self) -> tuple[str, int, int, str]:
        """Sorts problems by place, those without one first."""
        if self.place is None:
            return ("", 0, 0, self.kind)
        return (self.place.file, self.place.line, self.place.column, self.kind)


def did_you_mean(name: str, known: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """The known names nearest to `name`, best first (difflib ratio ≥ 0.6, letter case ignored)."""
    by_fold = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=most, cutoff=0.6)
    return tuple(by_fold[fold] for fold in near)
