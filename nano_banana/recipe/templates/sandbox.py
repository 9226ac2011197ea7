"""Jinja's sandbox, narrowed to the values that a recipe is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Generic, ParamSpec

from jinja2 import StrictUndefined, Template, TemplateNotFound
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, TemplateReference
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, missing, pass_context

from nano_banana.recipe.templates import shape
from nano_banana.recipe.templates.bounds import binary, bounded, bounded_range, joined, written
from nano_banana.recipe.templates.budget import BUDGET, MAX_CALLS_DEEP, OutOfBoundsError
from nano_banana.recipe.templates.filters import narrow, toll, turns
from nano_banana.recipe.templates.lexer import OffsetLexer

P = ParamSpec("P")

TEXT_METHODS = frozenset(
    {
        *("capitalize", "endswith", "lower", "lstrip", "removeprefix", "removesuffix"),
        *("rstrip", "split", "startswith", "strip", "title", "upper"),
    }
)
MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})
LOOP_FIELDS = frozenset(
    {
        *("changed", "cycle", "depth", "depth0", "first", "index", "index0"),
        *("last", "length", "nextitem", "previtem", "revindex", "revindex0"),
    }
)


class Allowed(Generic[P]):
    """A function that templates may call; its result is bounded."""

    def __init__(self, function: Callable[P, object]) -> None:
        self._function = function

    def __call__(self, *args: P.args, **options: P.kwargs) -> object:
        """Call it. Raises OutOfBoundsError where the result is too big."""
        result = self._function(*args, **options)
        if isinstance(result, Iterable) and not isinstance(result, str | tuple | Mapping):
            result = list(result)
        return bounded(result)


class Missing(StrictUndefined):
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
def _written(_context: Context, value: object) -> str:
    """Taking the context keeps Jinja from writing constants when it compiles, before there is a budget."""
    return written(value)


class Sandbox(ImmutableSandboxedEnvironment):
    """Reaches no attribute of a Python object, no file, and no number or text without bounds."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(
            undefined=Missing, finalize=_written, keep_trailing_newline=True, optimized=False, autoescape=False
        )
        narrow(self)
        self.filters |= {shape.TOLL: toll, shape.TURNS: turns, shape.LITERAL: bounded, shape.JOINED: joined}
        self.globals.clear()
        self.globals |= {"range": Allowed(bounded_range), "namespace": Allowed(Namespace)}
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
                return Allowed(getattr(obj, attribute))
        elif isinstance(obj, str):
            if attribute in TEXT_METHODS:
                return Allowed(getattr(obj, attribute))
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
        if not isinstance(__obj, Allowed | Macro | BlockReference | StrictUndefined):
            raise SecurityError("a call")
        budget = BUDGET.get()
        budget.step()
        budget.depth += 1
        if budget.depth > MAX_CALLS_DEEP:
            raise OutOfBoundsError("template_too_deep", limit=MAX_CALLS_DEEP)
        result: object = __context.call(__obj, *args, **kwargs)
        budget.depth -= 1
        return result

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:  # noqa: ARG002 — Jinja's shape
        """`left operator right`, with bounds."""
        return binary(operator, left, right)

    def _of_jinja(self, obj: object, attribute: str) -> object:
        """What Jinja itself puts before a template: loops, namespaces, imported macros, blocks."""
        if isinstance(obj, LoopContext) and attribute in LOOP_FIELDS:
            found: object = getattr(obj, attribute)
            return Allowed(found) if callable(found) else found
        if isinstance(obj, Namespace):
            return getattr(obj, attribute, self.undefined(obj=obj, name=attribute))
        if isinstance(obj, TemplateModule):
            return vars(obj).get(attribute, self.undefined(obj=obj, name=attribute))
        if isinstance(obj, TemplateReference):
            return obj[attribute]
        if isinstance(obj, StrictUndefined):
            return obj  # `default` and `is defined` look at it; any other use raises UndefinedError, which names it
        return self.undefined(obj=obj, name=attribute)
