"""Limits on what a template may do, and bounded operations on values.

Jinja's sandbox stops attribute access but not work: a template can still loop, multiply text or nest lists. Each
rendering has a budget of steps and characters, and every operator is replaced by one that pays from it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar

from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError

from nano_banana.model.json_values import JSONValue
from nano_banana.recipe.axis_values import AxisValue

MAX_SOURCE = 65_536
"""Characters of one template's text."""
MAX_NODES = 5_000
"""Nodes of one template's tree; a prompt has some dozens."""
MAX_FAULTS = 20
"""Faults of one template after which nobody reads on."""
MAX_OUTPUT = 20_000
"""Characters of a rendered text, and of any text made on the way."""
MAX_ITEMS = 2_000
"""Values in one list or mapping, those inside it counted too, and each 16 characters of their texts."""
MAX_STEPS = 50_000
"""Nodes of the template's tree that are run, and items that filters go through."""
MAX_CHARACTERS = 1_000_000
"""Characters written altogether, into results, variables and macros' texts."""
MAX_CALLS_DEEP = 16
"""Macros and blocks inside one another."""
MAX_DEPTH = 50
"""Nodes of a template's tree inside one another."""
MAX_NUMBER = 10**15
"""The largest number that may be computed, either sign."""


class TemplateLimitError(Exception):
    """A template went too far; whoever runs it knows where it was."""

    def __init__(self, kind: str, **data: JSONValue) -> None:
        super().__init__(kind)
        self.kind = kind
        self.data: Mapping[str, JSONValue] = data


class RenderBudget:
    """What one rendering has left. Raises OutOfBoundsError when that is nothing."""

    __slots__ = ("characters", "depth", "steps")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.characters = MAX_CHARACTERS
        self.depth = 0

    def step(self, count: int = 1) -> None:
        """Take `count` steps."""
        self.steps -= count
        if self.steps < 0:
            raise TemplateLimitError("template_too_long_running", limit=MAX_STEPS)

    def toll(self, steps: int, characters: int) -> None:
        """Pay for one turn of a loop, or one run of a macro, a block or a template."""
        self.step(steps)
        self.characters -= characters
        self.write("")

    def write(self, text: str) -> str:
        """Let `text` be written."""
        size = len(text)
        self.characters -= size
        if size > MAX_OUTPUT or self.characters < 0:
            raise TemplateLimitError("template_output_too_long", limit=MAX_OUTPUT)
        return text


RENDER_BUDGET: ContextVar[RenderBudget] = ContextVar("budget")
"""The budget of the rendering under way; Jinja hands no such thing to operators and attributes."""


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
    raise TemplateLimitError("template_not_text", what=_type_phrase(value))


def counted_text(value: object) -> str:
    """`value` as text that is written out, counted."""
    return RENDER_BUDGET.get().write(text_of(value))


def bounded(value: object) -> object:
    """`value` as it is, if it is small enough. Raises OutOfBoundsError."""
    if isinstance(value, str):
        RENDER_BUDGET.get().write(value)
    elif isinstance(value, int | float):
        if not -MAX_NUMBER <= value <= MAX_NUMBER:
            raise TemplateLimitError("template_number_too_big", limit=MAX_NUMBER)
    elif isinstance(value, list | tuple | dict):
        heavy = value_weight(value)
        if heavy > MAX_ITEMS:
            raise TemplateLimitError("template_list_too_long", limit=MAX_ITEMS)
        RENDER_BUDGET.get().step(heavy // 16)
    return value


def bounded_binary(symbol: str, left: object, right: object) -> object:
    """`left symbol right` for numbers; `+` also for texts and for lists, `*` and `%` never for texts."""
    RENDER_BUDGET.get().step()
    if isinstance(left, int | float) and isinstance(right, int | float):
        return bounded(_bounded_power(left, right) if symbol == "**" else _ARITHMETIC[symbol](left, right))
    for side in (left, right):
        if isinstance(side, StrictUndefined):
            str(side)  # raises UndefinedError, which names it
    if symbol == "+" and isinstance(left, list) and isinstance(right, list):
        return bounded(left + right)
    if symbol == "+" and isinstance(left, str | AxisValue) and isinstance(right, str | AxisValue):
        return bounded(str(left) + str(right))
    raise TypeError(f"`{symbol}` does not work between {_type_phrase(left)} and {_type_phrase(right)}")


def joined_text(*parts: object) -> str:
    """The parts as one text, which Jinja writes as `~`."""
    texts = [text_of(part) for part in parts]
    if sum(map(len, texts)) > MAX_OUTPUT:
        raise TemplateLimitError("template_output_too_long", limit=MAX_OUTPUT)
    return RENDER_BUDGET.get().write("".join(texts))


def counted_items(values: Iterable[object], charge: int = 1) -> Iterable[object]:
    """Pass the values on; each costs `charge` steps."""
    budget = RENDER_BUDGET.get()
    for value in values:
        budget.step(charge)
        yield value


def bounded_range(*bounds: int) -> list[int]:
    """`range()` as a list, its steps counted."""
    numbers = range(*bounds)
    if numbers[MAX_ITEMS:]:
        raise TemplateLimitError("template_list_too_long", limit=MAX_ITEMS)
    return list(numbers)


def _bounded_power(left: float, right: float) -> float:
    if abs(right) > 64 or abs(left) > MAX_NUMBER:
        raise TemplateLimitError("template_number_too_big", limit=MAX_NUMBER)
    result: object = left**right
    if isinstance(result, complex):
        raise SecurityError("complex numbers")
    return result if isinstance(result, int | float) else 0


def value_weight(value: object) -> int:
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


def _type_phrase(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    return {"str": "text", "bool": "true or false", "int": "a number", "float": "a number"}.get(
        type(value).__name__, "this"
    )
