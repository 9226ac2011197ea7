"""The filters and tests that prompts may use, each within bounds."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ParamSpec

from jinja2 import Environment, StrictUndefined
from jinja2.utils import pass_environment

from nano_banana.recipe.templates.bounds import bounded, counted, text_of
from nano_banana.recipe.templates.budget import BUDGET, MAX_OUTPUT, OutOfBoundsError

P = ParamSpec("P")

_FILTERS = """
    abs count d default dictsort first float int items last length list map max min reject rejectattr reverse
    select selectattr sort unique
"""
_TEXT_FILTERS = "capitalize lower title trim truncate upper wordcount"
_TESTS = """
    boolean defined divisibleby eq equalto even false float ge gt greaterthan in integer iterable le lessthan
    lower lt mapping ne none number odd sequence string true undefined upper == != > >= < <=
"""
"""Those of Jinja's own that words, numbers and lists need."""


def narrow(environment: Environment) -> None:
    """Take from `environment` every filter and test that a prompt does not need, and bound the others."""
    given = dict(environment.filters)
    environment.filters.clear()
    for name in _FILTERS.split():
        environment.filters[name] = _guarded(given[name])
    for name in _TEXT_FILTERS.split():
        environment.filters[name] = _guarded(_worded(given[name]))
    environment.filters["join"] = _guarded(_join)
    environment.filters["replace"] = _guarded(_replace)
    environment.filters["round"] = _guarded(_round)
    environment.filters["string"] = _guarded(text_of)
    environment.filters["sum"] = _guarded(_sum)
    for name in environment.tests.keys() - set(_TESTS.split()):
        del environment.tests[name]


def _guarded(call: Callable[P, object]) -> Callable[P, object]:
    """`call`, its input paid for, its result a value of bounded size and never a generator."""

    @functools.wraps(call)
    def guarded(*args: P.args, **options: P.kwargs) -> object:
        BUDGET.get().step(1 + sum(_size(value) for value in args))
        result = call(*args, **options)
        return bounded(list(counted(result)) if isinstance(result, Iterator) else result)

    return guarded


def _worded(call: Callable[P, object]) -> Callable[P, object]:
    """`call` for what text says: nothing is an empty text, and a list or a mapping is refused.

    Jinja would take the Python spelling of each.
    """

    @functools.wraps(call)
    def worded(*args: P.args, **options: P.kwargs) -> object:
        given: list[object] = list(args)
        at = 1 if isinstance(given[0], Environment) else 0  # Jinja hands it to filters that ask for it
        for value in given:
            if isinstance(value, list | tuple | dict):
                text_of(value)  # raises OutOfBoundsError, which says what it is
        given[at] = "" if given[at] is None else given[at]
        return call(*given, **options)  # type: ignore[arg-type]  # the same arguments, but for nothing

    return worded


def _size(value: object) -> int:
    if isinstance(value, str):
        return len(value) // 256
    return len(value) if isinstance(value, list | tuple | dict) else 0


@pass_environment
def _join(
    environment: Environment, values: Iterable[object], between: object = "", attribute: str | int | None = None
) -> str:
    items = [value if attribute is None else environment.getitem(value, attribute) for value in values]
    texts = [text_of(item) for item in items]
    separator = text_of(between)
    if sum(map(len, texts)) + len(separator) * len(texts) > MAX_OUTPUT:
        raise OutOfBoundsError("template_output_too_long", limit=MAX_OUTPUT)
    return separator.join(texts)


def _replace(value: object, old: object, new: object, count: int = -1) -> str:
    text, before, after = text_of(value), text_of(old), text_of(new)
    if text.count(before) * len(after) > MAX_OUTPUT:
        raise OutOfBoundsError("template_output_too_long", limit=MAX_OUTPUT)
    return text.replace(before, after, count)


def _round(value: float, precision: int = 0) -> float:
    if not 0 <= precision <= 15:
        raise OutOfBoundsError("template_number_too_big", limit=15)
    return round(value, precision) if precision else float(round(value))


def _sum(values: Iterable[object], start: float = 0) -> float:
    total = start
    for value in values:
        if not isinstance(value, int | float):
            raise TypeError("`sum` adds numbers only")
        total += value
    return total


def turns(values: object, charge: int) -> object:
    """What a `for` goes through; `charge` steps an item, for the loop's own `if`."""
    if isinstance(values, StrictUndefined):
        return iter(values)  # raises UndefinedError, which names it
    if isinstance(values, Mapping | list | tuple | str):
        BUDGET.get().step(len(values) * charge)
        return values
    if isinstance(values, Iterable):
        return list(counted(values, charge))
    raise TypeError("this cannot be gone through with `for`")


def toll(steps: int, characters: int) -> str:
    """What stands at the head of every body that may run more than once."""
    BUDGET.get().toll(steps, characters)
    return ""
