"""Finds the words of a kind of problem in whichever room's table."""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
import string
from collections.abc import Mapping, Sequence

from nano_banana.cli import words
from nano_banana.cli.amounts import money, size
from nano_banana.cli.cells import one_line
from nano_banana.cli.words.wording import Wording
from nano_banana.core.json import JSONValue
from nano_banana.core.problem import Problem

NOT_TABLES = {"index", "wording"}


@functools.cache
def tables() -> Mapping[str, Mapping[str, Wording]]:
    """Every room's words, by the name of its module; imported on the first error, not before."""
    names = sorted(found.name for found in pkgutil.iter_modules(words.__path__) if found.name not in NOT_TABLES)
    return {name: importlib.import_module(f"{words.__name__}.{name}").WORDS for name in names}


def wording(kind: str) -> Wording:
    """The words of `kind`; a kind without any is at least readable."""
    for table in tables().values():
        if kind in table:
            return table[kind]
    return Wording(kind.replace("_", " "))


def say(problem: Problem) -> tuple[str, str]:
    """What is wrong and what to do about it, in words; the second may be empty."""
    words_of_kind = wording(problem.kind)
    return fill(words_of_kind.say, problem.data), fill(words_of_kind.hint, problem.data)


def fill(template: str, data: Mapping[str, JSONValue]) -> str:
    """Put data into words. A field without data stays as it is: an error about an error helps nobody."""
    return _Filler().vformat(template, (), data)


class _Filler(string.Formatter):
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
            return size(value)
        if format_spec == "more" and isinstance(value, int):
            return f", and {value:,} more" if value else ""
        try:
            return str(format(_readable(value), format_spec))
        except (TypeError, ValueError):
            return str(_readable(value))


def _readable(value: object) -> object:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    if isinstance(value, Mapping):
        return one_line(json.dumps(value, ensure_ascii=False, default=str))
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Sequence):
        return ", ".join(str(_readable(item)) for item in value)
    return value
