"""Prompts for a take, a recipe's own and those of packs."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.recipe.model import Text
from nano_banana.recipe.packs.given import Given, Settle
from nano_banana.recipe.packs.variable import UnfitError
from nano_banana.recipe.renderer import has_template
from nano_banana.recipe.templates.engine import TemplateEngine
from nano_banana.recipe.templates.fault import TemplateFault


class TextError(Exception):
    """A text that can't be rendered: itself, or a value that the recipe gives for a variable of it."""

    def __init__(self, text: Text, fault: TemplateFault) -> None:
        super().__init__(str(fault))
        self.text = text
        self.fault = fault


def prompt_for(engine: TemplateEngine, text: Text, context: Mapping[str, object]) -> str:
    """The text rendered; `engine` is the recipe's. Raises TextError."""
    given = text.given
    try:
        if given is None:
            return engine.compile(text.text).render(context)
        names = given.names(context, settling(engine, given, context))
        return given.pack.engine.compile(text.text).render(names)
    except TemplateFault as fault:
        raise TextError(text, fault) from fault


def fields_for(engine: TemplateEngine, given: Given, context: Mapping[str, object], size: str | None) -> JSONObject:
    """The endpoint's fields that a pack's template settles for a take. Raises TextError."""
    return given.fields(size, settling(engine, given, context))


def settling(engine: TemplateEngine, given: Given, context: Mapping[str, object]) -> Settle:
    """A function from what a recipe gives for a variable to what the prompt sees. It raises TextError."""

    def settle(name: str, value: JSONValue) -> object:
        text = Text(text=str(value), where=(*given.where, name))
        try:
            if isinstance(value, str) and has_template(value):
                value = engine.evaluate(value, context)
            return given.template.variables[name].value(value)
        except TemplateFault as fault:
            raise TextError(text, fault) from fault
        except UnfitError as unfit:
            unfitting = TemplateFault(unfit.kind, length=len(text.text), suggestions=unfit.suggestions, data=unfit.data)
            raise TextError(text, unfitting) from unfit

    return settle
