"""A take's flow: its stages' flows, each on top of those before it.

A stage runs the flow upstream of it itself, so a gate that wants another seed runs it once more, and a gate behind a
gate works the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from nano_banana.catalog.arguments import complete_arguments
from nano_banana.model.call import Blob
from nano_banana.model.flow import Ended, ExitedEarly, Flow, Made
from nano_banana.model.json_values import as_object, as_text
from nano_banana.model.problem import CallFailed, problem
from nano_banana.planner.stage_links import field_factory, gate_link, image_request_factory, inpaint_link
from nano_banana.planner.take_context import PlanContext, RootResults, StageLink, TakeContext, Upstream, picture_link
from nano_banana.planner.takes import StagePath, Take
from nano_banana.recipe.recipe_model import PICTURE_AXIS, Identity, Stage
from nano_banana.stages.call_stage import EndpointRequest, call_endpoint
from nano_banana.stages.enhance_stage import enhance
from nano_banana.stages.generate_stage import generate
from nano_banana.stages.mark_stage import mark
from nano_banana.stages.open_stage import open_file
from nano_banana.stages.stage_kind import StageOutput

TakeFlow: TypeAlias = Callable[[Take, RootResults], Flow[Blob]]


def take_flow_for(bench: PlanContext, track: StagePath, phase: int = 0) -> TakeFlow:
    """A function that makes a take's flow; what is the same for all takes is worked out once.

    `phase` counts the choices that the takes have come through: at the next one they wait.
    """
    above = _no_upstream
    choices = 0
    for stage in track.stages:
        if stage.verb == "choose":
            choices += 1
            above = partial(_after_choice if choices <= phase else _until_choice, stage.id, above)
            if choices > phase:
                break
        else:
            above = partial(_stage_link(bench, track, stage), above)
    return partial(_run_stages, bench, above)


def _run_stages(bench: PlanContext, above: Upstream, take: Take, results: RootResults) -> Flow[Blob]:
    standing = yield from above(TakeContext.of(bench, take, results))
    yield Ended(final_verdicts=standing.words, exited_early=standing.left)
    return standing.picture


def _no_upstream(walk: TakeContext) -> Flow[StageOutput]:
    """What is above the stage that draws: a chain that begins otherwise makes no picture."""
    yield from ()
    raise CallFailed([problem("no_result", endpoint=walk.take.shot.name, expected="a picture")])


def _after_choice(stage: str, above: Upstream, walk: TakeContext) -> Flow[StageOutput]:
    standing = yield from above(walk)
    yield Made(stage=stage, blob=standing.picture, call=standing.call)
    return standing


def _until_choice(stage: str, above: Upstream, walk: TakeContext) -> Flow[StageOutput]:
    standing = yield from above(walk)
    return standing if standing.left else replace(standing, left=ExitedEarly(stage=stage, why="not_chosen"))


def _stage_link(bench: PlanContext, track: StagePath, stage: Stage) -> StageLink:
    if stage.gate is not None:
        return gate_link(bench, track, stage, stage.gate)
    return _LINK_FACTORIES[stage.verb](bench, track, stage)


def _generate_link(bench: PlanContext, track: StagePath, stage: Stage) -> StageLink:
    drawer = image_request_factory(bench, track.shot, stage)
    strangers = track.shot.identity is Identity.BY_FACE

    def link(_above: Upstream, walk: TakeContext) -> Flow[StageOutput]:
        return generate(bench.site, stage.id, drawer(walk, () if strangers else walk.take.cast))

    return link


def _open_link(bench: PlanContext, track: StagePath, stage: Stage) -> StageLink:
    files = {key: bench.digests[path] for key, path in track.shot.pictures.items()}

    def link(_above: Upstream, walk: TakeContext) -> Flow[StageOutput]:
        return open_file(stage.id, files[walk.take.cell[PICTURE_AXIS].key])

    return link


def _enhance_link(bench: PlanContext, _track: StagePath, stage: Stage) -> StageLink:
    endpoint = bench.endpoint(stage.endpoint)
    fields = field_factory(bench, stage, endpoint)
    seed = endpoint.roles.seed

    def work(walk: TakeContext, picture: Blob) -> Flow[StageOutput]:
        arguments = {**fields(walk.context), **({seed: walk.take.seed} if seed else {})}
        return enhance(bench.site, stage.id, endpoint, arguments, picture)

    return picture_link(work)


def _call_link(bench: PlanContext, _track: StagePath, stage: Stage) -> StageLink:
    endpoint = bench.catalog.get(stage.endpoint)
    files = {field: bench.digests[path] for field, path in stage.files.items()}
    taking = str(stage.data.get("input", "image_url"))

    def work(walk: TakeContext, picture: Blob) -> Flow[StageOutput]:
        arguments = as_object(bench.fill(stage.options, walk.context, (*stage.where, "with")))
        if endpoint is not None:
            seed = {} if endpoint.roles.seed is None else {endpoint.roles.seed: walk.take.seed}
            arguments = complete_arguments(endpoint, {**seed, **arguments})
        asking = EndpointRequest(endpoint=stage.endpoint, arguments=arguments, taking=taking, files=files)
        return call_endpoint(bench.site, stage.id, asking, picture)

    return picture_link(work)


def _mark_link(_bench: PlanContext, _track: StagePath, stage: Stage) -> StageLink:
    message = as_text(stage.data["mark_id"]) if "mark_id" in stage.data else None

    def work(_walk: TakeContext, picture: Blob) -> Flow[StageOutput]:
        return mark(stage.id, message, picture)

    return picture_link(work)


_LINK_FACTORIES: Mapping[str, Callable[[PlanContext, StagePath, Stage], StageLink]] = {
    "generate": _generate_link,
    "open": _open_link,
    "inpaint": inpaint_link,
    "upscale": _enhance_link,
    "restore": _enhance_link,
    "mark": _mark_link,
    "call": _call_link,
}
