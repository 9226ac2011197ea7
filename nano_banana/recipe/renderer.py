"""Renders the strings of a recipe that are no templates of its takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONValue
from nano_banana.core.problem import Place, Problem, did_you_mean
from nano_banana.recipe.environ import Environ
from nano_banana.recipe.located import Located, Steps, plain
from nano_banana.recipe.template_texts import is_template_text
from nano_banana.recipe.templates.budget import MAX_SOURCE, Budget
from nano_banana.recipe.templates.engine import TemplateEngine
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.scopes import Names

MAX_RENDERED = 1_000
"""Strings of one recipe that are rendered when it is loaded; together they have at most MAX_SOURCE characters."""


class Renderer:
    """Renders strings with `{{` or `{%` in them, and notes what is wrong with them.

    All strings of a recipe share one budget. `failed` are variables without a value, whose own problem
    is noted already: what needs them is left as it is. `unrendered` are the paths of all that is left so, and nothing
    below a path of `untouched` is looked at.
    """

    def __init__(
        self,
        engine: TemplateEngine,
        environ: Environ,
        fault_place: Callable[[Located, TemplateFault], Place],
        untouched: Collection[Steps] = (),
    ) -> None:
        self._engine = engine
        self._environ = environ
        self._fault_place = fault_place
        self._budget = Budget()
        self.known: dict[str, Names | None] = {"env": dict.fromkeys(environ.names)}
        self.failed: set[str] = set()
        self.unrendered: set[Steps] = set()
        self._untouched = untouched
        self.problems: list[Problem] = []

    def value(self, located: Located, steps: Steps, context: Mapping[str, JSONValue]) -> JSONValue:
        """The value at `steps` without places, its strings rendered."""
        if steps in self._untouched:
            return plain(located)
        if located.entries is not None:
            return {name: self.value(entry.value, (*steps, name), context) for name, entry in located.entries.items()}
        if located.items is not None:
            return [self.value(item, (*steps, index), context) for index, item in enumerate(located.items)]
        text = located.value
        if not isinstance(text, str) or not has_template(text) or is_template_text(steps):
            return text
        return self._rendered(located, text, steps, context)

    def too_many(self, tree: Located) -> Located | None:
        """The first string of a recipe that is one too many to render, if there is one."""
        size = 0
        for count, (located, text) in enumerate(_templates(tree, ()), start=1):
            size += len(text)
            if count > MAX_RENDERED or size > MAX_SOURCE:
                return located
        return None

    def names_in(self, located: Located) -> set[str]:
        """Every variable that the strings of `located` use; none for those that cannot be read."""
        if located.entries is not None:
            return {name for entry in located.entries.values() for name in self.names_in(entry.value)}
        if located.items is not None:
            return {name for item in located.items for name in self.names_in(item)}
        if not isinstance(located.value, str) or not has_template(located.value):
            return set()
        try:
            return {use for use in self._engine.compile(located.value).uses if "." not in use}
        except TemplateFault:
            return set()

    def _rendered(self, located: Located, text: str, steps: Steps, context: Mapping[str, JSONValue]) -> JSONValue:
        self.unrendered.add(steps)
        if self._budget.steps < 0:
            return text  # what spent it all is noted
        faults = self._engine.check(text, self.known)
        if not faults:
            if self.failed & self.names_in(located):
                return text
            try:
                value = self._engine.evaluate(text, {**context, "env": self._environ}, budget=self._budget)
            except TemplateFault as fault:
                faults = [fault]
            else:
                self.unrendered.discard(steps)
                return value
        self.problems += [self._problem(located, fault) for fault in faults]
        return text

    def _problem(self, located: Located, fault: TemplateFault) -> Problem:
        place = self._fault_place(located, fault)
        name = str(fault.data.get("name"))
        if fault.kind == "template_field" and fault.data.get("owner") == "env":
            hint = did_you_mean(name, self._environ.names)
            return trouble(self._environ.refusal(name), place=place, hint=hint, name=name)
        return fault.problem(place)


def has_template(text: str) -> bool:
    """Whether `text` is to be rendered."""
    return "{{" in text or "{%" in text


def has_templates(tree: Located) -> bool:
    """Whether anything in a recipe is rendered when it is loaded."""
    return any(True for _ in _templates(tree, ()))


def _templates(located: Located, steps: Steps) -> Iterator[tuple[Located, str]]:
    """Every string at `steps` and below that is rendered when the recipe is loaded."""
    for name, entry in (located.entries or {}).items():
        yield from _templates(entry.value, (*steps, name))
    for index, item in enumerate(located.items or ()):
        yield from _templates(item, (*steps, index))
    if isinstance(located.value, str) and has_template(located.value) and not is_template_text(steps):
        yield located, located.value
