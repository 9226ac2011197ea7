"""A take's flow: its stages' links, each on top of those before it.

A stage runs the flow upstream of it itself, so a gate that wants another seed runs it once more, and a gate behind a
gate works the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from msgspec.structs import replace

from nano_banana.model.call import Blob
from nano_banana.model.flow import Ended, ExitedEarly, Flow, Made
from nano_banana.model.problem import CallFailed, NanoBananaError, problem
from nano_banana.stages.stage_calls import StageOutput
from nano_banana.stages.stage_registry import is_installed, kind_failure, kind_of
from nano_banana.stages.take_context import PlanContext, RootResults, StageLink, StagePath, Take, TakeContext, Upstream

TakeFlow: TypeAlias = Callable[[Take, RootResults], Flow[Blob]]


def take_flow_for(plan: PlanContext, path: StagePath, phase: int = 0) -> TakeFlow:
    """A function that makes a take's flow; what is the same for all takes is worked out once.

    `phase` counts the choices that the takes have come through: at the next one they wait.
    """
    upstream, choices = _no_upstream, 0
    for stage in path.stages:
        kind = kind_of(stage)
        choices += kind.chooses
        if choices > phase:
            upstream = partial(_until_choice, stage.id, upstream)
            break
        link = partial(_after_choice, stage.id) if kind.chooses else kind.link(plan, path, stage)
        upstream = partial(partial(_guarded, stage.verb, link) if is_installed(stage) else link, upstream)
    return partial(_run_stages, plan, upstream)


def _guarded(verb: str, link: StageLink, upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
    """The link of a kind from another package: a bug in it fails the take."""
    try:
        return (yield from link(upstream, context))
    except NanoBananaError:
        raise
    except Exception as error:
        raise CallFailed([kind_failure(verb, error)]) from error


def _run_stages(plan: PlanContext, upstream: Upstream, take: Take, results: RootResults) -> Flow[Blob]:
    output = yield from upstream(TakeContext.first_try(plan, take, results))
    yield Ended(final_verdicts=output.judged, exited_early=output.exited)
    return output.picture


def _no_upstream(context: TakeContext) -> Flow[StageOutput]:
    """Before the first stage, which draws or opens a picture; a path that begins otherwise makes none."""
    yield from ()
    raise CallFailed([problem("no_result", endpoint=context.take.shot.name, expected="a picture")])


def _after_choice(stage: str, upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
    output = yield from upstream(context)
    yield Made(stage=stage, blob=output.picture, call=output.call)
    return output


def _until_choice(stage: str, upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
    output = yield from upstream(context)
    return output if output.exited else replace(output, exited=ExitedEarly(stage=stage, why="not_chosen"))
