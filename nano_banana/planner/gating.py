"""The gate's part of a chain: who is judged, and which chances there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nano_banana.core.flow import Flow
from nano_banana.core.json import JSONObject, as_text
from nano_banana.core.verdict import Ruling, Verdict
from nano_banana.planner.drawing import Drawer, drawer_of, given_to
from nano_banana.planner.painting import face_number, region_of
from nano_banana.planner.take import Take
from nano_banana.planner.track import Track
from nano_banana.planner.training import root_id
from nano_banana.planner.walk import Above, Link, Walk
from nano_banana.planner.workbench import Workbench
from nano_banana.recipe.model import Gate, Source, Stage
from nano_banana.recipe.skipping import skipped
from nano_banana.stages.gating import Chance, Judging, gate, passed_over
from nano_banana.stages.inpaint import Region, inpaint
from nano_banana.stages.standing import Standing

_USUAL = frozenset({Ruling.ACCEPTED, Ruling.UNSURE, Ruling.NOT_JUDGED})
"""What goes on where nobody says otherwise."""

EVERYTHING = frozenset(Ruling)


def gate_link(bench: Workbench, track: Track, stage: Stage, terms: Gate) -> Link:
    """Judge the picture against the people of its take, with what second chances the gate gives."""
    at = track.stages.index(stage)
    ordinal = sum(before.verb == "gate" for before in track.stages[:at])
    onward = onward_from(track, at)
    repair = _repair_of(bench, track, terms)
    drawn_by = [given for before in track.stages[:at] if (given := given_to(track.shot, before)) is not None]
    painted = any(not given.template.gate for given in drawn_by)

    def link(above: Above, walk: Walk) -> Flow[Standing]:
        standing = yield from above(walk)
        if standing.left:
            return standing
        people = [(name, walk.results[root_id(stage.id, name)]) for name in walk.take.cast]
        ordered = bool(track.shot.together)
        judging = Judging(
            people=people,
            standard=terms.standard,
            onward=EVERYTHING if kept(track, at, walk.name) else onward,
            in_order=ordered,
            every_face=terms.every_face,
        )
        if painted or skipped(terms.skip, walk.take.cell):
            return (yield from passed_over(stage.id, judging, standing))
        chances = [*_retries(bench, terms.retries, above, walk, ordinal)]
        if repair is not None:
            chances += _repairs(bench, stage.id, terms.ladder, repair, walk)
        if ordinal:
            # Its tries and those of the gates before it must not have one name.
            chances = [replace(chance, label=f"{stage.id}-{chance.label}") for chance in chances]
        return (yield from gate(stage.id, judging, standing, chances))

    return link


def kept(track: Track, at: int, take: str) -> bool:
    """Whether a person picked this take, by its id or its name, whatever the gate says of it."""
    names = (take, f"{take}@{track.stages[-1].id}", f"{take}@{track.way}")
    return any(stage.keep is not None and stage.keep.keeps(*names) for stage in track.stages[at + 1 :])


def onward_from(track: Track, at: int) -> frozenset[Ruling]:
    """The rulings with which takes go on from the gate at that place of a track."""
    if at + 1 == len(track.stages):
        return _USUAL
    gate_id, shot = track.stages[at].id, track.shot.name
    sources = [found for found in track.stages[at + 1].sources if found.stage == gate_id and found.shot in ("", shot)]
    return frozenset(ruling for source in sources for ruling in rulings_of(source))


def rulings_of(source: Source) -> frozenset[Ruling]:
    """The rulings that a gate's pictures have which a source takes up."""
    if not source.ruling:
        return _USUAL
    if source.ruling == Ruling.ACCEPTED:
        return frozenset({Ruling.ACCEPTED, Ruling.NOT_JUDGED})
    return frozenset({Ruling(source.ruling)})


def _retries(bench: Workbench, count: int, above: Above, walk: Walk, ordinal: int) -> Iterator[Chance]:
    """New seeds."""
    for number in range(1, count + 1):
        again = walk.again(bench, gate=ordinal, number=number)

        def flow(_best: Standing, _verdict: Verdict, again: Walk = again) -> Flow[Standing]:
            return above(again)

        yield Chance(label=f"retry{number}", detail={"seed": again.take.seed}, flow=flow)


def _repair_of(bench: Workbench, track: Track, terms: Gate) -> tuple[Drawer, Region] | None:
    if terms.repair is None:
        return None
    return drawer_of(bench, track.shot, terms.repair), region_of(bench, terms.repair)


def _repairs(
    bench: Workbench,
    stage: str,
    ladder: tuple[str, Sequence[float]],
    repair: tuple[Drawer, Region],
    walk: Walk,
) -> Iterator[Chance]:
    """The faces that are not their persons', painted over: a rung of the ladder each, on the best picture so far."""
    drawer, region = repair
    name, rungs = ladder
    # Without rungs there is one try, with the fields as they are.
    details: list[JSONObject] = [{name: rung} for rung in rungs] or [{}]
    for number, detail in enumerate(details, start=1):

        def flow(best: Standing, verdict: Verdict, detail: JSONObject = detail) -> Flow[Standing]:
            standing = best
            for person, face in _faces_to_mend(walk.take, verdict):
                drawing = drawer(walk, (person,)).having(detail)
                part = region if face is None else face_number(region, face)
                standing = standing.then((yield from inpaint(bench.site, stage, drawing, part, standing.picture)))
            return standing

        yield Chance(label=f"repair{number}", detail=detail, flow=flow, mends=True)


def _faces_to_mend(take: Take, verdict: Verdict) -> Sequence[tuple[str, int | None]]:
    """Who is to be painted, and which face from the left is theirs (None: as the mask says)."""
    cast = take.cast
    if len(cast) < 2:
        return [(cast[0], None)]
    far = {as_text(reason.data.get("subject", "")) for reason in verdict.reasons}
    wrong = [(name, number) for number, name in enumerate(cast, start=1) if name in far]
    return wrong or [(name, number) for number, name in enumerate(cast, start=1)]
