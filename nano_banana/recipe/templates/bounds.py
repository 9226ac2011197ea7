"""Operations on values that cannot grow without bound."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping

from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError

from nano_banana.recipe.axis_value import AxisValue
from nano_banana.recipe.templates.budget import BUDGET, MAX_ITEMS, MAX_NUMBER, MAX_OUTPUT, OutOfBoundsError

_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def text_of(value: object) -> str:
    """`value` as a prompt says it: nothing for None, `true` and `false`, else text and numbers.

    Raises OutOfBoundsError (template_not_text) for lists, mappings and what else is no text, whose
    Python spelling nobody wants in a prompt.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | AxisValue):
        return str(value)
    if isinstance(value, StrictUndefined):
        return str(value)  # raises UndefinedError, which names it
    raise OutOfBoundsError("template_not_text", what=_called(value))


def written(value: object) -> str:
    """`value` as text that is written out, counted."""
    return BUDGET.get().write(text_of(value))


def bounded(value: object) -> object:
    """`value` as it is, if it is small enough. Raises OutOfBoundsError."""
    if isinstance(value, str):
        BUDGET.get().write(value)
    elif isinstance(value, int | float):
        if not -MAX_NUMBER <= value <= MAX_NUMBER:
            raise OutOfBoundsError("template_number_too_big", limit=MAX_NUMBER)
    elif isinstance(value, list | tuple | dict):
        heavy = weight(value)
        if heavy > MAX_ITEMS:
            raise OutOfBoundsError("template_list_too_long", limit=MAX_ITEMS)
        BUDGET.get().step(heavy // 16)
    return value


def binary(symbol: str, left: object, right: object) -> object:
    """`left symbol right` for numbers; `+` also for texts and for lists, `*` and `%` never for texts."""
    BUDGET.get().step()
    if isinstance(left, int | float) and isinstance(right, int | float):
        return bounded(_power(left, right) if symbol == "**" else _ARITHMETIC[symbol](left, right))
    for side in (left, right):
        if isinstance(side, StrictUndefined):
            str(side)  # raises UndefinedError, which names it
    if symbol == "+" and isinstance(left, list) and isinstance(right, list):
        return bounded(left + right)
    if symbol == "+" and isinstance(left, str | AxisValue) and isinstance(right, str | AxisValue):
        return bounded(str(left) + str(right))
    raise TypeError(f"`{symbol}` does not work between {_called(left)} and {_called(right)}")


def joined(*parts: object) -> str:
    """The parts as one text, which Jinja writes as `~`."""
    texts = [text_of(part) for part in parts]
    if sum(map(len, texts)) > MAX_OUTPUT:
        raise OutOfBoundsError("template_output_too_long", limit=MAX_OUTPUT)
    return BUDGET.get().write("".join(texts))


def counted(values: Iterable[object], charge: int = 1) -> Iterable[object]:
    """Pass the values on; each costs `charge` steps."""
    budget = BUDGET.get()
    for value in values:
        budget.step(charge)
        yield value


def bounded_range(*bounds: int) -> list[int]:
    """`range()` as a list, its steps counted."""
    numbers = range(*bounds)
    if numbers[MAX_ITEMS:]:
        raise OutOfBoundsError("template_list_too_long", limit=MAX_ITEMS)
    return list(numbers)


def _power(left: float, right: float) -> float:
    if abs(right) > 64 or abs(left) > MAX_NUMBER:
        raise OutOfBoundsError("template_number_too_big", limit=MAX_NUMBER)
    result: object = left**right
    if isinstance(result, complex):
        raise SecurityError("complex numbers")
    return result if isinstance(result, int | float) else 0


def weight(value: object) -> int:
    """How many values `value` is, those inside it too; stops counting above MAX_ITEMS."""
    total = 0
    waiting = [value]
    while waiting and total <= MAX_ITEMS:
        item = waiting.pop()
        total += 1
        if isinstance(item, str):
            total += len(item) // 16
        elif isinstance(item, list | tuple | dict):
            if total + len(item) > MAX_ITEMS:
                return MAX_ITEMS + 1
            waiting.extend(item.values() if isinstance(item, dict) else item)
    return total


def _called(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    return {"str": "text", "bool": "true or false", "int": "a number", "float": "a number"}.get(
        type(value).__name__, "this"
    )
