"""A project's own endpoints: read, checked, every fault with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from nano_banana.catalog.build import build
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.faults import Fault, faults
from nano_banana.catalog.text import Text, parse
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.problem import Place, Problem


def own_endpoints(folder: Path, read: Callable[[Path], str]) -> tuple[Endpoint, ...]:
    """The endpoints of `folder/*.yaml` in the order of their names; none where there is no folder.

    Raises Invalid with all problems of all files.
    """
    texts: list[Text] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.y*ml")):
        try:
            text = parse(read(path), file=str(path))
        except Invalid as error:
            problems.extend(error.problems)
        except (OSError, UnicodeDecodeError) as error:
            place = Place(file=str(path), line=1, column=1)
            problems.append(trouble("endpoint_unreadable", place=place, says=type(error).__name__))
        else:
            wrong = [_problem(text, fault) for fault in faults(text.value)]
            problems.extend(wrong)
            if not wrong:
                texts.append(text)
    problems.extend(_twice(texts))
    if problems:
        raise Invalid(problems)
    return tuple(build(cast(JSONObject, text.value)) for text in texts)


def _problem(text: Text, fault: Fault) -> Problem:
    return Problem(kind=fault.kind, place=text.place(fault.path), data=fault.data, suggestions=fault.suggestions)


def _twice(texts: list[Text]) -> Iterator[Problem]:
    first: dict[str, Text] = {}
    for text in texts:
        name = cast(str, cast(JSONObject, text.value)["id"])
        if name in first:
            before = first[name].places[("id",)]
            where = f"{before.file}:{before.line}"
            yield trouble("endpoint_twice", place=text.places[("id",)], endpoint=name, first=where)
        else:
            first[name] = text
