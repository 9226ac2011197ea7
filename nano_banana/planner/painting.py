"""The inpaint stage's part of a chain: one region, or each face of a cast."""

from __future__ import annotations

from dataclasses import replace

from nano_banana.core.blob import Blob
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.flow import Attempt, Flow, ask, within
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_object, as_whole
from nano_banana.planner.drawing import drawer_of
from nano_banana.planner.track import Track
from nano_banana.planner.walk import Above, Link, Walk, upon
from nano_banana.planner.workbench import Workbench
from nano_banana.recipe.model import Identity, Stage
from nano_banana.stages.inpaint import Region, inpaint
from nano_banana.stages.site import compute
from nano_banana.stages.standing import Standing

REDRAWS = 2
_REDRAWING = 100
"""Stands for a gate's number in the seeds of pictures that had the wrong number of faces."""


def region_of(bench: Workbench, stage: Stage) -> Region:
    """The region that a stage repaints."""
    mask = dict(as_object(stage.data["mask"]))
    edges: dict[str, JSONValue] = {}
    for name, default in (("grow", 0), ("feather", 0), ("invert", False)):
        edges[name] = mask.pop(name, default)
    shape: JSONObject = mask
    if "file" in mask:
        shape = {"file": True}
    elif "find" in mask:
        found = {"part": mask["find"], "which": mask.get("which", "largest"), "order": mask.get("order", "size")}
        shape = {"find": found}
    crop: JSONObject = {"megapixels": 1.0, "context": 0.5, "multiple": 16, **as_object(stage.data.get("crop"))}
    file = stage.files.get("mask")
    return Region(mask={"shape": shape, **edges}, crop=crop, file=None if file is None else bench.digests[file])


def face_number(region: Region, number: int, order: str = "left_to_right") -> Region:
    """The same, of the `number`-th face (from 1) by `order`."""
    found = as_object(as_object(region.mask["shape"])["find"])
    return replace(region, mask={**region.mask, "shape": {"find": {**found, "which": number, "order": order}}})


def inpaint_link(bench: Workbench, track: Track, stage: Stage) -> Link:
    """Paint one region; or, with `assign: cast`, each face with its own person's adapter."""
    if "assign" in as_object(stage.data["mask"]):
        return _cast_link(bench, track, stage)
    drawer, region = drawer_of(bench, track.shot, stage), region_of(bench, stage)
    strangers = track.shot.identity is Identity.BY_FACE

    def work(walk: Walk, picture: Blob) -> Flow[Standing]:
        drawing = drawer(walk, () if strangers else walk.take.cast)
        return inpaint(bench.site, stage.id, drawing, region, picture)

    return upon(work)


def _cast_link(bench: Workbench, track: Track, stage: Stage) -> Link:
    drawer, region = drawer_of(bench, track.shot, stage), region_of(bench, stage)
    order = str(as_object(stage.data["mask"]).get("order", "left_to_right"))
    redraws = as_whole(stage.data.get("redraws", REDRAWS))

    def link(above: Above, walk: Walk) -> Flow[Standing]:
        standing = yield from _peopled(bench, stage.id, above, walk, redraws)
        if standing.left:
            return standing
        for number, name in enumerate(walk.take.cast, start=1):
            face = face_number(region, number, order)
            painted = yield from inpaint(bench.site, stage.id, drawer(walk, (name,)), face, standing.picture)
            standing = standing.then(painted)
        return standing

    return link


def _peopled(bench: Workbench, stage: str, above: Above, walk: Walk, redraws: int) -> Flow[Standing]:
    """A picture with as many faces as the cast has; one with more or fewer is drawn again.

    A picture that nobody can see yet (in a forecast) uses up all redraws.

    Raises CallFailed `faces_miscounted` where none of so many is right.
    """
    wanted = len(walk.take.cast)
    standing = yield from above(walk)
    found = yield from _counted(stage, standing)
    for number in range(1, redraws + 1):
        if standing.left or found == wanted:
            return standing
        again = walk.again(bench, gate=_REDRAWING, number=number)
        attempt = Attempt(number=number, label=f"redraw{number}", detail={"seed": again.take.seed})
        standing = yield from within(attempt, above(again))
        found = yield from within(attempt, _counted(stage, standing))
    if standing.left or found in (None, wanted):
        return standing
    raise CallFailed([trouble("faces_miscounted", wanted=wanted, found=found, tries=redraws + 1)])


def _counted(stage: str, standing: Standing) -> Flow[int | None]:
    """How many people are to be seen; None where nobody has looked yet, and nothing is to be looked at."""
    if standing.left:
        return None
    looked = yield from ask(stage, compute("look", {}, {"image": standing.picture}))
    if "faces" not in looked.data:
        return None
    return sum(as_object(face)["main"] is True for face in as_items(looked.data["faces"]))
