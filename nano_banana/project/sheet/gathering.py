"""Which takes are on a sheet, and what stands for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.problem import Problem
from nano_banana.core.result import Status
from nano_banana.core.verdict import Ruling
from nano_banana.planner.track import tracks_of
from nano_banana.project.sheet.shown import Shown, State
from nano_banana.recipe.model import Source
from nano_banana.recipe.recipe import Recipe
from nano_banana.reports.entries import judged_picture, standing_at
from nano_banana.reports.files import folder_of
from nano_banana.reports.record import Picture, Record
from nano_banana.reports.ruled import Ruled

STATES = {
    Ruling.ACCEPTED: State.ACCEPTED,
    Ruling.UNSURE: State.UNSURE,
    Ruling.REJECTED: State.REJECTED,
    Ruling.NOT_JUDGED: State.NOT_JUDGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The takes of a sheet, and how many a choice left out."""

    takes: Sequence[Shown]
    unchosen: int


def gather(
    recipe: Recipe,
    records: Sequence[Record],
    sources: Sequence[Source],
    *,
    folder: Path,
    failed: Mapping[str, Sequence[Problem]],
) -> Gathered:
    """The takes of `sources`, in the recipe's order. `failed` says why takes failed in the last run, by id."""
    found: dict[tuple[str, ...], Shown] = {}
    unchosen: set[str] = set()
    chains = _chains(recipe)
    for source in sources:
        for record in records:
            if not _comes(record, source, chains):
                continue
            if _left_out(record, source, chains):
                unchosen.add(record.id)
                continue
            take = _shown(record, source.stage, folder, failed.get(record.id, ()))
            # Ways that part behind the stage have one picture there.
            key = (record.id.partition("@")[0], folder_of(record.id, source.stage), source.stage)
            if _is_meant(take, source) and (key not in found or found[key].picture is None):
                found[key] = take
    return Gathered(takes=list(found.values()), unchosen=len(unchosen))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chains:
    """The stages that takes go through, by shot and last stage."""

    ways: Mapping[str, Sequence[tuple[str, ...]]]

    def has(self, record: Record, stage: str) -> bool:
        return any(stage in way for way in self._of(record))

    def passed(self, record: Record, stage: str) -> set[str]:
        """The stages up to that one, with it."""
        return {name for way in self._of(record) if stage in way for name in way[: way.index(stage) + 1]}

    def _of(self, record: Record) -> Iterator[tuple[str, ...]]:
        suffix = [name for name in record.id.partition("@")[2].split("+") if name]
        for way in self.ways.get(record.card.shot, ()):
            if record.card.stage in way and all(name in way for name in suffix):
                yield way[: way.index(record.card.stage) + 1]


def _chains(recipe: Recipe) -> _Chains:
    ways: dict[str, list[tuple[str, ...]]] = {}
    for track in tracks_of(recipe):
        ways.setdefault(track.shot.name, []).append(track.name[1:])
    return _Chains(ways=ways)


def _comes(record: Record, source: Source, chains: _Chains) -> bool:
    card = record.card
    return card.kind == "take" and source.shot in ("", card.shot) and chains.has(record, source.stage)


def _left_out(record: Record, source: Source, chains: _Chains) -> bool:
    left = record.left
    return left is not None and left.why == "not_chosen" and left.stage in chains.passed(record, source.stage)


def _is_meant(take: Shown, source: Source) -> bool:
    if not source.ruling:
        return True
    return any(
        ruled.last and ruled.stage == source.stage and ruled.ruling == source.ruling for ruled in take.record.verdicts
    )


def _turn(record: Record) -> str:
    """The place of the take's seed among those of its shot: `#2`."""
    at = record.card.slot.partition("@")[0].rpartition("#")[2]
    return "" if record.card.seed is None else f"#{int(at) + 1}"


def _shown(record: Record, stage: str, folder: Path, problems: Sequence[Problem]) -> Shown:
    ruled = _word(record)
    picture = _picture(record, stage, ruled)
    state = _state(record, stage, picture, ruled, failed=bool(problems))
    return Shown(
        record=record,
        stage=stage,
        state=state,
        turn=_turn(record),
        picture=None if picture is None else picture.blob,
        name="" if picture is None else picture.name,
        here=picture is not None and (folder / picture.name).is_file(),
        ruled=ruled,
        problems=tuple(problems) or tuple(record.problems) if state is State.FAILED else (),
    )


def _word(record: Record) -> Ruled | None:
    """The verdict that counts; of a take that is still under way, the last one."""
    return record.word or (record.verdicts[-1] if record.verdicts else None)


def _picture(record: Record, stage: str, ruled: Ruled | None) -> Picture | None:
    """The stage's picture, of the attempt that stands; else the furthest that the take came."""
    judged = judged_picture(record, ruled) if ruled else None
    return standing_at(record, stage) or judged or next(reversed(record.pictures), None)


def _state(record: Record, stage: str, picture: Picture | None, ruled: Ruled | None, *, failed: bool) -> State:
    came = any(found.stage == stage for found in record.pictures)
    if record.status in (Status.FAILED, Status.BLOCKED) or (failed and not came):
        return State.FAILED
    # Where no later stage takes up what a gate said, its word is what became of the take.
    stays = record.left is not None and ruled is not None and record.left.why == ruled.ruling
    if ruled is not None and (came or stays or ruled.ruling is Ruling.REJECTED):
        return STATES[ruled.ruling]
    return State.DONE if came and picture is not None else State.MISSING
