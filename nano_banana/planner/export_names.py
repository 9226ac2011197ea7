"""Names of exported files, known and checked before anything is paid."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nano_banana.model.flow import Ruling
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, Invalid, Position, Problem
from nano_banana.planner.planning import path_suffix, subjects_in_turn
from nano_banana.planner.stage_links import ALL_RULINGS, is_picked, onward_rulings, source_rulings
from nano_banana.planner.take_context import PlanContext
from nano_banana.planner.takes import StagePath, Take, forked_shots, rejoining_shots, stage_paths, takes_of
from nano_banana.recipe.recipe_model import CollectionRef, ExportSpec

MAX_NAME_BYTES = 255 - 5
"""Bytes of one part of a path, on the usual file systems, less a suffix."""

PICTURE_SUFFIX = re.compile(r"\.(png|jpe?g|webp|gif)$", re.IGNORECASE)
_UNSAFE_CHARACTERS = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\\\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
"""Also what ends a line or turns the direction of what follows: a name must look like what it is."""
_DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedCopy:
    """A picture to hand out: that of the take `take` at the end of the stages `way`, if it comes so far.

    `gate` is the last gate on the way (empty: there is none), `rulings` what it must say. `name` is a path without
    suffix, with slashes, below the folder.
    """

    take: str
    way: tuple[str, ...]
    gate: str
    rulings: frozenset[Ruling]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _ExportRoute:
    """A way to a collection: the track that goes it, what is taken of its end, what tells the takes' tracks apart."""

    track: StagePath
    way: tuple[str, ...]
    source: CollectionRef
    suffix: str

    @property
    def gate(self) -> int | None:
        """Where the last gate stands; None where there is none."""
        return next((at for at in reversed(range(len(self.way))) if self.track.stages[at].gate), None)

    def passes(self, at: int) -> frozenset[Ruling]:
        """The rulings of the gate at that place with which a take comes to the end of the way."""
        return source_rulings(self.source) if at + 1 == len(self.way) else onward_rulings(self.track, at)

    def rulings(self, take: str) -> frozenset[Ruling]:
        """What the last gate may say of a take that is handed out; a person may have picked it whatever that is."""
        if self.gate is None:
            return frozenset({Ruling.NOT_JUDGED})
        picked = self.gate + 1 < len(self.way) and is_picked(self.track, self.gate, take)
        return ALL_RULINGS - {Ruling.IMAGINED} if picked else self.passes(self.gate)

    def is_apart(self, other: _ExportRoute) -> bool:
        """Whether no take is handed out by both as two pictures: it is one picture, or a gate parts them."""
        if self.way == other.way:
            return True
        for at, (here, there) in enumerate(zip(self.way, other.way, strict=False)):
            if here != there:
                return False
            if self.track.stages[at].gate and not self.passes(at) & other.passes(at):
                return True
        return False


def exported_copies(bench: PlanContext, export: ExportSpec, place: Position) -> list[ExportedCopy]:
    """Every copy that there may be, those that came further behind the others.

    Of those with one name no more than one will be there, or the last one is meant. `place` is where the name's
    template stands. Raises Invalid for names that are unsafe, or that two pictures would have: an error of each kind.
    """
    found: list[ExportedCopy] = []
    named: dict[str, list[tuple[Take, _ExportRoute]]] = {}
    problems: dict[str, list[JSONObject]] = {}
    try:
        for take, route, copy in _all_copies(bench, export):
            kind = _name_fault(copy.name)
            # Many file systems take names that differ in case, or in how an accent is written, for one.
            others = named.setdefault(unicodedata.normalize("NFC", copy.name).casefold(), [])
            clash = next((other for other, way in others if other.id != take.id or not route.is_apart(way)), None)
            data: JSONObject = {"name": copy.name, "take": take.id}
            if kind:
                problems.setdefault(kind, []).append(data)
            elif clash is not None:
                problems.setdefault("export_same_name", []).append({**data, "other": clash.id})
            others.append((take, route))
            found.append(copy)
    except CallFailed as error:
        raise Invalid(error.problems) from error
    if problems:
        raise Invalid(
            [
                Problem(kind=kind, position=place, data={**told[0], "more": len(told) - 1})
                for kind, told in problems.items()
            ]
        )
    return sorted(found, key=lambda copy: len(copy.way))


def _all_copies(bench: PlanContext, export: ExportSpec) -> Iterator[tuple[Take, _ExportRoute, ExportedCopy]]:
    """Every copy, with its route. Raises CallFailed where a name's template fails."""
    by_verdict = "verdict" in bench.engine.compile(export.name.text).uses
    for route in _export_routes(bench, export):
        gate = "" if route.gate is None else route.way[route.gate]
        for subject in subjects_in_turn(route.track.shot):
            for take in takes_of(bench.recipe.name, route.track.shot, subject):
                rulings = route.rulings(take.id)
                for verdicts in _ruling_groups(rulings, apart=by_verdict):
                    name = bench.render(export.name, _name_context(bench, take, route, min(verdicts)))
                    copy = ExportedCopy(
                        take=take.id + route.suffix,
                        way=route.way,
                        gate=gate,
                        rulings=verdicts,
                        name=PICTURE_SUFFIX.sub("", name.strip()),
                    )
                    yield take, route, copy


def _ruling_groups(rulings: frozenset[Ruling], *, apart: bool) -> list[frozenset[Ruling]]:
    """The rulings together; or one by one, where each has a name of its own."""
    return [frozenset({ruling}) for ruling in sorted(rulings)] if apart else [rulings]


def _export_routes(bench: PlanContext, export: ExportSpec) -> Iterator[_ExportRoute]:
    tracks = stage_paths(bench.recipe)
    forks, meets = forked_shots(tracks), rejoining_shots(tracks)
    for source in export.sources:
        for track, way in _paths_to(tracks, source):
            yield _ExportRoute(track=track, way=way, source=source, suffix=path_suffix(track, forks, meets))


def _paths_to(tracks: list[StagePath], source: CollectionRef) -> Iterator[tuple[StagePath, tuple[str, ...]]]:
    """The ways to a collection, each once, with one of the tracks that go it."""
    seen = set()
    for track in tracks:
        ids = tuple(stage.id for stage in track.stages)
        if source.stage not in ids or source.shot not in ("", track.shot.name):
            continue
        way = ids[: ids.index(source.stage) + 1]
        if (track.shot.name, way) not in seen:
            seen.add((track.shot.name, way))
            yield track, way


def _name_context(bench: PlanContext, take: Take, route: _ExportRoute, verdict: Ruling) -> Mapping[str, object]:
    """What the template of a name finds: a take's names, and how the picture is called here."""
    ours = {"cast": list(take.cast), "take": take.id, "stage": route.source.stage, "way": "+".join(route.way)}
    return {**bench.contexts.take(take), **ours, "recipe": bench.recipe.name, "verdict": str(verdict)}


def _name_fault(name: str) -> str:
    """The kind of problem that a name is; empty for none."""
    parts = name.split("/")
    if not name:
        return "export_no_name"
    if any(part in ("", ".", "..") for part in parts) or name.startswith("~"):
        return "export_outside"
    if any(
        _UNSAFE_CHARACTERS.search(part) or _DEVICE_NAMES.fullmatch(part) or part != part.strip(" .") for part in parts
    ):
        return "export_unsafe"
    if any(len(part.encode(errors="surrogatepass")) > MAX_NAME_BYTES for part in parts):
        return "export_too_long"
    return ""
