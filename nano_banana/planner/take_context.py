"""What flows share: the plan's context, template variables, one take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed, Position
from nano_banana.planner.takes import Take, retry_seed
from nano_banana.recipe.pack import PackUse
from nano_banana.recipe.prompt_checks import leaf_values
from nano_banana.recipe.prompts import PromptError, pack_fields, render_prompt, traits_of
from nano_banana.recipe.recipe_model import KeyPath, Recipe, TemplateText
from nano_banana.recipe.stage_checks import is_template_value
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_syntax import TemplateFault
from nano_banana.stages.stage_kind import CallTarget, StageOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateContexts:
    """Makes templates' contexts: the recipe's variables, the environment, and each subject's names."""

    common: JSONObject
    subjects: Mapping[str, JSONObject]

    @classmethod
    def of(cls, recipe: Recipe, environment: JSONObject) -> TemplateContexts:
        """Everything that is the same for all takes. A trait that a subject lacks reads as nothing."""
        traits: JSONObject = dict.fromkeys(traits_of(recipe.subjects))
        subjects: dict[str, JSONObject] = {
            name: {
                "name": name,
                "noun": subject.noun,
                "trigger": subject.trigger,
                "traits": {**traits, **subject.traits},
            }
            for name, subject in recipe.subjects.items()
        }
        return cls(common={**recipe.variables, "env": environment}, subjects=subjects)

    def take(self, take: Take) -> Mapping[str, object]:
        """The context of one take. One of nobody has no subject; one of several has a `cast`, by their places."""
        together = {place: self.subjects[name] for place, name in take.shot.together.items()}
        who: dict[str, object] = {"cast": together} if together else {}
        if take.subject:
            who["subject"] = self.subjects[take.subject]
        return {**self.common, **take.cell, **who, "seed": take.seed, "shot": take.shot.name}

    def one(self, take: Take, name: str) -> Mapping[str, object]:
        """The context where one person of the take is painted."""
        return {**self.take(take), "subject": self.subjects[name]}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContext:
    """Everything that making a plan needs besides the selection."""

    recipe: Recipe
    site: CallTarget
    catalog: Catalog
    engine: TemplateEngine
    contexts: TemplateContexts
    digests: Mapping[Path, Blob]
    place_of: Callable[[TemplateText, TemplateFault], Position]

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint that the recipe was checked against. Raises KeyError where there is none."""
        endpoint = self.catalog.get(name)
        if endpoint is None:
            raise KeyError(name)
        return endpoint

    def render(self, text: TemplateText, context: Mapping[str, object]) -> str:
        """A prompt. Raises CallFailed where the template fails on these values."""
        try:
            return render_prompt(self.engine, text, context)
        except PromptError as error:
            raise CallFailed([error.fault.problem(self.place_of(error.text, error.fault))]) from error

    def settled(self, given: PackUse, context: Mapping[str, object], endpoint: Endpoint) -> JSONObject:
        """The endpoint's fields that a pack's template settles. Raises CallFailed as `render` does."""
        try:
            fields = pack_fields(self.engine, given, context, endpoint.roles.size)
        except PromptError as error:
            raise CallFailed([error.fault.problem(self.place_of(error.text, error.fault))]) from error
        return {name: value for name, value in fields.items() if name in endpoint.fields}

    def fill(self, options: JSONValue, context: Mapping[str, object], where: KeyPath) -> JSONValue:
        """An endpoint's fields with their templates rendered; one that is wholly `{{ … }}` keeps its type.

        `where` is the fields' place in the recipe. Raises CallFailed where a template fails.
        """
        if isinstance(options, Mapping):
            return {name: self.fill(value, context, (*where, name)) for name, value in options.items()}
        if isinstance(options, list | tuple):
            return [self.fill(value, context, (*where, at)) for at, value in enumerate(options)]
        if not is_template_value(options):
            return options
        try:
            return self.engine.evaluate(str(options), context)
        except TemplateFault as fault:
            text = TemplateText(text=str(options), where=where)
            raise CallFailed([fault.problem(self.place_of(text, fault))]) from fault


def has_templates(options: JSONObject) -> bool:
    """Whether some field must be rendered for each take."""
    return any(is_template_value(value) for _, value in leaf_values(options))


RootResults: TypeAlias = Mapping[str, Blob]
"""The results of the nodes that a take waited for, by their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeContext:
    """One try at a take. `name` is the take's id, whatever seed this try has; `context` what its templates find."""

    name: str
    take: Take
    context: Mapping[str, object]
    results: RootResults

    @classmethod
    def of(cls, bench: PlanContext, take: Take, results: RootResults) -> TakeContext:
        """A take's first try."""
        return cls(name=take.id, take=take, context=bench.contexts.take(take), results=results)

    def again(self, bench: PlanContext, *, gate: int, number: int) -> TakeContext:
        """The same take with another seed; see `seed_again`."""
        take = replace(self.take, seed=retry_seed(bench.recipe.name, self.take, gate, number))
        return replace(self, take=take, context=bench.contexts.take(take))


Upstream: TypeAlias = Callable[[TakeContext], Flow[StageOutput]]
"""The part of a chain that comes before a stage: it may be gone again, with another seed."""

StageLink: TypeAlias = Callable[[Upstream, TakeContext], Flow[StageOutput]]
"""One stage's part of a chain."""

PictureWork: TypeAlias = Callable[[TakeContext, Blob], Flow[StageOutput]]
"""What a stage makes of the picture that comes to it."""


def picture_link(work: PictureWork) -> StageLink:
    """The link of a stage that works on what comes to it, and asks for nothing above it again."""

    def link(above: Upstream, walk: TakeContext) -> Flow[StageOutput]:
        standing = yield from above(walk)
        if standing.left:
            return standing
        return standing.then((yield from work(walk, standing.picture)))

    return link
