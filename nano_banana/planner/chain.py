"""A take's chain: its stages' flows, each on top of those before it.

A stage goes the chain above it itself, so that a gate which wants another seed goes it once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from nano_banana.catalog.complete import complete
from nano_banana.core.blob import Blob
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.flow import Ended, Flow, Left, Made
from nano_banana.core.json import as_object, as_text
from nano_banana.planner.drawing import drawer_of, fields_of
from nano_banana.planner.gating import gate_link
from nano_banana.planner.painting import inpaint_link
from nano_banana.planner.take import Take
from nano_banana.planner.track import Track
from nano_banana.planner.walk import Above, Link, Results, Walk, upon
from nano_banana.planner.workbench import Workbench
from nano_banana.recipe.model import PICTURE, Identity, Stage
from nano_banana.stages.call import Asking, call_it
from nano_banana.stages.enhancing import enhance
from nano_banana.stages.generate import draw
from nano_banana.stages.mark import mark
from nano_banana.stages.open import open_file
from nano_banana.stages.standing import Standing

Chain: TypeAlias = Callable[[Take, Results], Flow[Blob]]


def chain_of(bench: Workbench, track: Track, phase: int = 0) -> Chain:
    """A function that makes a take's flow; what is the same for all takes is worked out once.

    `phase` counts the choices that the takes have come through: at the next one they wait.
    """
    above = _nothing
    choices = 0
    for stage in track.stages:
        if stage.verb == "choose":
            choices += 1
            above = partial(_chosen if choices <= phase else _waiting, stage.id, above)
            if choices > phase:
                break
        else:
            above = partial(_link(bench, track, stage), above)
    return partial(_gone, bench, above)


def _gone(bench: Workbench, above: Above, take: Take, results: Results) -> Flow[Blob]:
    standing = yield from above(Walk.of(bench, take, results))
    yield Ended(words=standing.words, left=standing.left)
    return standing.picture


def _nothing(walk: Walk) -> Flow[Standing]:
    """What is above the stage that draws: a chain that begins otherwise makes no picture."""
    yield from ()
    raise CallFailed([trouble("no_result", endpoint=walk.take.shot.name, expected="a picture")])


def _chosen(stage: str, above: Above, walk: Walk) -> Flow[Standing]:
    standing = yield from above(walk)
    yield Made(stage=stage, blob=standing.picture, call=standing.call)
    return standing


def _waiting(stage: str, above: Above, walk: Walk) -> Flow[Standing]:
    standing = yield from above(walk)
    return standing if standing.left else replace(standing, left=Left(stage=stage, why="not_chosen"))


def _link(bench: Workbench, track: Track, stage: Stage) -> Link:
    if stage.gate is not None:
        return gate_link(bench, track, stage, stage.gate)
    return _LINKS[stage.verb](bench, track, stage)


def _generate(bench: Workbench, track: Track, stage: Stage) -> Link:
    drawer = drawer_of(bench, track.shot, stage)
    strangers = track.shot.identity is Identity.BY_FACE

    def link(_above: Above, walk: Walk) -> Flow[Standing]:
        return draw(bench.site, stage.id, drawer(walk, () if strangers else walk.take.cast))

    return link


def _open(bench: Workbench, track: Track, stage: Stage) -> Link:
    files = {key: bench.digests[path] for key, path in track.shot.pictures.items()}

    def link(_above: Above, walk: Walk) -> Flow[Standing]:
        return open_file(stage.id, files[walk.take.cell[PICTURE].key])

    return link


def _enhance(bench: Workbench, _track: Track, stage: Stage) -> Link:
    endpoint = bench.endpoint(stage.endpoint)
    fields = fields_of(bench, stage, endpoint)
    seed = endpoint.roles.seed

    def work(walk: Walk, picture: Blob) -> Flow[Standing]:
        arguments = {**fields(walk.context), **({seed: walk.take.seed} if seed else {})}
        return enhance(bench.site, stage.id, endpoint, arguments, picture)

    return upon(work)


def _call(bench: Workbench, _track: Track, stage: Stage) -> Link:
    endpoint = bench.catalog.get(stage.endpoint)
    files = {field: bench.digests[path] for field, path in stage.files.items()}
    taking = str(stage.data.get("input", "image_url"))

    def work(walk: Walk, picture: Blob) -> Flow[Standing]:
        arguments = as_object(bench.fill(stage.options, walk.context, (*stage.where, "with")))
        if endpoint is not None:
            seed = {} if endpoint.roles.seed is None else {endpoint.roles.seed: walk.take.seed}
            arguments = complete(endpoint, {**seed, **arguments})
        asking = Asking(endpoint=stage.endpoint, arguments=arguments, taking=taking, files=files)
        return call_it(bench.site, stage.id, asking, picture)

    return upon(work)


def _mark(_bench: Workbench, _track: Track, stage: Stage) -> Link:
    message = as_text(stage.data["mark_id"]) if "mark_id" in stage.data else None

    def work(_walk: Walk, picture: Blob) -> Flow[Standing]:
        return mark(stage.id, message, picture)

    return upon(work)


_LINKS: Mapping[str, Callable[[Workbench, Track, Stage], Link]] = {
    "generate": _generate,
    "open": _open,
    "inpaint": inpaint_link,
    "upscale": _enhance,
    "restore": _enhance,
    "mark": _mark,
    "call": _call,
}
