"""A file of pairs of pictures, read with a place for every mistake."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.problem import Place, Problem

TRUTHS: Mapping[str, bool | None] = {
    **dict.fromkeys(("1", "1.0", "true", "yes", "same"), True),
    **dict.fromkeys(("0", "0.0", "false", "no", "different"), False),
    "": None,
}
"""What may stand under `truth`, in any case of letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two pictures as they were named, and whether they are known to show one person (None: nobody says)."""

    a: str
    b: str
    truth: bool | None = None


def read_pairs(file: Path) -> list[Pair]:
    """The pairs of a CSV file with the columns `a`, `b` and, if it likes, `truth`; others are passed over.

    UTF-8, with or without a mark at its begin; commas, semicolons or tabs; spaces around values do not count, and
    neither do empty lines. Raises Invalid with every mistake: `pairs_missing`, `file_unreadable`, `pairs_not_text`,
    `pairs_header`, `pairs_row`, `pairs_truth`, `pairs_quotes`.
    """
    rows = _rows(file)
    line, head = next(rows, (1, []))
    columns = {name.casefold(): at for at, name in reversed(list(enumerate(head)))}
    if not {"a", "b"} <= set(columns):
        raise Invalid([trouble("pairs_header", place=_place(file, line), found=", ".join(head) or "nothing")])
    pairs: list[Pair] = []
    problems: list[Problem] = []
    for number, row in rows:
        cells = {name: row[at] if at < len(row) else "" for name, at in columns.items()}
        missing = [name for name in ("a", "b") if not cells[name]]
        truth = cells.get("truth", "").casefold()
        if missing:
            problems.append(trouble("pairs_row", place=_place(file, number), missing=missing))
        elif truth not in TRUTHS:
            problems.append(trouble("pairs_truth", place=_place(file, number), found=cells["truth"]))
        else:
            pairs.append(Pair(a=cells["a"], b=cells["b"], truth=TRUTHS[truth]))
    if problems:
        raise Invalid(problems)
    return pairs


def _rows(file: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Each row that is not empty, and the line that it begins on."""
    text = io.StringIO(_text(file), newline=None)
    head = text.readline()
    text.seek(0)
    delimiter = next((sign for sign in ",;\t" if sign in head), ",")
    # Not strict: `"a.jpg" , "b.jpg"` is plain enough.
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            if any("\n" in cell for cell in row):
                raise Invalid([trouble("pairs_quotes", place=_place(file, line))])
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise Invalid([trouble("pairs_quotes", place=_place(file, line))]) from error


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid([trouble("pairs_not_text", file=str(file))]) from error
    except FileNotFoundError as error:
        raise Invalid([trouble("pairs_missing", file=str(file))]) from error
    except OSError as error:
        raise Invalid([trouble("file_unreadable", path=str(file), why=error.strerror)]) from error


def _place(file: Path, line: int) -> Place:
    return Place(file=str(file), line=line, column=1)
