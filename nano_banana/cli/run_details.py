"""The list of runs, one run with its takes, and what differs between two."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from nano_banana.cli.explain_report import changed_words, difference_text
from nano_banana.cli.formatting import duration, listed, money, plural, spent_text, time_ago, utc_time, visible
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict_reports import likeness_text
from nano_banana.model.json_values import as_number, as_whole
from nano_banana.session.history import ChangeCause, ChangedTake, RunComparison, ValueChange, snapshot_cost
from nano_banana.session.run_snapshot import KeptCall, KeptTake, Snapshot

if TYPE_CHECKING:
    from nano_banana.store.run_log import Run

NO_VALUE = "-"


def say_runs(screen: Screen, runs: Sequence[Run], kept: Collection[str]) -> None:
    """Print the runs, newest first; those without take records are marked."""
    now = time.time()
    counts = ("made", "cached", "failed")
    head = ("run", "recipe", "when", "took", "status", "made", "reused", "failed", "cost")
    rows = [
        (
            run.id if run.id in kept else f"{run.id} *",
            run.recipe,
            time_ago(run.begun_at, now),
            took_text(run),
            run.status,
            *(f"{as_whole(run.summary[name]):,}" if name in run.summary else NO_VALUE for name in counts),
            cost_text(run) or NO_VALUE,
        )
        for run in runs
    ]
    columns = [at for at, name in enumerate(head) if name != "failed" or any(row[at] not in "0-" for row in rows)]
    screen.table(
        [[row[at] for at in columns] for row in rows],
        head=[head[at] for at in columns],
        spare=("took", "reused", "made"),
    )
    if any(run.id not in kept for run in runs):
        screen.say("* no take records for this run")


def run_json(run: Run, *, kept: bool) -> dict[str, object]:
    """A run of the log."""
    seconds = None if run.ended_at is None else round(max(run.ended_at - run.begun_at, 0.0), 3)
    return {**structs.asdict(run), "seconds": seconds, "kept": kept}


def took_text(run: Run) -> str:
    """Duration as text."""
    return NO_VALUE if run.ended_at is None else duration(run.ended_at - run.begun_at)


def cost_text(run: Run) -> str:
    """What the run was billed; empty if nothing."""
    return spent_text(as_number(run.summary.get("cost_usd", 0.0)), as_whole(run.summary.get("unknown_cost", 0)))


MAX_TAKES = 40
"""Most takes that are listed without `--all`."""


def say_run(screen: Screen, run: Run, found: Snapshot, held: Collection[str], *, every: bool) -> None:
    """Print the run, its stages and its takes; `held` are the digests of pictures that still exist."""
    billed = cost_text(run)
    screen.say(
        f"run {run.id} of {visible(run.recipe)}: {run.status}, {utc_time(run.begun_at)}, {took_text(run)}"
        + (f", {billed}" if billed else "")
        + ("" if found.whole else "; partial run")
    )
    screen.say()
    screen.table(_stage_rows(found), head=("stage", "calls", "made", "reused", "cost"), indent=2)
    screen.say()
    takes = found.takes
    head = ("take", "status", "verdict", "likeness", "cost", "picture")
    rows = [_take_row(take, held) for take in takes]
    screen.table(rows, head=head, indent=2, most=None if every else MAX_TAKES, spare=("picture", "cost"))
    if len(takes) > MAX_TAKES and not every:
        screen.say("  `--all` lists all")
    lost = sum(bool(take.picture and take.picture.digest not in held) for take in takes)
    if lost:
        have = "has" if lost == 1 else "have"
        screen.say(f"{plural(lost, 'picture')} of this run {have} been deleted from the store")


def run_details_json(run: Run, found: Snapshot, held: Collection[str]) -> dict[str, object]:
    """The run as JSON, with all its nodes."""
    return {
        "run": run_json(run, kept=True),
        "whole": found.whole,
        "nodes": [take_json(each, held) for each in found.nodes],
    }


def take_json(node: KeptTake, held: Collection[str] | None = None) -> dict[str, object]:
    """A take's end state as JSON; `held` (None: unknown) are the digests of pictures that still exist."""
    card = node.card
    pictures: list[dict[str, object]] = [
        {"stage": each.stage, "attempt": each.attempt, "sha256": each.digest, "name": each.name}
        for each in node.pictures
    ]
    if held is not None:
        pictures = [{**each, "held": each["sha256"] in held} for each in pictures]
    return {
        "id": node.id,
        "kind": card.kind,
        "shot": card.shot,
        "template": card.template or None,
        "subject": card.subject or None,
        "axes": card.axes,
        "seed": card.seed,
        "status": str(node.status),
        "left": node.left or None,
        # As it is kept, it is a row without names.
        "verdict": structs.asdict(node.verdict) if node.verdict else None,
        "cost_usd": node.cost_usd,
        "unpriced": node.unpriced,
        "sha256": node.picture.digest if node.picture else node.result or None,
        "pictures": pictures,
        "calls": [
            {"position": call.position, "key": call.key, "cost_usd": call.cost_usd, "made": call.fresh}
            for call in node.calls
        ],
    }


def _stage_rows(found: Snapshot) -> list[tuple[str, ...]]:
    calls = {call.key: call for node in found.nodes for call in node.calls}
    by_stage: dict[str, list[KeptCall]] = {}
    for call in calls.values():
        by_stage.setdefault(call.stage, []).append(call)
    lines = [_stage_row(stage, some) for stage, some in by_stage.items()]
    return [*lines, _stage_row("total", list(calls.values()))] if len(lines) > 1 else lines


def _stage_row(name: str, calls: Sequence[KeptCall]) -> tuple[str, ...]:
    made = sum(call.fresh for call in calls)
    cost = _calls_cost(call for call in calls if call.fresh)
    return (name, f"{len(calls):,}", f"{made:,}", f"{len(calls) - made:,}", cost or NO_VALUE)


def _calls_cost(calls: Iterable[KeptCall]) -> str:
    costs = [call.cost_usd for call in calls]
    return spent_text(round(sum(cost or 0.0 for cost in costs), 6), costs.count(None))


def _take_row(take: KeptTake, held: Collection[str]) -> tuple[str, ...]:
    verdict, picture = take.verdict, take.picture
    gone = picture is not None and picture.digest not in held
    return (
        take.id,
        str(take.status) + (f", not selected at {take.left}" if take.left else ""),
        verdict.ruling.replace("_", " ") if verdict else NO_VALUE,
        likeness_text(verdict.score) if verdict and verdict.score is not None else NO_VALUE,
        _calls_cost(take.calls) or NO_VALUE,
        (picture.name + (" (gone)" if gone else "")) if picture else NO_VALUE,
    )


MAX_NAMED = 6
"""Most takes that are named of those with the same causes."""
MAX_GROUPS = 12
"""Most groups of takes with the same causes."""


def say_run_diff(screen: Screen, found: RunComparison) -> None:
    """Print added, removed and changed takes, grouped by cause; then the costs."""
    old, new = found.old, found.new
    screen.say(f"{_run_title(old)} → {_run_title(new)}")
    if old.recipe != new.recipe:
        screen.say("  (different recipes: only takes with the same name are compared)")
    sources = {**_digest_names(old), **_digest_names(new)}
    for title, sign, colour, nodes in (
        ("added" if old.whole else "not in the first (partial) run", "+", "green", found.added),
        ("gone" if new.whole else "not in the second run, which was of a part", "-", "red", found.gone),
    ):
        if nodes:
            screen.say(f"{_takes_counted(nodes)} {title}:")
            screen.say(f"  {screen.paint(colour, sign)} {listed([node.id for node in nodes], MAX_NAMED)}")
    if found.changed:
        screen.say(f"{_takes_counted([each.new for each in found.changed])} changed:")
    groups = _by_causes(found.changed)
    for some in groups[:MAX_GROUPS]:
        names = [each.new.id if each.old.id == each.new.id else f"{each.old.id} → {each.new.id}" for each in some]
        screen.say(f"  {screen.paint('yellow', '~')} {listed(names, MAX_NAMED)}")
        for cause in some[0].causes:
            stage = f"{cause.stage}: " if cause.stage else ""
            screen.say(f"      {visible(stage + _cause_text(cause, sources))}")
    if len(groups) > MAX_GROUPS:
        screen.say(f"  … and {sum(map(len, groups[MAX_GROUPS:])):,} more for other reasons; see `--json`")
    if found.changed or found.added or found.gone:
        screen.say(f"{found.same:,} unchanged")
    else:
        screen.say(f"No differences: all {found.same:,} takes are the same.")
    if said := _cost_line(old, new):
        screen.say(said)


def run_diff_json(found: RunComparison) -> dict[str, object]:
    """The comparison as JSON, with every take."""
    return {
        "old": _snapshot_json(found.old),
        "new": _snapshot_json(found.new),
        "added": [take_json(node) for node in found.added],
        "gone": [take_json(node) for node in found.gone],
        "changed": [
            {
                "id": each.new.id,
                "was": each.old.id,
                "causes": each.causes,
                "old": take_json(each.old),
                "new": take_json(each.new),
            }
            for each in found.changed
        ],
        "same": found.same,
    }


def _run_title(snapshot: Snapshot) -> str:
    return f"{snapshot.run} ({visible(snapshot.recipe)}, {plural(len(snapshot.takes), 'take')})"


def _takes_counted(nodes: Sequence[KeptTake]) -> str:
    takes = sum(node.card.kind == "take" for node in nodes)
    others = len(nodes) - takes
    also = f" and {plural(others, 'dependency', 'dependencies')}" if takes and others else ""
    return plural(takes, "take") + also if takes or not others else plural(others, "dependency", "dependencies")


def _by_causes(changed: Sequence[ChangedTake]) -> list[list[ChangedTake]]:
    """Changed takes grouped by cause: trainings first, then the largest group."""

    def key(cause: ChangeCause) -> object:
        """Equal for equal causes; of texts only the words that differ."""
        change = cause.change
        if isinstance(change, ValueChange) and isinstance(change.old, str) and isinstance(change.new, str):
            return cause.stage, change.path, changed_words(change.old, change.new)
        return cause

    found: dict[str, list[ChangedTake]] = {}
    for each in changed:
        found.setdefault(repr([key(cause) for cause in each.causes]), []).append(each)
    return sorted(found.values(), key=lambda some: (some[0].new.card.kind == "take", -len(some)))


def _cause_text(cause: ChangeCause, sources: Mapping[str, str]) -> str:
    old, new = cause.old, cause.new
    match cause.kind:
        case _ if cause.change is not None:
            return difference_text(cause.change, sources)
        case "unknown":
            return "call changed; details are no longer stored"
        case "bytes":
            return "same calls, different picture"
        case "calls":
            return f"{old} → {new} calls"
        case "threshold":
            before, after = (likeness_text(value if isinstance(value, float) else None) for value in (old, new))
            return f"needs {before} → {after}"
        case "left":
            before, after = (f"stopped at {stage}" if stage else "completed" for stage in (old, new))
        case _:
            before, after = (str(value or "not judged").replace("_", " ") for value in (old, new))
    return f"{before} → {after}"


def _digest_names(snapshot: Snapshot) -> dict[str, str]:
    """Names of the digests in calls: a stage's picture, or an adapter."""
    names = {picture.digest: picture.stage for node in snapshot.nodes for picture in node.pictures}
    return names | {node.result: node.id for node in snapshot.nodes if node.result}


def _cost_line(old: Snapshot, new: Snapshot) -> str:
    """Total costs of both runs; empty if everything was free."""
    (before, unknown_before), (after, unknown_after) = snapshot_cost(old), snapshot_cost(new)
    if not (before or unknown_before or after or unknown_after):
        return ""
    billed = [spent_text(*snapshot_cost(snapshot, fresh=True)) or money(0.0) for snapshot in (old, new)]
    change = after - before
    sign = "+" if change > 0 else "-"
    moved = f" ({sign}{money(abs(round(change, 6)))})" if change else ""
    whole = [spent_text(before, unknown_before) or money(0.0), spent_text(after, unknown_after) or money(0.0)]
    return f"total cost: {whole[0]} → {whole[1]}{moved}; new in each run: {billed[0]} → {billed[1]}"


def _snapshot_json(snapshot: Snapshot) -> dict[str, object]:
    (known, unknown), (billed, unbilled) = snapshot_cost(snapshot), snapshot_cost(snapshot, fresh=True)
    return {
        "run": snapshot.run,
        "recipe": snapshot.recipe,
        "whole": snapshot.whole,
        "takes": len(snapshot.takes),
        "cost_usd": known,
        "unknown_cost": unknown,
        "made_cost_usd": billed,
        "made_unknown_cost": unbilled,
    }
