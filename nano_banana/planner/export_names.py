"""Names of exported files, known and checked before anything is paid."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from msgspec import Struct

from nano_banana.model.flow import Ruling
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, Invalid, Position, Problem
from nano_banana.planner.takes import (
    decides,
    forked_shots,
    path_suffix,
    rejoining_shots,
    stage_paths,
    subjects_in_turn,
    takes_of,
)
from nano_banana.recipe.recipe_model import CollectionRef, ExportSpec
from nano_banana.stages.stage_registry import kind_of
from nano_banana.stages.take_context import ALL_RULINGS, PlanContext, StagePath, Take, rulings_in

MAX_NAME_BYTES = 255 - 5
"""The longest part of a path on usual file systems, in bytes, without a suffix."""

PICTURE_SUFFIX = re.compile(r"\.(png|jpe?g|webp|gif)$", re.IGNORECASE)
_UNSAFE_CHARACTERS = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\\\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
"""Also characters that end a line or change the direction of text: a name must be what it looks like."""
_DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


class ExportedCopy(Struct, frozen=True, kw_only=True):
    """A picture to hand out: that of the take `take` after the stages `path`, if it comes so far.

    `gate` is the last stage on the path that judges (empty: none), `rulings` the ones that are handed out. `name` is a
    path below the folder, with slashes and without suffix.
    """

    take: str
    path: tuple[str, ...]
    gate: str
    rulings: frozenset[Ruling]
    name: str


class _ExportRoute(Struct, frozen=True, kw_only=True):
    """The way to a collection: the stages up to it (`way`), on one of the paths that go through them.

    `suffix` tells the takes of a shot's paths apart.
    """

    path: StagePath
    way: tuple[str, ...]
    source: CollectionRef
    suffix: str

    def judges(self, at: int) -> bool:
        """Whether the stage at that position judges takes."""
        return kind_of(self.path.stages[at]).judges

    @property
    def gate(self) -> int | None:
        """The position of the last gate, if there is one."""
        return next((at for at in reversed(range(len(self.way))) if self.judges(at)), None)

    def passes(self, at: int) -> frozenset[Ruling]:
        """The rulings of the gate at that position with which a take comes to the end of the way."""
        return rulings_in(self.source) if at + 1 == len(self.way) else self.path.onward_rulings(at)

    def rulings(self, take: str) -> frozenset[Ruling]:
        """The last gate's rulings on a take that is handed out; a person may have picked it despite a rejection."""
        if self.gate is None:
            return frozenset({Ruling.NOT_JUDGED})
        picked = self.gate + 1 < len(self.way) and self.path.is_kept_after(self.gate, take)
        return ALL_RULINGS - {Ruling.IMAGINED} if picked else self.passes(self.gate)

    def is_dropped(self, take: str) -> bool:
        """Whether a person dropped the take under a stage of the way that doesn't decide itself."""
        ways = enumerate(self.path.stages[: len(self.way)])
        return any(self.path.decision(at, take) == "drop" for at, stage in ways if not decides(stage))

    def is_apart(self, other: _ExportRoute) -> bool:
        """Whether no take is exported by both as two pictures: they are the same picture, or a gate separates them."""
        if self.way == other.way:
            return True
        for at, (here, there) in enumerate(zip(self.way, other.way, strict=False)):
            if here != there:
                return False
            if self.judges(at) and not self.passes(at) & other.passes(at):
                return True
        return False


def exported_copies(plan: PlanContext, export: ExportSpec, place: Position) -> list[ExportedCopy]:
    """Every copy that is possible, in the order of their paths' lengths.

    If several have the same name, only one of them will exist, or the last one counts. `place` is the position of the
    name's template. Raises Invalid with one problem of each kind for unsafe names and for names of two pictures.
    """
    found: list[ExportedCopy] = []
    named: dict[str, list[tuple[Take, _ExportRoute]]] = {}
    problems: dict[str, list[JSONObject]] = {}
    try:
        for take, route, copy in _all_copies(plan, export):
            kind = _name_fault(copy.name)
            # On many file systems, names that differ in case or in the encoding of an accent are the same.
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
    return sorted(found, key=lambda copy: len(copy.path))


def _all_copies(plan: PlanContext, export: ExportSpec) -> Iterator[tuple[Take, _ExportRoute, ExportedCopy]]:
    """Every copy, with its route. Raises CallFailed if a name's template fails."""
    by_verdict = "verdict" in plan.engine.compile(export.name.text).uses
    for route in _export_routes(plan, export):
        gate = "" if route.gate is None else route.way[route.gate]
        for subject in subjects_in_turn(route.path.shot):
            for take in takes_of(plan.recipe.name, route.path.shot, subject):
                if route.is_dropped(take.id):
                    continue
                rulings = route.rulings(take.id)
                for verdicts in [frozenset({ruling}) for ruling in sorted(rulings)] if by_verdict else [rulings]:
                    name = plan.render(export.name, _name_context(plan, take, route, min(verdicts)))
                    copy = ExportedCopy(
                        take=take.id + route.suffix,
                        path=route.way,
                        gate=gate,
                        rulings=verdicts,
                        name=PICTURE_SUFFIX.sub("", name.strip()),
                    )
                    yield take, route, copy


def _export_routes(plan: PlanContext, export: ExportSpec) -> Iterator[_ExportRoute]:
    """The ways to the exported collections, each once, with one of the paths that go it."""
    paths = stage_paths(plan.recipe)
    forks, rejoins = forked_shots(paths), rejoining_shots(paths)
    for source in export.sources:
        seen = set()
        for path in paths:
            ids = path.key[1:]
            if source.stage not in ids or source.shot not in ("", path.shot.name):
                continue
            way = ids[: ids.index(source.stage) + 1]
            if (path.shot.name, way) not in seen:
                seen.add((path.shot.name, way))
                yield _ExportRoute(path=path, way=way, source=source, suffix=path_suffix(path, forks, rejoins))


def _name_context(plan: PlanContext, take: Take, route: _ExportRoute, verdict: Ruling) -> Mapping[str, object]:
    """The variables of a name's template: a take's, and those of the export."""
    ours = {"cast": list(take.cast), "take": take.id, "stage": route.source.stage, "way": "+".join(route.way)}
    return {**plan.contexts.for_take(take), **ours, "recipe": plan.recipe.name, "verdict": str(verdict)}


def _name_fault(name: str) -> str:
    """The kind of problem with a name; empty if it's fine."""
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
