"""One run with its stages and takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from nano_banana.cli.amounts import moment, spent
from nano_banana.cli.cells import visible
from nano_banana.cli.past.listing import NOTHING, cost, run_json, took
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict import likeness
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.project.runs import KeptCall, KeptTake, Snapshot

if TYPE_CHECKING:
    from nano_banana.store.runs import Run

MOST = 40
"""Takes that are listed unless all are asked for."""

COLOURS = {"accepted": "green", "unsure": "yellow", "rejected": "red"}


def say_run(screen: Screen, run: Run, found: Snapshot, held: Collection[str], *, every: bool) -> None:
    """Print the run, a line a stage, and a line a take; `held` are the digests whose bytes are there still."""
    billed = cost(run)
    screen.say(
        f"run {run.id} of {visible(run.recipe)}: {run.status}, {moment(run.begun_at)}, {took(run)}"
        + (f", {billed}" if billed else "")
        + ("" if found.whole else "; of a part of the recipe, or stopped")
    )
    screen.say()
    screen.table(_stages(found), head=("stage", "calls", "made", "reused", "cost"), indent=2)
    screen.say()
    takes = found.takes
    shown = takes if every else takes[:MOST]
    head = ("take", "status", "verdict", "likeness", "cost", "picture")
    screen.table([_row(take, held) for take in shown], head=head, indent=2)
    if len(takes) > len(shown):
        screen.say(f"  and {len(takes) - len(shown):,} more; `--all` lists them all")
    lost = sum(bool(take.picture and take.picture.digest not in held) for take in takes)
    if lost:
        screen.say(f"{numbered(lost, 'picture')} of this run {'is' if lost == 1 else 'are'} no longer in the store")


def shown_json(run: Run, found: Snapshot, held: Collection[str]) -> JSONObject:
    """The run with all its nodes."""
    nodes: list[JSONValue] = [take_json(node, held) for node in found.nodes]
    return {"run": run_json(run, kept=True), "whole": found.whole, "nodes": nodes}


def take_json(node: KeptTake, held: Collection[str] | None = None) -> JSONObject:
    """A take as a run left it; `held` (None: not asked) says which pictures are there still."""
    card, verdict = node.card, node.verdict
    return {
        "id": node.id,
        "kind": card.kind,
        "shot": card.shot,
        "template": card.template or None,
        "subject": card.subject or None,
        "axes": dict(card.axes),
        "seed": card.seed,
        "status": str(node.status),
        "left": node.left or None,
        "verdict": None
        if verdict is None
        else {
            "stage": verdict.stage,
            "ruling": verdict.ruling,
            "score": verdict.score,
            "threshold": verdict.threshold,
            "reasons": list(verdict.reasons),
        },
        "cost_usd": node.cost_usd,
        "unpriced": node.unpriced,
        "sha256": node.picture.digest if node.picture else node.result or None,
        "pictures": [
            {
                "stage": picture.stage,
                "attempt": picture.attempt,
                "sha256": picture.digest,
                "name": picture.name,
                **({} if held is None else {"held": picture.digest in held}),
            }
            for picture in node.pictures
        ],
        "calls": [
            {"position": call.position, "key": call.key, "cost_usd": call.cost_usd, "made": call.fresh}
            for call in node.calls
        ],
    }


def _stages(found: Snapshot) -> list[tuple[str, ...]]:
    calls = {call.key: call for node in found.nodes for call in node.calls}
    by_stage: dict[str, list[KeptCall]] = {}
    for call in calls.values():
        by_stage.setdefault(call.stage, []).append(call)
    lines = [_stage(stage, some) for stage, some in by_stage.items()]
    return [*lines, _stage("total", list(calls.values()))] if len(lines) > 1 else lines


def _stage(name: str, calls: Sequence[KeptCall]) -> tuple[str, ...]:
    made = sum(call.fresh for call in calls)
    cost = _cost(call for call in calls if call.fresh)
    return (name, f"{len(calls):,}", f"{made:,}", f"{len(calls) - made:,}", cost or NOTHING)


def _cost(calls: Iterable[KeptCall]) -> str:
    costs = [call.cost_usd for call in calls]
    return spent(round(sum(cost or 0.0 for cost in costs), 6), costs.count(None))


def _row(take: KeptTake, held: Collection[str]) -> tuple[str, ...]:
    verdict, picture = take.verdict, take.picture
    gone = picture is not None and picture.digest not in held
    return (
        take.id,
        str(take.status) + (f", not past {take.left}" if take.left else ""),
        verdict.ruling.replace("_", " ") if verdict else NOTHING,
        likeness(verdict.score) if verdict and verdict.score is not None else NOTHING,
        _cost(take.calls) or NOTHING,
        (picture.name + (" (gone)" if gone else "")) if picture else NOTHING,
    )
