"""What a stage's flow works with: its take, its path, the plan's context."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.arguments import complete_arguments
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.call import Blob
from nano_banana.model.flow import Decision, Flow, Ruling
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.problem import CallFailed, Position
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.interpolation import is_template_value, leaf_values
from nano_banana.recipe.pack import PackUse
from nano_banana.recipe.prompts import PromptError, render_prompt, traits_of, value_resolver
from nano_banana.recipe.recipe_model import CollectionRef, Decisions, Recipe, Shot, Stage, TemplateText
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_syntax import TemplateFault
from nano_banana.stages.stage_calls import CallTarget, StageOutput

SEED_TAG = "nano-banana/seed/1"


class Take(Struct, frozen=True, kw_only=True):
    """One picture to make.

    `subject` is the person of a shot that takes its cast one by one (empty: nobody, or several together). `seed_index`
    is the seed's position among the shot's seeds.
    """

    shot: Shot
    subject: str
    cell: Mapping[str, AxisValue]
    seed: int
    seed_index: int

    @property
    def cast(self) -> tuple[str, ...]:
        """Who is in the picture, from left to right."""
        return self.shot.cast if self.shot.together else (self.subject,) if self.subject else ()

    @property
    def stem(self) -> str:
        """The id without the seed: `headshots/ana/office/corporate`."""
        keys = [value.key for value in self.cell.values()]
        return "/".join([self.shot.name, *([self.subject] if self.subject else []), *keys])

    @property
    def id(self) -> str:
        """The take's name in reports and globs: `headshots/ana/office/corporate/s11`."""
        return f"{self.stem}/s{self.seed}"

    @property
    def slot(self) -> str:
        """The take's place in the plan; it stays the same when the seed is changed."""
        return f"{self.stem}/#{self.seed_index}"


def derived_seed(recipe: str, shot: Shot, subject: str, cell: Mapping[str, AxisValue], at: int) -> int:
    """A seed made from names (0 to 2³¹ − 1), so that a new scene changes no other take."""
    axes = sorted(f"{axis}={value.key}" for axis, value in cell.items())
    words = "\n".join([SEED_TAG, recipe, shot.name, subject, *axes, shot.seeds.salt, str(at)])
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") >> 1


def retry_seed(recipe: str, take: Take, gate: int, number: int) -> int:
    """The seed of the `number`-th retry (from 1) after the `gate`-th gate of the take's path, made from names.

    So more retries change none of these, and the retries of two gates are different pictures.
    """
    names = ["again", str(gate), str(number), str(take.seed)]
    return derived_seed(recipe, take.shot, "\n".join([*take.cast, *names]), take.cell, 0)


_DEFAULT_ONWARD = frozenset({Ruling.ACCEPTED, Ruling.UNSURE, Ruling.NOT_JUDGED})
"""The rulings that go on unless a collection names one."""

ALL_RULINGS = frozenset(Ruling)


def rulings_in(source: CollectionRef) -> frozenset[Ruling]:
    """The rulings of the pictures that a collection has."""
    if not source.ruling:
        return _DEFAULT_ONWARD
    if source.ruling == Ruling.ACCEPTED:
        return frozenset({Ruling.ACCEPTED, Ruling.NOT_JUDGED})
    return frozenset({Ruling(source.ruling)})


class StagePath(Struct, frozen=True, kw_only=True):
    """A shot, and the stages that each of its takes goes through, from the first to the last."""

    shot: Shot
    stages: tuple[Stage, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The shot's name and the stages' ids: different for every path."""
        return (self.shot.name, *(stage.id for stage in self.stages))

    @property
    def name(self) -> str:
        """The stages in one word: `draft+faces`."""
        return "+".join(stage.id for stage in self.stages)

    def onward_rulings(self, at: int) -> frozenset[Ruling]:
        """The rulings with which takes go on from the stage at that position, if it judges them."""
        if at + 1 == len(self.stages):
            return _DEFAULT_ONWARD
        gate, shot = self.stages[at].id, self.shot.name
        sources = [ref for ref in self.stages[at + 1].sources if ref.stage == gate and ref.shot in ("", shot)]
        return frozenset(ruling for source in sources for ruling in rulings_in(source))

    def decision(self, at: int, take: str) -> Decision | None:
        """What a person decided about the take at the stage at that position, or by keeping it at a later one."""
        names = self._names(take)
        for found in (Decisions.by_id, Decisions.by_glob):
            here, *later = [found(stage.decisions, *names) for stage in self.stages[at:]]
            if here or "keep" in later:
                return here or "keep"
        return None

    def is_kept_after(self, at: int, take: str) -> bool:
        """Whether a person kept the take at a later stage than the one at that position."""
        return any(stage.decisions.decision(*self._names(take)) == "keep" for stage in self.stages[at + 1 :])

    def _names(self, take: str) -> Sequence[str]:
        return take, f"{take}@{self.stages[-1].id}", f"{take}@{self.name}"


def root_id(stage: str, subject: str) -> str:
    """The id of the node that a stage has for a subject: a training, or a measured person."""
    return f"{stage}/{subject}"


class TemplateContexts(Struct, frozen=True, kw_only=True):
    """The values that templates read: the recipe's variables, the environment, and each subject's names."""

    common: JSONObject
    subjects: Mapping[str, JSONObject]

    @classmethod
    def of(cls, recipe: Recipe, environment: JSONObject) -> TemplateContexts:
        """What is the same for all takes. A trait that a subject lacks is None, which reads as nothing."""
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

    def for_take(self, take: Take) -> Mapping[str, object]:
        """The values for one take: `subject` for a take of one person, `cast` by place for a take of several."""
        together = {place: self.subjects[name] for place, name in take.shot.together.items()}
        who: dict[str, object] = {"cast": together} if together else {}
        if take.subject:
            who["subject"] = self.subjects[take.subject]
        return {**self.common, **take.cell, **who, "seed": take.seed, "shot": take.shot.name}

    def for_subject(self, subject: str) -> Mapping[str, object]:
        """The values for what is made of a subject before any take."""
        return {**self.common, "subject": self.subjects[subject]}


class PlanContext(Struct, frozen=True, kw_only=True):
    """Everything that planning needs besides the selection. `blobs` are the recipe's files by path."""

    recipe: Recipe
    target: CallTarget
    catalog: Catalog
    engine: TemplateEngine
    contexts: TemplateContexts
    blobs: Mapping[Path, Blob]
    place_of: Callable[[TemplateText, TemplateFault], Position]

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint that the recipe was checked against. Raises KeyError if the catalog lacks it."""
        endpoint = self.catalog.get(name)
        if endpoint is None:
            raise KeyError(name)
        return endpoint

    def render(self, text: TemplateText, context: Mapping[str, object]) -> str:
        """A rendered prompt. Raises CallFailed if the template fails with these values."""
        try:
            return render_prompt(self.engine, text, context)
        except PromptError as error:
            raise CallFailed([error.fault.problem(self.place_of(error.text, error.fault))]) from error

    def fill(self, options: JSONValue, context: Mapping[str, object], where: KeyPath) -> JSONValue:
        """An endpoint's fields with their templates rendered; a value that is only `{{ … }}` keeps its type.

        `where` is the fields' path in the recipe. Raises CallFailed if a template fails.
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

    def stage_fields(
        self, stage: Stage, endpoint: Endpoint, pack: PackUse | None = None
    ) -> Callable[[Mapping[str, object]], JSONObject]:
        """A function from a take's context to the endpoint's fields, with defaults filled in.

        A field comes from the stage's `with`, else from the pack's template. Raises CallFailed as `fill` does.
        """
        if pack is None and not any(is_template_value(value) for _, value in leaf_values(stage.options)):
            ready = complete_arguments(endpoint, stage.options)
            return lambda _context: ready

        def fields(context: Mapping[str, object]) -> JSONObject:
            written = as_object(self.fill(stage.options, context, (*stage.where, "with")))
            by_pack = {} if pack is None else self._pack_fields(pack, context, endpoint)
            return complete_arguments(endpoint, {**by_pack, **written})

        return fields

    def _pack_fields(self, pack: PackUse, context: Mapping[str, object], endpoint: Endpoint) -> JSONObject:
        try:
            fields = pack.fields(endpoint.roles.size, value_resolver(self.engine, pack, context))
        except PromptError as error:
            raise CallFailed([error.fault.problem(self.place_of(error.text, error.fault))]) from error
        return {name: value for name, value in fields.items() if name in endpoint.fields}


RootResults: TypeAlias = Mapping[str, Blob]
"""The results of the nodes that a take waited for, by their ids."""


class TakeContext(Struct, frozen=True, kw_only=True):
    """One try at a take.

    `name` is the take's id, also if this try has another seed; `variables` are what its templates read, and `results`
    the adapters and measured people that it waited for.
    """

    name: str
    take: Take
    variables: Mapping[str, object]
    results: RootResults

    def with_retry_seed(self, plan: PlanContext, *, gate: int, number: int) -> TakeContext:
        """The same take with another seed; see `retry_seed`."""
        take = replace(self.take, seed=retry_seed(plan.recipe.name, self.take, gate, number))
        return replace(self, take=take, variables=plan.contexts.for_take(take))


Upstream: TypeAlias = Callable[[TakeContext], Flow[StageOutput]]
"""The flow of the stages before this one. A stage may run it more than once, with other seeds."""

StageLink: TypeAlias = Callable[[Upstream, TakeContext], Flow[StageOutput]]
"""One stage's part of a take's flow."""


def picture_link(work: Callable[[TakeContext, Blob], Flow[StageOutput]]) -> StageLink:
    """The link of a stage that makes one picture of another: it runs the stages before it once."""

    def link(upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
        before = yield from upstream(context)
        if before.exited:
            return before
        return before.followed_by((yield from work(context, before.picture)))

    return link
