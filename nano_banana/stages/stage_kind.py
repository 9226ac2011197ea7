"""The base class of stage kinds: what one declares, reads, checks, runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Annotated, ClassVar, TypeAlias

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from nano_banana.catalog.arguments import ArgumentProblem, ValueChecker
from nano_banana.catalog.endpoint import Endpoint, Field
from nano_banana.formats.struct_schema import AnyJSON, Section, described
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.flow import Decision, Ruling
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.nodes import Node, NodeEnd
from nano_banana.model.problem import Position, Problem
from nano_banana.recipe.interpolation import is_template_value, leaf_values
from nano_banana.recipe.naming import Name, Names, Text
from nano_banana.recipe.prompts import find_prompt
from nano_banana.recipe.recipe_model import CollectionRef, Shot, Stage, Subject, TemplateText
from nano_banana.recipe.resolve_context import ResolveContext
from nano_banana.recipe.resolve_stages import (
    StageNames,
    read_sources,
    read_stage_adapters,
    read_stage_shots,
    read_stage_subjects,
    stages_before,
)
from nano_banana.stages.take_context import PlanContext, StageLink, StagePath

Collections: TypeAlias = Annotated[
    Names, described("The collection: a stage's id, `stage.shot` or `stage.accepted`; or a list.")
]
"""Names of collections; the type of a key, like those below."""

Using: TypeAlias = Annotated[Text, described("The endpoint that does the work, for example `fal-ai/flux-lora`.")]

Options: TypeAlias = Annotated[
    dict[str, AnyJSON], described("Fields of the endpoint, by its own names. Texts may be templates.")
]

Adapters: TypeAlias = Annotated[
    dict[
        str,
        Annotated[float, Meta(ge=0, le=4), described("Scale: 0.8–1.1 for a person, 0.2–0.5 for a style beside one.")],
    ],
    described(
        "Adapters to draw with and their scales, `{likeness: 0.95}`: a train stage's id (each take uses its own "
        "subject's) or a name from the recipe's `adapters`."
    ),
]


class StageParameters(Section, frozen=True, kw_only=True):
    """What an entry of `stages` may say; each kind adds its own keys, its verb first.

    These are read for every kind that has them: `using`, `with` (as `options`), `adapters` and `prompt`.
    """

    id: Annotated[Name, described("The stage's name; other stages refer to it.")]


class StageInput(Enum):
    """What a stage works on."""

    SUBJECTS = auto()
    """The training sets of subjects: it makes an adapter of each."""
    SHOTS = auto()
    """Shots with a template: it draws their takes."""
    PICTURE_SHOTS = auto()
    """Shots with `pictures`: it opens their files as takes."""
    COLLECTIONS = auto()
    """Pictures that other stages made."""


class StageEntry(Struct, frozen=True, kw_only=True):
    """One entry of the recipe's `stages`: its parameters, its path, and the names that it may use.

    `context` is where problems are noted.
    """

    parameters: Section
    where: KeyPath
    names: StageNames
    context: ResolveContext

    def at(self, parameters: Section, key: str) -> StageEntry:
        """A section inside this entry, read as an entry of its own."""
        return replace(self, parameters=parameters, where=(*self.where, key))

    @property
    def id(self) -> str:
        """The stage's name; of a section inside an entry, nothing."""
        return getattr(self.parameters, "id", "")

    @property
    def adapters(self) -> tuple[tuple[str, float], ...]:
        """The adapters under `adapters`, with their scales."""
        return read_stage_adapters(self.context, self.names, getattr(self.parameters, "adapters", {}), self.where)

    @property
    def prompt(self) -> TemplateText | None:
        """The template under `prompt`, if there is one."""
        prompt: str | None = getattr(self.parameters, "prompt", None)
        where = (*self.where, "prompt")
        return None if prompt is None else find_prompt(self.context, prompt, self.names.templates, where)


class StageCheck(Struct, frozen=True, kw_only=True):
    """What checks of stages may look at; problems are noted in `context`.

    `shots_of` are the shots whose takes go through each stage, by its id; `shots` those of the stage that is checked.
    `training` are the ids of the stages that make adapters.
    """

    context: ResolveContext
    stages: Sequence[Stage]
    subjects: Mapping[str, Subject]
    kinds: Mapping[str, StageKind]
    training: Collection[str]
    shots_of: Mapping[str, list[Shot]]
    shots: Sequence[Shot] = ()

    def error(self, where: KeyPath, text: str, advice: str = "") -> None:
        """Note an error at a path of the recipe, in words: what is wrong, and what to do about it."""
        self.context.wrong("stage_problem", where, text=text, advice=advice)

    def warning(self, where: KeyPath, text: str, advice: str = "") -> None:
        """Note a warning, as `error` does."""
        self.context.warn("stage_problem", where, text=text, advice=advice)

    def kind(self, stage: Stage) -> StageKind:
        """The kind of another stage."""
        return self.kinds[stage.verb]

    def before(self, stage: Stage) -> list[Stage]:
        """The stages that the stage's pictures have come through."""
        return stages_before(self.stages, stage)

    def trained_adapter(self, stage: Stage) -> str | None:
        """The first adapter of the stage that is trained in this recipe, so that each subject has one."""
        return next((name for name, _ in stage.adapters if name in self.training), None)

    def value(self, endpoint: Endpoint, field: Field, value: JSONValue, where: KeyPath) -> None:
        """Note a value at `where` that the endpoint would refuse."""
        for found in ValueChecker(endpoint=endpoint, field=field, deferred=is_template_value).problems(value, where):
            add_argument_problem(self.context, found, self.context.document.nearest(where))


def add_argument_problem(context: ResolveContext, found: ArgumentProblem, place: Position) -> None:
    """Note a problem with an endpoint's argument at a place."""
    context.add(
        Problem(kind=found.kind, position=place, data=found.data, suggestions=found.suggestions, warning=found.warning)
    )


class ChoiceCandidate(Struct, frozen=True, kw_only=True):
    """A take that came to a choice: `name` is its id without the path it takes afterwards, `path` the one it came by.

    `ruling` and `score` are from the last gate on that path, `decision` is a person's.
    """

    name: str
    path: str
    end: NodeEnd
    ruling: Ruling | None = None
    score: float | None = None
    decision: Decision | None = None


class ImaginedReply(Struct, frozen=True, kw_only=True):
    """What a forecast puts in place of a reply that it can't know: the data, and files of one media type."""

    files: tuple[str, ...] = ("image",)
    media: str = "image/png"
    data: JSONObject = field(default_factory=dict)


class StageKind:
    """One kind of stage: what its entry in a recipe may say, how that is checked, and the flow that it becomes.

    A subclass declares `verb`, `parameters` and `example`, and overrides what is special about it. It
    is found by its verb, through the entry-point group `nano_banana.stages`. docs/extending.md has a whole example.
    """

    verb: ClassVar[str]
    """The key that makes an entry a stage of this kind. Its value names what the stage works on."""
    parameters: ClassVar[type[StageParameters]]
    """The keys of an entry, the verb's own first; each with a description. The docstring describes the kind."""
    example: ClassVar[str]
    """A fragment of a recipe with such a stage, as YAML."""
    input: ClassVar[StageInput] = StageInput.COLLECTIONS
    input_key: ClassVar[str] = ""
    """The key that names what the stage works on, if that isn't the verb."""
    endpoint_key: ClassVar[str] = "using"
    """The key that names the endpoint, if `parameters` has it."""
    required_roles: ClassVar[tuple[str, ...]] = ()
    """Roles that the endpoint must have fields for."""
    same_task_only: ClassVar[bool] = False
    """Whether the endpoint's task must be the verb."""
    any_endpoint: ClassVar[bool] = False
    """Whether the endpoint may be missing in the catalog."""
    changes_pixels: ClassVar[bool] = True
    """Whether the stage makes another picture than it gets."""
    judges: ClassVar[bool] = False
    """Whether the stage gives verdicts, so that collections may select its pictures by ruling."""
    measures_people: ClassVar[bool] = False
    """Whether takes wait for a node of each of their people (`root_node`)."""
    chooses: ClassVar[bool] = False
    """Whether takes wait here until all have come, and `choose` says which go on."""
    compute_replies: ClassVar[Mapping[str, ImaginedReply]] = {}
    """The compute endpoints that the flow calls, with what a forecast imagines in place of their replies."""

    @property
    def source_key(self) -> str:
        """The key that names what the stage works on."""
        return self.input_key or self.verb

    @property
    def makes_pictures(self) -> bool:
        """Whether the stage has takes; the others make adapters."""
        return self.input is not StageInput.SUBJECTS

    @property
    def draws(self) -> bool:
        """Whether the stage draws shots by their templates."""
        return self.input is StageInput.SHOTS

    def can_use(self, endpoint: Endpoint) -> bool:
        """Whether the endpoint has a field for everything that the stage sends, and the right task if that matters."""
        roles = endpoint.roles.named()
        return all(role in roles for role in self.required_roles) and (
            not self.same_task_only or str(endpoint.does) == self.verb
        )

    def read(self, entry: StageEntry) -> Stage:
        """The stage that an entry describes; names that are unknown are noted."""
        value, where = getattr(entry.parameters, self.source_key), (*entry.where, self.source_key)
        subjects: tuple[str, ...] = ()
        shots: tuple[str, ...] = ()
        sources: tuple[CollectionRef, ...] = ()
        if self.input is StageInput.SUBJECTS:
            subjects = read_stage_subjects(entry.context, entry.names, value, where)
        elif self.input is StageInput.COLLECTIONS:
            sources = read_sources(entry.context, entry.names, value, where)
        else:
            opened = self.input is StageInput.PICTURE_SHOTS
            shots = read_stage_shots(entry.context, entry.names, value, where, opened=opened)
        return Stage(
            id=entry.id,
            verb=self.verb,
            where=entry.where,
            endpoint=getattr(entry.parameters, self.endpoint_key, ""),
            options=getattr(entry.parameters, "options", {}),
            entry=entry.parameters,
            subjects=subjects,
            shots=shots,
            sources=sources,
            adapters=entry.adapters,
            prompt=entry.prompt,
        )

    def templates(self, stage: Stage) -> Iterator[TemplateText]:
        """The templates that the stage has of its own: its prompt, and texts under `with`."""
        if stage.prompt is not None:
            yield stage.prompt
        for path, value in leaf_values(stage.options):
            if is_template_value(value):
                yield TemplateText(text=str(value), where=(*stage.where, "with", *path))

    def filled_fields(self, stage: Stage, endpoint: Endpoint, *, references: bool = False) -> set[str | None]:
        """The endpoint's fields that the stage sets itself (None stands for a role that the endpoint lacks).

        `references` says that photos of the people in its shots are sent.
        """
        return {endpoint.roles.prompt, endpoint.roles.seed}

    def fields_set(self, stage: Stage, endpoint: Endpoint, *, references: bool = False) -> set[str]:
        """The names of the endpoint's fields that the stage sets itself, its adapters among them."""
        fields = self.filled_fields(stage, endpoint, references=references)
        return {
            field
            for field in (*fields, endpoint.roles.adapters if getattr(stage.entry, "adapters", None) else None)
            if field
        }

    def check(self, stage: Stage, check: StageCheck) -> None:
        """Note what is wrong with a stage, whatever its endpoint."""

    def check_endpoint(self, stage: Stage, endpoint: Endpoint, check: StageCheck) -> None:
        """Note what doesn't fit the stage's endpoint. Arguments under `with` and adapters are checked for all kinds."""

    def argument_problem_kind(self, stage: Stage, endpoint: Endpoint, found: ArgumentProblem) -> str:
        """The kind of problem to report for an argument, if this kind of stage has a better one."""
        return found.kind

    def link(self, plan: PlanContext, path: StagePath, stage: Stage) -> StageLink:
        """The stage's part of a take's flow. What is the same for all takes of the path is worked out here, once."""
        raise NotImplementedError(f"a {self.verb} stage has no takes")

    def root_node(self, plan: PlanContext, stage: Stage, subject: Subject) -> Node:
        """The node that makes what takes of a subject wait for. Raises CallFailed if a template fails."""
        raise NotImplementedError(f"a {self.verb} stage has no nodes of subjects")

    def choose(self, stage: Stage, candidates: Iterable[ChoiceCandidate]) -> frozenset[str]:
        """The ids of the takes that go on, if the kind `chooses`."""
        raise NotImplementedError(f"a {self.verb} stage doesn't choose")
