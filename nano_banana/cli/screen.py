"""The one object that prints: results, notes, tables, problems and JSON."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import TextIO, TypeAlias

import click
from msgspec import to_builtins

from nano_banana.cli.formatting import display_width, pad, visible, visible_lines, wrap_words
from nano_banana.model.problem import Problem

STYLES = {"bold": "1", "dim": "2", "red": "1;31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}

COLUMN_GAP = 2
"""Spaces between the columns of a table."""

Painter: TypeAlias = Callable[[str, str], str]
"""Colours a text in a style of `STYLES`, or returns it unchanged."""


class Screen:
    """Writes results to `out` and remarks to `err`.

    With `machine` (`--json`), `out` gets one JSON object and `err` everything else.
    """

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        *,
        environ: Mapping[str, str],
        machine: bool = False,
        width: int | None = None,
    ) -> None:
        """Print to these streams; `width` in columns (None: the terminal's, or 100 without one)."""
        self.out = out
        self.err = err
        self.machine = machine
        self.answered = False
        self.quoted: dict[str, str] = {}
        """Texts that are not in a file, by the name that positions use."""
        # Marks our own escape sequences until they are written; no other text can contain it.
        self._escape = f"\x1b{os.urandom(8).hex()}["
        self.relocate: Callable[[Problem], Problem] = lambda problem: problem
        """Moves a problem to another place: from a single command's recipe to an option."""
        self._environ = environ
        self._color = environ.get("NANO_BANANA_COLOR", "auto")
        self._width = width

    @property
    def width(self) -> int:
        """Columns to write in, 40 or more."""
        if self._width is None:
            self._width = _terminal_columns(self.err, self._environ)
        return max(self._width, 40)

    @property
    def lively(self) -> bool:
        """Whether `err` is a terminal that can be redrawn, so that a person can be asked."""
        return self.err.isatty() and self._environ.get("TERM") != "dumb"

    def set_color(self, choice: str) -> None:
        """Set `auto`, `always` or `never`."""
        self._color = choice

    def colored(self, stream: TextIO) -> bool:
        """Whether to write colours to `stream`."""
        if self._environ.get("NO_COLOR") or self._color == "never":
            return False
        return self._color == "always" or (stream.isatty() and self._environ.get("TERM") != "dumb")

    def paint(self, style: str, text: str, *, stream: TextIO | None = None) -> str:
        """Colour `text` for `stream` (None: the results' stream)."""
        wanted = self.colored(stream or self._results)
        return f"{self._escape}{STYLES[style]}m{text}{self._escape}0m" if wanted and text else text

    def say(self, text: str = "") -> None:
        """Print a result; with `--json`, to `err`."""
        self._write(self._results, f"{text}\n")

    def note(self, text: str = "") -> None:
        """Print a remark to `err`."""
        self._write(self.err, f"{text}\n")

    def data(self, text: str) -> None:
        """Write text for programs to `out`: a schema, a CSV table."""
        self._write(self.out, text)

    def confirm(self, question: str) -> bool:
        """Ask on `err`; no without a terminal or an answer. Raises click.Abort for Ctrl-C."""
        if not self.lively or self.machine:
            return False
        try:
            return click.confirm(visible(question), err=True)
        except click.Abort as error:
            if isinstance(error.__context__, EOFError):  # stdin is closed
                self.note()
                return False
            raise

    def json(self, value: object) -> None:
        """Print the command's JSON object, which may have structs and paths. Raises RuntimeError for a second one."""
        if self.answered:
            raise RuntimeError("two JSON objects on one stdout")
        self.answered = True
        # ASCII, because a pipe's encoding is unknown, and a file name may contain half a surrogate pair.
        plain = to_builtins(value, str_keys=True, enc_hook=_plain_value)
        self.data(json.dumps(plain, indent=2).replace("\x7f", "\\u007f") + "\n")

    def table(
        self,
        rows: Sequence[Sequence[str]],
        *,
        head: Sequence[str] = (),
        indent: int = 0,
        most: int | None = None,
        spare: Sequence[str] = (),
    ) -> None:
        """Print rows in columns, two spaces apart; after `most` rows, how many more there are.

        On a terminal that is too narrow, the columns named in `spare` are left out, the first one first, until the
        words fit; then cells are wrapped at spaces. No word is broken.
        """
        lines: Sequence[Sequence[str]] = [
            [visible(cell) for cell in row] for row in ([head, *rows[:most]] if head else rows[:most])
        ]
        room = self.width - indent if self._results.isatty() else None
        lines = lines if room is None else _without_spare(lines, [*spare], room)
        widths = column_widths(lines, room)
        left = 0 if room is None else room - sum(widths[:-1]) - COLUMN_GAP * (len(widths) - 1)
        narrow = room is not None and left < widths[-1]
        for number, line in enumerate(lines):
            cells = [wrap_words(cell, width, rest=width) for cell, width in zip(line, widths, strict=True)]
            rest: list[str] = []
            if narrow:  # the last column has words that are too long: it continues below, further left
                first, *rest = wrap_words(line[-1], left, rest=self.width - indent - 4)
                cells[-1] = [first]
            for parts in zip_longest(*cells, fillvalue=""):
                text = "  ".join(map(pad, parts, widths)).rstrip()
                self.say(" " * indent + (self.paint("dim", text) if head and number == 0 else text))
            for text in rest:
                self.say(" " * (indent + 4) + text)
        if most is not None and len(rows) > most:
            self.say(f"{' ' * indent}… and {len(rows) - most:,} more")

    def problems(self, problems: Sequence[Problem]) -> None:
        """Print problems, each with its source line and carets."""
        from nano_banana.cli.diagnostics import render_problems, source_lines

        def paint(style: str, text: str) -> str:
            return self.paint(style, text, stream=self.err)

        @functools.cache
        def lines(file: str) -> list[str]:
            return self.quoted[file].split("\n") if file in self.quoted else source_lines(file)

        # A file is read once for all its problems.
        self.note(render_problems([*map(self.relocate, problems)], lines, paint=paint, width=self.width))

    def flush(self) -> None:
        """Write everything now, while a broken pipe can still be caught."""
        self.out.flush()
        self.err.flush()

    @property
    def _results(self) -> TextIO:
        return self.err if self.machine else self.out

    def _write(self, stream: TextIO, text: str) -> None:
        """The only place that writes; only `paint` can control the terminal."""
        stream.write("\x1b[".join(map(visible_lines, text.split(self._escape))))


def _plain_value(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def column_widths(lines: Sequence[Sequence[str]], room: int | None) -> list[int]:
    """The columns' widths; if `room` is too small for the widest cells, columns with spaces get narrower."""
    widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    if room is None:
        return widths
    least = [max(map(_longest_word, column)) for column in zip(*lines, strict=True)]
    excess = sum(widths) + COLUMN_GAP * (len(widths) - 1) - room
    # The last column is prose, if any is; then the widest.
    for at in sorted(range(len(widths)), key=lambda at: (at != len(widths) - 1, -widths[at])):
        less = min(max(excess, 0), widths[at] - least[at])
        widths[at] -= less
        excess -= less
    return widths


def _without_spare(lines: Sequence[Sequence[str]], spare: list[str], room: int) -> Sequence[Sequence[str]]:
    """The table without its spare columns, as far as the words need their room."""
    while spare and lines:
        least = [max(map(_longest_word, column)) for column in zip(*lines, strict=True)]
        if sum(least) + COLUMN_GAP * (len(least) - 1) <= room:
            break
        name = spare.pop(0)
        if name in lines[0]:
            at = list(lines[0]).index(name)
            lines = [[*line[:at], *line[at + 1 :]] for line in lines]
    return lines


def _longest_word(text: str) -> int:
    return max(map(display_width, text.split(" ")))


def _terminal_columns(stream: TextIO, environ: Mapping[str, str]) -> int:
    if environ.get("COLUMNS", "").isdecimal():
        return int(environ["COLUMNS"])
    try:
        return os.get_terminal_size(stream.fileno()).columns or 100
    except (OSError, ValueError):
        return 100
