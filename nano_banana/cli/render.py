"""Problems as text: what is wrong, where, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nano_banana.cli.cells import visible
from nano_banana.cli.snippet import snippet
from nano_banana.cli.words.index import say
from nano_banana.core.problem import Place, Problem

Lines = Callable[[str], list[str]]
Paint = Callable[[str, str], str]


def plain(_style: str, text: str) -> str:
    """Paint nothing."""
    return text


def render(
    problems: Sequence[Problem],
    lines: Lines,
    *,
    paint: Paint = plain,
    width: int = 100,
    cwd: Path | None = None,
) -> str:
    """Write the problems sorted by place, and under more than one how many they are.

    `lines` gives the lines of a file (none: no line is shown); files under `cwd` (None: the working
    folder) are named from there.
    """
    here = cwd or _working_folder()
    ordered = sorted(problems, key=lambda problem: problem.order)
    blocks = ["\n".join(_block(problem, lines, paint, width, here)) for problem in ordered]
    if len(blocks) > 1:
        blocks.append(summary(ordered, here))
    return "\n\n".join(blocks)


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was deleted
        return Path("/")


def summary(problems: Sequence[Problem], cwd: Path) -> str:
    """Count them: `3 problems and 1 warning in recipe.yaml`."""
    warnings = sum(problem.warning for problem in problems)
    counts = [(len(problems) - warnings, "problem"), (warnings, "warning")]
    said = " and ".join(numbered(count, noun) for count, noun in counts if count)
    places = [problem.place for problem in problems if problem.place]
    files = list(dict.fromkeys(place.file for place in places if not is_said(place)))
    if not files:
        return said
    return f"{said} in {shown(files[0], cwd) if len(files) == 1 else numbered(len(files), 'file')}"


def numbered(count: int, noun: str) -> str:
    """`1 problem`, `2 problems`; never `problem(s)`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def shown(file: str, cwd: Path) -> str:
    """A file's name as the user would type it: from `cwd` where it lies under it."""
    path = Path(file)
    return visible(str(path.relative_to(cwd)) if path.is_relative_to(cwd) else file)


def spot(place: Place, cwd: Path) -> str:
    """A place as the user would look it up; what a command line says has no lines."""
    return place.file if is_said(place) else f"{shown(place.file, cwd)}:{place.line}:{place.column}"


def is_said(place: Place) -> bool:
    """Whether it is on the command line, and in no file."""
    return place.file.startswith(("option ", "argument "))


def _block(problem: Problem, lines: Lines, paint: Paint, width: int, cwd: Path) -> Iterator[str]:
    what, hint = say(problem)
    label = paint("yellow", "warning") if problem.warning else paint("red", "error")
    yield f"{label}{paint('bold', ': ' + visible(what))}"
    gutter = 1
    if problem.place is not None:
        gutter = len(str(problem.place.line))
        yield from _spot(problem, problem.place, lines, paint, width, cwd)
    margin = " " * (gutter + 1)
    if problem.suggestions:
        names = [f"`{visible(name)}`" for name in problem.suggestions]
        said = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        yield f"{margin}{paint('blue', '=')} did you mean {said}?"
    if hint:
        yield f"{margin}{paint('blue', '=')} help: {visible(hint)}"


def _spot(problem: Problem, place: Place, lines: Lines, paint: Paint, width: int, cwd: Path) -> Iterator[str]:
    number = str(place.line)
    margin = " " * len(number)
    yield f"{margin}{paint('blue', '——▶')} {spot(place, cwd)}"
    text = lines(place.file)
    if not 1 <= place.line <= len(text):
        return
    bar = paint("blue", f"{margin} │")
    line, carets = snippet(text[place.line - 1], place.column, place.length, width=width - len(number) - 3)
    yield bar
    yield f"{paint('blue', f'{number} │')} {line}".rstrip()
    yield f"{bar} {carets.replace('^', '')}{paint('yellow' if problem.warning else 'red', carets.lstrip())}"
