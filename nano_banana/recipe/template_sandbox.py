"""The Jinja sandbox: allowed filters, tests, methods and functions.

Narrowed to the values that a recipe is made of: no attribute of a Python object, no file, and no number or text without
bounds. Everything is an allow-list.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Generic, ParamSpec

from jinja2 import Environment, StrictUndefined, Template, TemplateNotFound
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, TemplateReference
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, missing, pass_context, pass_environment

from nano_banana.recipe import template_syntax
from nano_banana.recipe.template_budget import (
    MAX_CALLS_DEEP,
    MAX_OUTPUT,
    RENDER_BUDGET,
    TemplateLimitError,
    bounded,
    bounded_binary,
    bounded_range,
    counted_items,
    counted_text,
    joined_text,
    text_of,
)
from nano_banana.recipe.template_syntax import OffsetLexer

P = ParamSpec("P")

_ALLOWED_FILTERS = """
    abs count d default dictsort first float int items last length list map max min reject rejectattr reverse
    select selectattr sort unique
"""
_TEXT_FILTERS = "capitalize lower title trim truncate upper wordcount"
_ALLOWED_TESTS = """
    boolean defined divisibleby eq equalto even false float ge gt greaterthan in integer iterable le lessthan
    lower lt mapping ne none number odd sequence string true undefined upper == != > >= < <=
"""
"""Those of Jinja's own that words, numbers and lists need."""


def restrict_words(environment: Environment) -> None:
    """Take from `environment` every filter and test that a prompt does not need, and bound the others."""
    given = dict(environment.filters)
    environment.filters.clear()
    for name in _ALLOWED_FILTERS.split():
        environment.filters[name] = _guarded(given[name])
    for name in _TEXT_FILTERS.split():
        environment.filters[name] = _guarded(_text_input(given[name]))
    environment.filters["join"] = _guarded(_join)
    environment.filters["replace"] = _guarded(_replace)
    environment.filters["round"] = _guarded(_round)
    environment.filters["string"] = _guarded(text_of)
    environment.filters["sum"] = _guarded(_sum)
    for name in environment.tests.keys() - set(_ALLOWED_TESTS.split()):
        del environment.tests[name]


def _guarded(call: Callable[P, object]) -> Callable[P, object]:
    """`call`, its input paid for, its result a value of bounded size and never a generator."""

    @functools.wraps(call)
    def guarded(*args: P.args, **options: P.kwargs) -> object:
        RENDER_BUDGET.get().step(1 + sum(_input_size(value) for value in args))
        result = call(*args, **options)
        return bounded(list(counted_items(result)) if isinstance(result, Iterator) else result)

    return guarded


def _text_input(call: Callable[P, object]) -> Callable[P, object]:
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


def _input_size(value: object) -> int:
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
        raise TemplateLimitError("template_output_too_long", limit=MAX_OUTPUT)
    return separator.join(texts)


def _replace(value: object, old: object, new: object, count: int = -1) -> str:
    text, before, after = text_of(value), text_of(old), text_of(new)
    if text.count(before) * len(after) > MAX_OUTPUT:
        raise TemplateLimitError("template_output_too_long", limit=MAX_OUTPUT)
    return text.replace(before, after, count)


def _round(value: float, precision: int = 0) -> float:
    if not 0 <= precision <= 15:
        raise TemplateLimitError("template_number_too_big", limit=15)
    return round(value, precision) if precision else float(round(value))


def _sum(values: Iterable[object], start: float = 0) -> float:
    total = start
    for value in values:
        if not isinstance(value, int | float):
            raise TypeError("`sum` adds numbers only")
        total += value
    return total


def loop_items(values: object, charge: int) -> object:
    """What a `for` goes through; `charge` steps an item, for the loop's own `if`."""
    if isinstance(values, StrictUndefined):
        return iter(values)  # raises UndefinedError, which names it
    if isinstance(values, Mapping | list | tuple | str):
        RENDER_BUDGET.get().step(len(values) * charge)
        return values
    if isinstance(values, Iterable):
        return list(counted_items(values, charge))
    raise TypeError("this cannot be gone through with `for`")


def charge_budget(steps: int, characters: int) -> str:
    """What stands at the head of every body that may run more than once."""
    RENDER_BUDGET.get().toll(steps, characters)
    return ""


TEXT_METHODS = frozenset(
    {
        *("capitalize", "endswith", "lower", "lstrip", "removeprefix", "removesuffix"),
        *("rstrip", "split", "startswith", "strip", "title", "upper"),
    }
)
MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})
LOOP_ATTRIBUTES = frozenset(
    {
        *("changed", "cycle", "depth", "depth0", "first", "index", "index0"),
        *("last", "length", "nextitem", "previtem", "revindex", "revindex0"),
    }
)


class AllowedFunction(Generic[P]):
    """A function that templates may call; its result is bounded."""

    def __init__(self, function: Callable[P, object]) -> None:
        self._function = function

    def __call__(self, *args: P.args, **options: P.kwargs) -> object:
        """Call it. Raises OutOfBoundsError where the result is too big."""
        result = self._function(*args, **options)
        if isinstance(result, Iterable) and not isinstance(result, str | tuple | Mapping):
            result = list(result)
        return bounded(result)


class UndefinedName(StrictUndefined):
    """A name that nothing defines; any use of it raises UndefinedError."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        """The name, then the names there are, a line each: data for whoever catches the error."""
        if self._undefined_hint:
            return self._undefined_hint
        owner: object = self._undefined_obj
        known = [str(name) for name in owner] if isinstance(owner, Mapping) else []
        return "\n".join([str(self._undefined_name), "name" if owner is missing else "field", *known])


@pass_context
def _finalize(_context: Context, value: object) -> str:
    """Taking the context keeps Jinja from writing constants when it compiles, before there is a budget."""
    return counted_text(value)


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """Reaches no attribute of a Python object, no file, and no number or text without bounds."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(
            undefined=UndefinedName, finalize=_finalize, keep_trailing_newline=True, optimized=False, autoescape=False
        )
        restrict_words(self)
        self.filters |= {
            template_syntax.CHARGE_FILTER: charge_budget,
            template_syntax.LOOP_FILTER: loop_items,
            template_syntax.LITERAL_FILTER: bounded,
            template_syntax.CONCAT_FILTER: joined_text,
        }
        self.globals.clear()
        self.globals |= {"range": AllowedFunction(bounded_range), "namespace": AllowedFunction(Namespace)}
        self.included: dict[str, Template] = {}
        self._lexer = OffsetLexer(self)

    @property
    def lexer(self) -> OffsetLexer:
        """One whose tokens carry offsets."""
        return self._lexer

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,  # noqa: ARG002 — names are never relative to it
        globals: MutableMapping[str, object] | None = None,  # noqa: A002, ARG002 — Jinja's name for it; included files have none of their own
    ) -> Template:
        """A template file that was read when the template that names it was compiled."""
        if isinstance(name, Template):
            return name
        if name not in self.included:
            raise TemplateNotFound(name)
        return self.included[name]

    def getattr(self, obj: object, attribute: str) -> object:
        """`obj.attribute`: a field of a mapping, or one of a few harmless methods."""
        if isinstance(obj, Mapping):
            if attribute in obj:
                return obj[attribute]
            if attribute in MAPPING_METHODS:
                return AllowedFunction(getattr(obj, attribute))
        elif isinstance(obj, str):
            if attribute in TEXT_METHODS:
                return AllowedFunction(getattr(obj, attribute))
        elif not attribute.startswith("_"):
            return self._of_jinja(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: object, argument: object) -> object:
        """`obj[argument]`: an item of a mapping, a list or a text, else as `obj.argument`."""
        if isinstance(obj, list | tuple | str) and isinstance(argument, int):
            if -len(obj) <= argument < len(obj):
                return obj[argument]
        elif isinstance(argument, str):
            return self.getattr(obj, argument)
        elif isinstance(obj, Mapping) and isinstance(argument, int) and argument in obj:
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument) if isinstance(argument, int) else "?")

    def call(__self, __context: Context, __obj: object, *args: object, **kwargs: object) -> object:  # noqa: N805, PYI063 — Jinja's names: a template's own keywords may be called anything
        """Call a macro, a block or one of our own functions, a step each, not too deep."""
        if not isinstance(__obj, AllowedFunction | Macro | BlockReference | StrictUndefined):
            raise SecurityError("a call")
        budget = RENDER_BUDGET.get()
        budget.step()
        budget.depth += 1
        if budget.depth > MAX_CALLS_DEEP:
            raise TemplateLimitError("template_too_deep", limit=MAX_CALLS_DEEP)
        result: object = __context.call(__obj, *args, **kwargs)
        budget.depth -= 1
        return result

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:  # noqa: ARG002 — Jinja's shape
        """`left operator right`, with bounds."""
        return bounded_binary(operator, left, right)

    def _of_jinja(self, obj: object, attribute: str) -> object:
        """What Jinja itself puts before a template: loops, namespaces, imported macros, blocks."""
        if isinstance(obj, LoopContext) and attribute in LOOP_ATTRIBUTES:
            found: object = getattr(obj, attribute)
            return AllowedFunction(found) if callable(found) else found
        if isinstance(obj, Namespace):
            return getattr(obj, attribute, self.undefined(obj=obj, name=attribute))
        if isinstance(obj, TemplateModule):
            return vars(obj).get(attribute, self.undefined(obj=obj, name=attribute))
        if isinstance(obj, TemplateReference):
            return obj[attribute]
        if isinstance(obj, StrictUndefined):
            return obj  # `default` and `is defined` look at it; any other use raises UndefinedError, which names it
        return self.undefined(obj=obj, name=attribute)
