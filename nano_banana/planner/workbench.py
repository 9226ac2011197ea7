"""What chains share: site, catalog, templates and digests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.blob import Blob
from nano_banana.core.errors import CallFailed
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.problem import Place
from nano_banana.planner.context import Contexts
from nano_banana.recipe.model import Text, Where
from nano_banana.recipe.packs.given import Given
from nano_banana.recipe.packs.rendering import TextError, fields_for, prompt_for
from nano_banana.recipe.recipe import Recipe
from nano_banana.recipe.resolve.checks import is_template
from nano_banana.recipe.resolve.texts import leaves
from nano_banana.recipe.templates.engine import TemplateEngine
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.stages.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """Everything that making a plan needs besides the selection."""

    recipe: Recipe
    site: Site
    catalog: Catalog
    engine: TemplateEngine
    contexts: Contexts
    digests: Mapping[Path, Blob]
    place_of: Callable[[Text, TemplateFault], Place]

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint that the recipe was checked against. Raises KeyError where there is none."""
        endpoint = self.catalog.get(name)
        if endpoint is None:
            raise KeyError(name)
        return endpoint

    def render(self, text: Text, context: Mapping[str, object]) -> str:
        """A prompt. Raises CallFailed where the template fails on these values."""
        try:
            return prompt_for(self.engine, text, context)
        except TextError as error:
            raise CallFailed([error.fault.problem(self.place_of(error.text, error.fault))]) from error

    def settled(self, given: Given, context: Mapping[str, object], endpoint: Endpoint) -> JSONObject:
        """The endpoint's fields that a pack's template settles. Raises CallFailed as `render` does."""
        try:
            fields = fields_for(self.engine, given, context, endpoint.roles.size)
        except TextError as error:
            raise CallFailed([error.fault.problem(self.place_of(error.text, error.fault))]) from error
        return {name: value for name, value in fields.items() if name in endpoint.fields}

    def fill(self, options: JSONValue, context: Mapping[str, object], where: Where) -> JSONValue:
        """An endpoint's fields with their templates rendered; one that is wholly `{{ … }}` keeps its type.

        `where` is the fields' place in the recipe. Raises CallFailed where a template fails.
        """
        if isinstance(options, Mapping):
            return {name: self.fill(value, context, (*where, name)) for name, value in options.items()}
        if isinstance(options, list | tuple):
            return [self.fill(value, context, (*where, at)) for at, value in enumerate(options)]
        if not is_template(options):
            return options
        try:
            return self.engine.evaluate(str(options), context)
        except TemplateFault as fault:
            text = Text(text=str(options), where=where)
            raise CallFailed([fault.problem(self.place_of(text, fault))]) from fault


def has_templates(options: JSONObject) -> bool:
    """Whether some field must be rendered for each take."""
    return any(is_template(value) for _, value in leaves(options))
