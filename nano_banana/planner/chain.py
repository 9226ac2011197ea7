"""A take's chain: its stages' flows, one after another."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import TypeAlias

from nano_banana.catalog.complete import complete
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.blob import Blob
from nano_banana.core.errors import CallFailed
from nano_banana.core.errors import trouble
from nano_banana.core.flow import Flow
from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.core.json import as_object
from nano_banana.planner.take import Take
from nano_banana.planner.track import Track
from nano_banana.planner.training import root_id
from nano_banana.planner.workbench import Workbench
from nano_banana.planner.workbench import has_templates
from nano_banana.recipe.model import Stage
from nano_banana.stages.call import Asking
from nano_banana.stages.call import call_it
from nano_banana.stages.generate import Drawing
from nano_banana.stages.generate import draw
from nano_banana.stages.inpaint import Region
from nano_banana.stages.inpaint import inpaint

Results: TypeAlias = Mapping[str, Blob]
Link: TypeAlias = Callable[[Take, Mapping[str, object], Results, Blob | None], Flow[Blob]]
"""One stage's part of a chain: the take, its context, the adapters by node, and the picture so far."""

Chain: TypeAlias = Callable[[Take, Results], Flow[Blob]]


def chain_of(bench: Workbench, track: Track) -> Chain:
    """A function that makes a take's flow; what is the same for all takes is worked out once."""
    links = [_LINKS[stage.verb](bench, track, stage) for stage in track.stages]

    def chain(take: Take, results: Results) -> Flow[Blob]:
        context = bench.contexts.take(take)
        picture: Blob | None = None
        for link in links:
            picture = yield from link(take, context, results, picture)
        if picture is None:
            raise CallFailed([trouble("no_result", endpoint=track.shot.name, expected="a picture")])
        return picture

    return chain


def _drawing(bench: Workbench, track: Track, stage: Stage) -> Callable[[Take, Mapping[str, object], Results], Drawing]:
    endpoint = bench.endpoint(stage.endpoint)
    text = stage.prompt or track.shot.template
    fields = _fields(bench, stage, endpoint)
    images = tuple(bench.digests[path] for name, path in stage.files.items() if name != "mask")
    roles = endpoint.roles

    def drawing(take: Take, context: Mapping[str, object], results: Results) -> Drawing:
        arguments: dict[str, JSONValue] = {**fields(context), str(roles.prompt): bench.render(text, context)}
        if roles.seed:
            arguments[roles.seed] = take.seed
        adapters = [(_adapter(bench, name, take, results), scale) for name, scale in stage.adapters]
        return Drawing(endpoint=endpoint, arguments=arguments, adapters=adapters, images=images)

    return drawing


def _fields(bench: Workbench, stage: Stage, endpoint: Endpoint) -> Callable[[Mapping[str, object]], JSONObject]:
    if has_templates(stage.options):
        return lambda context: complete(endpoint, as_object(bench.fill(stage.options, context, (*stage.where, "with"))))
    ready = complete(endpoint, stage.options)
    return lambda _context: ready


def _adapter(bench: Workbench, name: str, take: Take, results: Results) -> Blob:
    brought = bench.recipe.adapters.get(name)
    return bench.digests[brought.path] if brought else results[root_id(name, take.subject)]


def _generate(bench: Workbench, track: Track, stage: Stage) -> Link:
    drawing = _drawing(bench, track, stage)

    def link(take: Take, context: Mapping[str, object], results: Results, _picture: Blob | None) -> Flow[Blob]:
        return draw(bench.site, stage.id, drawing(take, context, results))

    return link


def _inpaint(bench: Workbench, track: Track, stage: Stage) -> Link:
    drawing = _drawing(bench, track, stage)
    region = _region(bench, stage)

    def link(take: Take, context: Mapping[str, object], results: Results, picture: Blob | None) -> Flow[Blob]:
        if picture is None:
            raise CallFailed([trouble("nothing_to_paint", stage=stage.id)])
        return inpaint(bench.site, stage.id, drawing(take, context, results), region, picture)

    return link


def _region(bench: Workbench, stage: Stage) -> Region:
    mask = dict(as_object(stage.data["mask"]))
    edges = {name: mask.pop(name, default) for name, default in (("grow", 0), ("feather", 0), ("invert", False))}
    shape: JSONObject = {"file": True} if "file" in mask else mask
    crop: JSONObject = {"megapixels": 1.0, "context": 0.5, "multiple": 16, **as_object(stage.data.get("crop"))}
    file = stage.files.get("mask")
    return Region(mask={"shape": shape, **edges}, crop=crop, file=None if file is None else bench.digests[file])


def _call(bench: Workbench, _track: Track, stage: Stage) -> Link:
    endpoint = bench.catalog.get(stage.endpoint)
    files = {field: bench.digests[path] for field, path in stage.files.items()}
    taking = str(stage.data.get("input", "image_url"))

    def link(take: Take, context: Mapping[str, object], _results: Results, picture: Blob | None) -> Flow[Blob]:
        if picture is None:
            raise CallFailed([trouble("nothing_to_paint", stage=stage.id)])
        arguments = as_object(bench.fill(stage.options, context, (*stage.where, "with")))
        if endpoint is not None:
            seed = {} if endpoint.roles.seed is None else {endpoint.roles.seed: take.seed}
            arguments = complete(endpoint, {**seed, **arguments})
        asking = Asking(endpoint=stage.endpoint, arguments=arguments, taking=taking, files=files)
        return call_it(bench.site, stage.id, asking, picture)

    return link


_LINKS: Mapping[str, Callable[[Workbench, Track, Stage], Link]] = {
    "generate": _generate,
    "inpaint": _inpaint,
    "call": _call,
}
