"""A compiled template, which renders within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Template as JinjaTemplate
from jinja2.exceptions import TemplateError

from nano_banana.core.json import JSONValue
from nano_banana.recipe.axis_value import AxisValue
from nano_banana.recipe.templates.bounds import text_of
from nano_banana.recipe.templates.budget import BUDGET, MAX_OUTPUT, Budget, OutOfBoundsError
from nano_banana.recipe.templates.normalise import normalise
from nano_banana.recipe.templates.parsed import Parsed
from nano_banana.recipe.templates.running import fault_in

RESULT = "_whole"
"""The variable that holds the value of a text that is wholly one expression."""

_FAILURES = (
    TemplateError,
    OutOfBoundsError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Template:
    """Renders a text for a context of JSON values and axis values.

    `uses` are the free names, with the fields read from them: `subject`, `subject.trigger`. `files` are
    the template files that it includes.
    """

    def __init__(
        self,
        parsed: Parsed,
        compiled: JinjaTemplate,
        uses: frozenset[str],
        included: Mapping[str, Parsed],
        *,
        as_value: bool = False,
    ) -> None:
        self._parsed = parsed
        self._compiled = compiled
        self._included = included
        self._as_value = as_value
        self.uses = uses
        self.files: tuple[Path, ...] = tuple(sorted({part.file for part in included.values() if part.file}))

    def render(self, context: Mapping[str, object]) -> str:
        """The rendered text in its normal form. Raises TemplateFault."""
        return normalise(self.raw(context))

    def raw(self, context: Mapping[str, object]) -> str:
        """The rendered text as it comes. Raises TemplateFault."""
        return self._run(context)[0]

    def value(self, context: Mapping[str, object], budget: Budget | None = None) -> JSONValue:
        """What the expression comes to where the text was compiled as one, else the text. Raises TemplateFault."""
        text, value = self._run(context, budget)
        return value if self._as_value else text

    def _run(self, context: Mapping[str, object], budget: Budget | None = None) -> tuple[str, JSONValue]:
        token = BUDGET.set(budget or Budget())
        try:
            state = self._compiled.new_context(dict(context))
            text = "".join(self._compiled.root_render_func(state))
            if len(text) > MAX_OUTPUT:
                raise OutOfBoundsError("template_output_too_long", limit=MAX_OUTPUT)
            return _sayable(text), plain(state.vars[RESULT]) if RESULT in state.vars else None
        except _FAILURES as error:
            raise fault_in(error, self._parsed, self._included, context) from None
        finally:
            BUDGET.reset(token)


def plain(value: object) -> JSONValue:
    """`value` as JSON. Raises OutOfBoundsError (template_not_value, template_not_unicode) for what JSON cannot hold."""
    if isinstance(value, str):
        return _sayable(value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, AxisValue):
        return str(value)
    if isinstance(value, dict):
        return {text_of(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    str(value)  # raises UndefinedError, which names it, where that is what it is
    raise OutOfBoundsError("template_not_value")


def _sayable(text: str) -> str:
    """The text, if it is one: bytes of the environment that are no UTF-8 come as halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise OutOfBoundsError("template_not_unicode", what=ascii(text[error.start])[1:-1]) from error
    return text
