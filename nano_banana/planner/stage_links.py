"""How generate, inpaint and gate stages continue a take's flow.

A pair is painted face by face: strangers are drawn, counted (a wrong number is drawn again), then each face is
inpainted with its own person's adapter. Places go from left to right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from nano_banana.catalog.arguments import complete_arguments
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.call import Blob
from nano_banana.model.flow import Attempt, Flow, Ruling, Verdict, ask, with_attempt
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object, as_text, as_whole
from nano_banana.model.problem import CallFailed, problem
from nano_banana.planner.root_nodes import references_of, root_id
from nano_banana.planner.take_context import (
    PlanContext,
    RootResults,
    StageLink,
    TakeContext,
    Upstream,
    has_templates,
    picture_link,
)
from nano_banana.planner.takes import StagePath, Take
from nano_banana.recipe.axis_values import is_skipped
from nano_banana.recipe.pack import PackUse
from nano_banana.recipe.recipe_model import CollectionRef, GateRules, Identity, Shot, Stage
from nano_banana.stages.gate_stage import GateCheck, SecondChance, run_gate, skip_gate
from nano_banana.stages.generate_stage import ImageRequest
from nano_banana.stages.inpaint_stage import InpaintRegion, inpaint
from nano_banana.stages.stage_kind import StageOutput, compute_call

_MAX_REFERENCES = 4
"""Photos of one person that are shown to an endpoint which takes more: four angles say what there is to say."""

RequestFactory: TypeAlias = Callable[[TakeContext, Sequence[str]], ImageRequest]
"""Makes the drawing of one try at a take, with the adapters of these people."""


def image_request_factory(bench: PlanContext, shot: Shot, stage: Stage) -> RequestFactory:
    """What is the same for all takes of the shot is worked out once."""
    endpoint = bench.endpoint(stage.endpoint)
    text = stage.prompt or shot.template
    fields = field_factory(bench, stage, endpoint, pack_template_for(shot, stage))
    images = [bench.digests[path] for name, path in stage.files.items() if name != "mask"]
    shown = _reference_photos(bench, shot, endpoint) if stage.verb == "generate" else {}
    roles = endpoint.roles

    def drawing(walk: TakeContext, people: Sequence[str]) -> ImageRequest:
        who = {"subject": bench.contexts.subjects[people[0]]} if len(people) == 1 else {}
        context = {**walk.context, **who}
        arguments: dict[str, JSONValue] = {**fields(context), str(roles.prompt): bench.render(text, context)}
        if roles.seed:
            arguments[roles.seed] = walk.take.seed
        return ImageRequest(
            endpoint=endpoint,
            arguments=arguments,
            adapters=_adapters_for(bench, stage, people, walk.results),
            images=[*(blob for name in walk.take.cast for blob in shown.get(name, ())), *images],
        )

    return drawing


def pack_template_for(shot: Shot, stage: Stage) -> PackUse | None:
    """The pack's template that a stage draws a shot by; None where it is none, or where the stage does not draw."""
    return (stage.prompt or shot.template).given if stage.verb == "generate" else None


def field_factory(
    bench: PlanContext, stage: Stage, endpoint: Endpoint, given: PackUse | None = None
) -> Callable[[Mapping[str, object]], JSONObject]:
    """The endpoint's fields for a take's context, after defaults: as the stage says them, else as a pack does."""
    if given is None and not has_templates(stage.options):
        ready = complete_arguments(endpoint, stage.options)
        return lambda _context: ready

    def fields(context: Mapping[str, object]) -> JSONObject:
        said = as_object(bench.fill(stage.options, context, (*stage.where, "with")))
        settled = {} if given is None else bench.settled(given, context, endpoint)
        return complete_arguments(endpoint, {**settled, **said})

    return fields


def _adapters_for(
    bench: PlanContext, stage: Stage, people: Sequence[str], results: RootResults
) -> list[tuple[Blob, float]]:
    """Those that the recipe brings along, and each person's own; nobody's where strangers are drawn."""
    found = []
    for name, scale in stage.adapters:
        brought = bench.recipe.adapters.get(name)
        if brought:
            found.append((bench.digests[brought.path], scale))
        else:
            found += [(results[root_id(name, person)], scale) for person in people]
    return found


def _reference_photos(bench: PlanContext, shot: Shot, endpoint: Endpoint) -> Mapping[str, Sequence[Blob]]:
    """The photos of each of the cast that the endpoint is shown: those that the recipe names, else as many as it takes.

    Then each of several gets the same number.
    """
    if shot.identity is not Identity.REFERENCE:
        return {}
    field = endpoint.field_for(endpoint.roles.images)
    room = 1 if field is None else field.max_items or _MAX_REFERENCES
    each = max(1, min(room // max(1, len(shot.together)), _MAX_REFERENCES))
    subjects = bench.recipe.subjects
    return {
        name: [bench.digests[path] for path in references_of(subjects[name], bench.digests, most=each)]
        for name in shot.cast
    }


DEFAULT_REDRAWS = 2
_REDRAW_SEED_SLOT = 100
"""Stands for a gate's number in the seeds of pictures that had the wrong number of faces."""


def inpaint_region(bench: PlanContext, stage: Stage) -> InpaintRegion:
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
    return InpaintRegion(mask={"shape": shape, **edges}, crop=crop, file=None if file is None else bench.digests[file])


def with_face_number(region: InpaintRegion, number: int, order: str = "left_to_right") -> InpaintRegion:
    """The same, of the `number`-th face (from 1) by `order`."""
    found = as_object(as_object(region.mask["shape"])["find"])
    return replace(region, mask={**region.mask, "shape": {"find": {**found, "which": number, "order": order}}})


def inpaint_link(bench: PlanContext, track: StagePath, stage: Stage) -> StageLink:
    """Paint one region; or, with `assign: cast`, each face with its own person's adapter."""
    if "assign" in as_object(stage.data["mask"]):
        return _cast_inpaint_link(bench, track, stage)
    drawer, region = image_request_factory(bench, track.shot, stage), inpaint_region(bench, stage)
    strangers = track.shot.identity is Identity.BY_FACE

    def work(walk: TakeContext, picture: Blob) -> Flow[StageOutput]:
        drawing = drawer(walk, () if strangers else walk.take.cast)
        return inpaint(bench.site, stage.id, drawing, region, picture)

    return picture_link(work)


def _cast_inpaint_link(bench: PlanContext, track: StagePath, stage: Stage) -> StageLink:
    drawer, region = image_request_factory(bench, track.shot, stage), inpaint_region(bench, stage)
    order = str(as_object(stage.data["mask"]).get("order", "left_to_right"))
    redraws = as_whole(stage.data.get("redraws", DEFAULT_REDRAWS))

    def link(above: Upstream, walk: TakeContext) -> Flow[StageOutput]:
        standing = yield from _with_right_face_count(bench, stage.id, above, walk, redraws)
        if standing.left:
            return standing
        for number, name in enumerate(walk.take.cast, start=1):
            face = with_face_number(region, number, order)
            painted = yield from inpaint(bench.site, stage.id, drawer(walk, (name,)), face, standing.picture)
            standing = standing.then(painted)
        return standing

    return link


def _with_right_face_count(
    bench: PlanContext, stage: str, above: Upstream, walk: TakeContext, redraws: int
) -> Flow[StageOutput]:
    """A picture with as many faces as the cast has; one with more or fewer is drawn again.

    A picture that nobody can see yet (in a forecast) uses up all redraws.

    Raises CallFailed `faces_miscounted` where none of so many is right.
    """
    wanted = len(walk.take.cast)
    standing = yield from above(walk)
    found = yield from _count_faces(stage, standing)
    for number in range(1, redraws + 1):
        if standing.left or found == wanted:
            return standing
        again = walk.again(bench, gate=_REDRAW_SEED_SLOT, number=number)
        attempt = Attempt(number=number, label=f"redraw{number}", detail={"seed": again.take.seed})
        standing = yield from with_attempt(attempt, above(again))
        found = yield from with_attempt(attempt, _count_faces(stage, standing))
    if standing.left or found in (None, wanted):
        return standing
    raise CallFailed([problem("faces_miscounted", wanted=wanted, found=found, tries=redraws + 1)])


def _count_faces(stage: str, standing: StageOutput) -> Flow[int | None]:
    """How many people are to be seen; None where nobody has looked yet, and nothing is to be looked at."""
    if standing.left:
        return None
    looked = yield from ask(stage, compute_call("look", {}, {"image": standing.picture}))
    if "faces" not in looked.data:
        return None
    return sum(as_object(face)["main"] is True for face in as_items(looked.data["faces"]))


_DEFAULT_ONWARD = frozenset({Ruling.ACCEPTED, Ruling.UNSURE, Ruling.NOT_JUDGED})
"""What goes on where nobody says otherwise."""

ALL_RULINGS = frozenset(Ruling)


def gate_link(bench: PlanContext, track: StagePath, stage: Stage, terms: GateRules) -> StageLink:
    """Judge the picture against the people of its take, with what second chances the gate gives."""
    at = track.stages.index(stage)
    ordinal = sum(before.verb == "gate" for before in track.stages[:at])
    onward = onward_rulings(track, at)
    repair = _repair_of(bench, track, terms)
    drawn_by = [given for before in track.stages[:at] if (given := pack_template_for(track.shot, before)) is not None]
    painted = any(not given.template.gate for given in drawn_by)

    def link(above: Upstream, walk: TakeContext) -> Flow[StageOutput]:
        standing = yield from above(walk)
        if standing.left:
            return standing
        people = [(name, walk.results[root_id(stage.id, name)]) for name in walk.take.cast]
        ordered = bool(track.shot.together)
        judging = GateCheck(
            people=people,
            standard=terms.standard,
            onward=ALL_RULINGS if is_picked(track, at, walk.name) else onward,
            in_order=ordered,
            every_face=terms.every_face,
        )
        if painted or is_skipped(terms.skip, walk.take.cell):
            return (yield from skip_gate(stage.id, judging, standing))
        chances = [*_retry_chances(bench, terms.retries, above, walk, ordinal)]
        if repair is not None:
            chances += _repair_chances(bench, stage.id, terms.ladder, repair, walk)
        if ordinal:
            # Its tries and those of the gates before it must not have one name.
            chances = [replace(chance, label=f"{stage.id}-{chance.label}") for chance in chances]
        return (yield from run_gate(stage.id, judging, standing, chances))

    return link


def is_picked(track: StagePath, at: int, take: str) -> bool:
    """Whether a person picked this take, by its id or its name, whatever the gate says of it."""
    names = (take, f"{take}@{track.stages[-1].id}", f"{take}@{track.way}")
    return any(stage.keep is not None and stage.keep.keeps(*names) for stage in track.stages[at + 1 :])


def onward_rulings(track: StagePath, at: int) -> frozenset[Ruling]:
    """The rulings with which takes go on from the gate at that place of a track."""
    if at + 1 == len(track.stages):
        return _DEFAULT_ONWARD
    gate_id, shot = track.stages[at].id, track.shot.name
    sources = [found for found in track.stages[at + 1].sources if found.stage == gate_id and found.shot in ("", shot)]
    return frozenset(ruling for source in sources for ruling in source_rulings(source))


def source_rulings(source: CollectionRef) -> frozenset[Ruling]:
    """The rulings that a gate's pictures have which a source takes up."""
    if not source.ruling:
        return _DEFAULT_ONWARD
    if source.ruling == Ruling.ACCEPTED:
        return frozenset({Ruling.ACCEPTED, Ruling.NOT_JUDGED})
    return frozenset({Ruling(source.ruling)})


def _retry_chances(
    bench: PlanContext, count: int, above: Upstream, walk: TakeContext, ordinal: int
) -> Iterator[SecondChance]:
    """New seeds."""
    for number in range(1, count + 1):
        again = walk.again(bench, gate=ordinal, number=number)

        def flow(_best: StageOutput, _verdict: Verdict, again: TakeContext = again) -> Flow[StageOutput]:
            return above(again)

        yield SecondChance(label=f"retry{number}", detail={"seed": again.take.seed}, flow=flow)


def _repair_of(bench: PlanContext, track: StagePath, terms: GateRules) -> tuple[RequestFactory, InpaintRegion] | None:
    if terms.repair is None:
        return None
    return image_request_factory(bench, track.shot, terms.repair), inpaint_region(bench, terms.repair)


def _repair_chances(
    bench: PlanContext,
    stage: str,
    ladder: tuple[str, Sequence[float]],
    repair: tuple[RequestFactory, InpaintRegion],
    walk: TakeContext,
) -> Iterator[SecondChance]:
    """The faces that are not their persons', painted over: a rung of the ladder each, on the best picture so far."""
    drawer, region = repair
    name, rungs = ladder
    # Without rungs there is one try, with the fields as they are.
    details: list[JSONObject] = [{name: rung} for rung in rungs] or [{}]
    for number, detail in enumerate(details, start=1):

        def flow(best: StageOutput, verdict: Verdict, detail: JSONObject = detail) -> Flow[StageOutput]:
            standing = best
            for person, face in _faces_to_repair(walk.take, verdict):
                drawing = drawer(walk, (person,)).having(detail)
                part = region if face is None else with_face_number(region, face)
                standing = standing.then((yield from inpaint(bench.site, stage, drawing, part, standing.picture)))
            return standing

        yield SecondChance(label=f"repair{number}", detail=detail, flow=flow, mends=True)


def _faces_to_repair(take: Take, verdict: Verdict) -> Sequence[tuple[str, int | None]]:
    """Who is to be painted, and which face from the left is theirs (None: as the mask says)."""
    cast = take.cast
    if len(cast) < 2:
        return [(cast[0], None)]
    far = {as_text(reason.data.get("subject", "")) for reason in verdict.reasons}
    wrong = [(name, number) for number, name in enumerate(cast, start=1) if name in far]
    return wrong or [(name, number) for number, name in enumerate(cast, start=1)]
