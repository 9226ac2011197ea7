"""A text file in hand, and the places in it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from nano_banana.core.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text, called `file` in places. Lines end at a line feed alone."""

    file: str
    text: str
    _starts: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    def place(self, start: int, end: int) -> Place:
        """The characters from `start` to `end`, or to the end of the first line of them; at least one."""
        if not self._starts:
            self._starts.extend(_line_starts(self.text))
        start = min(max(start, 0), len(self.text))
        line = bisect_right(self._starts, start)
        stop = self.text.find("\n", start, max(end, start))
        seen = self.text[start : end if stop < 0 else stop].rstrip()
        return Place(file=self.file, line=line, column=start - self._starts[line - 1] + 1, length=max(len(seen), 1))

    def lines(self) -> list[str]:
        """All lines, without their ends."""
        return self.text.split("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a source: characters `start` (from 0) up to `end`."""

    source: Source
    start: int
    end: int

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.source.place(self.start, self.end)

    @property
    def text(self) -> str:
        """What stands there."""
        return self.source.text[self.start : self.end]


def _line_starts(text: str) -> list[int]:
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts
