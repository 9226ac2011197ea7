"""The one object that prints: results, notes, tables, problems and JSON."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO, TypeAlias

import click

from nano_banana.cli.formatting import display_width, pad, visible, visible_lines, wrap_words
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Problem

STYLES = {"bold": "1", "dim": "2", "red": "1;31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}

MIN_COLUMN = 12
"""Columns that a table's last column is broken into; with less room the terminal may do it."""

Painter: TypeAlias = Callable[[str, str], str]
"""Colours a text in a style of `STYLES`, or leaves it plain."""


class Screen:
    """Writes results to `out` and remarks to `err`.

    `machine` is what `--json` asks for: one JSON object alone on `out`, all else on `err`.
    `color` None means: where a terminal shows it and nobody said no (`NO_COLOR`).
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
        """Print to these streams; `width` in columns (None: the terminal's own, 100 where there is none)."""
        self.out = out
        self.err = err
        self.machine = machine
        self.answered = False
        self.quoted: dict[str, str] = {}
        """Texts that are in no file, by the name that places call them."""
        # Stands for our own escape sequences until they are written: nobody else's text can hold it.
        self._escape = f"\x1b{os.urandom(8).hex()}["
        self.relocate: Callable[[Problem], Problem] = lambda problem: problem
        """Where a problem is to be shown: what a single command's recipe says wrong is wrong in an option."""
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
        """Whether a person watches `err`, so that a picture on it may move."""
        return self.err.isatty() and self._environ.get("TERM") != "dumb"

    def set_color(self, choice: str) -> None:
        """Take `auto`, `always` or `never` from the settings."""
        self._color = choice

    def colored(self, stream: TextIO) -> bool:
        """Whether colour may go to `stream`."""
        if self._environ.get("NO_COLOR") or self._color == "never":
            return False
        return self._color == "always" or (stream.isatty() and self._environ.get("TERM") != "dumb")

    def paint(self, style: str, text: str, *, stream: TextIO | None = None) -> str:
        """Colour `text` for `stream` (`out`, if not said)."""
        wanted = self.colored(stream or self._results)
        return f"{self._escape}{STYLES[style]}m{text}{self._escape}0m" if wanted and text else text

    def say(self, text: str = "") -> None:
        """Print a result for people; with `--json` it makes way to `err`."""
        self._write(self._results, f"{text}\n")

    def note(self, text: str = "") -> None:
        """Print a remark that is no result."""
        self._write(self.err, f"{text}\n")

    def data(self, text: str) -> None:
        """Write a text for programs to `out`: a schema, a CSV table."""
        self._write(self.out, text)

    def confirm(self, question: str) -> bool:
        """Ask a person on `err`; without one, or without an answer, it is no. Raises click.Abort for Ctrl-C."""
        if not self.lively or self.machine:
            return False
        try:
            return click.confirm(visible(question), err=True)
        except click.Abort as error:
            if isinstance(error.__context__, EOFError):  # stdin is closed, or was
                self.note()
                return False
            raise

    def json(self, value: JSONValue) -> None:
        """Print the one JSON object that a program reads. A second one is a bug of ours."""
        if self.answered:
            raise RuntimeError("two JSON objects on one stdout")
        self.answered = True
        # ASCII: a pipe's encoding is anybody's guess, and a file's name may hold half a surrogate pair.
        self.data(json.dumps(value, indent=2).replace("\x7f", "\\u007f") + "\n")

    def table(self, rows: Sequence[Sequence[str]], *, head: Sequence[str] = (), indent: int = 0) -> None:
        """Print rows in columns as wide as their widest cell, two spaces apart.

        On a terminal that is too narrow the last column is broken at blanks, and goes on below itself, or further
        left where its words have no room there.
        """
        lines = [[visible(cell) for cell in row] for row in ([head, *rows] if head else rows)]
        widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
        begins = indent + sum(widths[:-1]) + 2 * (len(widths) - 1)
        room = self.width - begins if self._results.isatty() else 0
        words = max((display_width(word) for line in lines for word in line[-1].split()), default=0)
        goes_on = begins if words <= room else indent + 4
        for number, line in enumerate(lines):
            last, *more = wrap_words(line[-1], room, rest=self.width - goes_on) if room >= MIN_COLUMN else line[-1:]
            text = "  ".join(map(pad, [*line[:-1], last], widths)).rstrip()
            self.say(" " * indent + (self.paint("dim", text) if head and number == 0 else text))
            for rest in more:
                self.say(" " * goes_on + rest)

    def problems(self, problems: Sequence[Problem]) -> None:
        """Print what is wrong, each with its line and a caret."""
        from nano_banana.cli.diagnostics import render_problems, source_lines

        def paint(style: str, text: str) -> str:
            return self.paint(style, text, stream=self.err)

        @functools.cache
        def lines(file: str) -> list[str]:
            return self.quoted[file].split("\n") if file in self.quoted else source_lines(file)

        # A file is read once for all its problems, and anew for the next command.
        self.note(render_problems([*map(self.relocate, problems)], lines, paint=paint, width=self.width))

    def flush(self) -> None:
        """Push everything out now, while a broken pipe can still be caught."""
        self.out.flush()
        self.err.flush()

    @property
    def _results(self) -> TextIO:
        return self.err if self.machine else self.out

    def _write(self, stream: TextIO, text: str) -> None:
        """The one place that writes: nothing steers the terminal but `paint`."""
        stream.write("\x1b[".join(map(visible_lines, text.split(self._escape))))


def _terminal_columns(stream: TextIO, environ: Mapping[str, str]) -> int:
    if environ.get("COLUMNS", "").isdecimal():
        return int(environ["COLUMNS"])
    try:
        return os.get_terminal_size(stream.fileno()).columns or 100
    except (OSError, ValueError):
        return 100
