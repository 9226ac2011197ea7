"""Every kind of stage, by its verb: ours and installed ones.

Other packages add kinds through the entry-point group `nano_banana.stages`: the name is the verb, the value a subclass
of StageKind. Entry points are only read if a recipe has a verb that isn't ours.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from msgspec import Struct

from nano_banana.formats.struct_schema import section_schema
from nano_banana.model.json_values import as_object
from nano_banana.model.problem import Invalid, NanoBananaError, Problem, problem
from nano_banana.recipe.recipe_model import Stage
from nano_banana.stages.stage_kind import ImaginedReply, StageKind, StageParameters

ENTRY_POINT_GROUP = "nano_banana.stages"

_OURS: Mapping[str, str] = {
    "train": "train_stage:TrainStage",
    "generate": "generate_stage:GenerateStage",
    "open": "open_stage:OpenStage",
    "inpaint": "inpaint_stage:InpaintStage",
    "gate": "gate_stage:GateStage",
    "choose": "choose_stage:ChooseStage",
    "upscale": "enhance_stage:UpscaleStage",
    "restore": "enhance_stage:RestoreStage",
    "mark": "mark_stage:MarkStage",
    "call": "call_stage:CallStage",
}
"""Loaded by name, as installed ones are: a kind may look at the others, but none imports this table."""


class InstalledKinds(Struct, frozen=True, kw_only=True):
    """The kinds of other packages by their verbs, and what is wrong with those that can't be used."""

    kinds: Mapping[str, StageKind]
    problems: Mapping[str, Problem]


@cache
def our_kinds() -> Mapping[str, StageKind]:
    """The kinds of this package by their verbs."""
    found: dict[str, StageKind] = {}
    for verb, target in _OURS.items():
        module, _, name = target.partition(":")
        kind: type[StageKind] = getattr(importlib.import_module(f"nano_banana.stages.{module}"), name)
        found[verb] = kind()
    return found


@cache
def installed_kinds() -> InstalledKinds:
    """The kinds that other packages install. A verb of ours can't be replaced."""
    from importlib.metadata import entry_points

    kinds: dict[str, StageKind] = {}
    problems: dict[str, Problem] = {}
    found = {(entry.name, entry.value): entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    for (verb, value), entry in sorted(found.items()):
        try:
            if sum(name == verb for name, _ in found) > 1:
                raise TypeError("two packages offer this kind")  # noqa: TRY301 - told with the others
            kinds[verb] = _usable_kind(verb, entry.load())
        except Exception as error:  # noqa: BLE001 - whatever somebody else's module raises
            why = str(error) if isinstance(error, TypeError) else f"{type(error).__name__}: {error}"
            problems[verb] = problem("stage_kind_broken", verb=verb, entry_point=value, why=why)
    return InstalledKinds(kinds={verb: kind for verb, kind in kinds.items() if verb not in _OURS}, problems=problems)


def _usable_kind(verb: str, loaded: object) -> StageKind:
    """An instance of the class that an entry point names. Raises TypeError if it isn't a whole stage kind."""
    from jsonschema import Draft202012Validator

    if not (isinstance(loaded, type) and issubclass(loaded, StageKind)):
        raise TypeError("it isn't a subclass of StageKind")
    missing = [name for name in ("verb", "parameters", "example") if not hasattr(loaded, name)]
    if missing:
        raise TypeError(f"{loaded.__name__} declares no `{missing[0]}`")
    parameters: object = loaded.parameters
    if not (isinstance(parameters, type) and issubclass(parameters, StageParameters)):
        raise TypeError("its `parameters` aren't a subclass of StageParameters")
    schema = section_schema(parameters)
    Draft202012Validator.check_schema(dict(schema))
    properties = as_object(schema["properties"])
    if [loaded.verb, *properties][:3] != [verb, "id", verb]:
        raise TypeError(f"its `verb` and the first of its `parameters` must be `{verb}`")
    for name, written in properties.items():
        if not as_object(written).get("description"):
            raise TypeError(f"its parameter `{name}` has no description")
    kind = loaded()
    for method in _METHODS:
        setattr(kind, method, _guarded(verb, getattr(kind, method)))
    return kind


_METHODS = ("read", "templates", "filled_fields", "check", "check_endpoint", "link", "root_node", "choose")
"""What is called of a kind."""

P = ParamSpec("P")
T = TypeVar("T")


def _guarded(verb: str, method: Callable[P, T]) -> Callable[P, T]:
    """The method of an installed kind, with a bug in it reported as a problem."""

    @wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except NanoBananaError:
            raise
        except Exception as error:
            raise Invalid([kind_failure(verb, error)]) from error

    return guarded


def kind_failure(verb: str, error: Exception) -> Problem:
    """A bug in the code of an installed kind."""
    return problem("stage_kind_failed", verb=verb, why=f"{type(error).__name__}: {error}")


def stage_kinds() -> Mapping[str, StageKind]:
    """Every stage kind that can be used, by its verb."""
    return {**our_kinds(), **installed_kinds().kinds}


def code_file(kind: StageKind) -> str:
    """The file with the kind's code."""
    return str(sys.modules[type(kind).__module__].__file__)


def kind_of(stage: Stage) -> StageKind:
    """The kind of a stage of a recipe that was loaded."""
    return our_kinds().get(stage.verb) or installed_kinds().kinds[stage.verb]


def is_installed(stage: Stage) -> bool:
    """Whether another package provides the stage's kind."""
    return stage.verb not in _OURS


def imagined_reply(endpoint: str) -> ImaginedReply:
    """What a forecast puts in place of the reply of a compute endpoint."""
    for find_kinds in (our_kinds, stage_kinds):
        for kind in find_kinds().values():
            if endpoint in kind.compute_replies:
                return kind.compute_replies[endpoint]
    return ImaginedReply()
