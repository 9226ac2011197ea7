"""One run with its stages and takes, and the differences between two runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from nano_banana.cli.explain_report import changed_words, difference_text
from nano_banana.cli.formatting import listed, money, plural, spent_text, utc_time, visible
from nano_banana.cli.run_tables import NO_VALUE, cost_text, run_json, took_text
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict_reports import likeness_text
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.session.history import ChangeCause, ChangedTake, RunComparison, ValueChange, snapshot_cost
from nano_banana.session.run_snapshot import KeptCall, KeptTake, Snapshot

if TYPE_CHECKING:
    from nano_banana.store.run_log import Run

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
        screen.say(
            f"{plural(lost, 'picture')} of this run {'has' if lost == 1 else 'have'} been deleted from the store"
        )


def run_details_json(run: Run, found: Snapshot, held: Collection[str]) -> JSONObject:
    """The run as JSON, with all its nodes."""
    nodes: list[JSONValue] = [take_json(node, held) for node in found.nodes]
    return {"run": run_json(run, kept=True), "whole": found.whole, "nodes": nodes}


def take_json(node: KeptTake, held: Collection[str] | None = None) -> JSONObject:
    """A take's end state as JSON; `held` (None: unknown) are the digests of pictures that still exist."""
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
    sources = _digest_names(found)
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
        screen.say(f"  {screen.paint('yellow', '~')} {listed([_take_label(each) for each in some], MAX_NAMED)}")
        for cause in some[0].causes:
            screen.say(f"      {visible(_cause_line(cause, sources))}")
    if len(groups) > MAX_GROUPS:
        screen.say(f"  … and {sum(map(len, groups[MAX_GROUPS:])):,} more for other reasons; see `--json`")
    screen.say(_unchanged_line(found))
    if said := _cost_line(old, new):
        screen.say(said)


def run_diff_json(found: RunComparison) -> JSONObject:
    """The comparison as JSON, with every take."""
    return {
        "old": _run_json(found.old),
        "new": _run_json(found.new),
        "added": [take_json(node) for node in found.added],
        "gone": [take_json(node) for node in found.gone],
        "changed": [
            {
                "id": each.new.id,
                "was": each.old.id,
                "causes": [_cause_json(cause) for cause in each.causes],
                "old": take_json(each.old),
                "new": take_json(each.new),
            }
            for each in found.changed
        ],
        "same": found.same,
    }


def _run_title(snapshot: Snapshot) -> str:
    return f"{snapshot.run} ({visible(snapshot.recipe)}, {plural(len(snapshot.takes), 'take')})"


def _take_label(each: ChangedTake) -> str:
    return each.new.id if each.old.id == each.new.id else f"{each.old.id} → {each.new.id}"


def _takes_counted(nodes: Sequence[KeptTake]) -> str:
    takes = sum(node.card.kind == "take" for node in nodes)
    others = len(nodes) - takes
    also = f" and {plural(others, 'dependency', 'dependencies')}" if takes and others else ""
    return plural(takes, "take") + also if takes or not others else plural(others, "dependency", "dependencies")


def _by_causes(changed: Sequence[ChangedTake]) -> list[list[ChangedTake]]:
    """Changed takes grouped by cause: trainings first, then the largest group."""
    found: dict[str, list[ChangedTake]] = {}
    for each in changed:
        found.setdefault(repr([_cause_key(cause) for cause in each.causes]), []).append(each)
    return sorted(found.values(), key=lambda some: (some[0].new.card.kind == "take", -len(some)))


def _cause_key(cause: ChangeCause) -> object:
    """A key that is equal for equal causes; for texts only the words that differ."""
    change = cause.change
    if isinstance(change, ValueChange) and isinstance(change.old, str) and isinstance(change.new, str):
        return cause.stage, change.path, changed_words(change.old, change.new)
    return cause


def _cause_line(cause: ChangeCause, sources: Mapping[str, str]) -> str:
    return (f"{cause.stage}: " if cause.stage else "") + _cause_text(cause, sources)


def _cause_text(cause: ChangeCause, sources: Mapping[str, str]) -> str:
    if cause.change is not None:
        return difference_text(cause.change, sources)
    old, new = cause.old, cause.new
    said = {
        "unknown": "call changed; details are no longer stored",
        "bytes": "same calls, different picture",
        "calls": f"{old} → {new} calls",
        "threshold": f"needs {_likeness_or_dash(old)} → {_likeness_or_dash(new)}",
        "left": f"{_reach_text(old)} → {_reach_text(new)}",
    }
    return said.get(cause.kind) or f"{_ruling_or_none(old)} → {_ruling_or_none(new)}"


def _likeness_or_dash(value: JSONValue) -> str:
    return likeness_text(value if isinstance(value, float) else None)


def _reach_text(stage: JSONValue) -> str:
    return f"stopped at {stage}" if stage else "completed"


def _ruling_or_none(value: JSONValue) -> str:
    return "not judged" if value is None else str(value).replace("_", " ")


def _digest_names(found: RunComparison) -> Mapping[str, str]:
    """Names of the digests in calls: a stage's picture, or an adapter."""
    return dict(_made_by(found.old)) | dict(_made_by(found.new))


def _made_by(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for node in snapshot.nodes:
        yield from ((picture.digest, picture.stage) for picture in node.pictures)
        if node.result:
            yield node.result, node.id


def _unchanged_line(found: RunComparison) -> str:
    if found.changed or found.added or found.gone:
        return f"{found.same:,} unchanged"
    return f"No differences: all {found.same:,} takes are the same."


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


def _run_json(snapshot: Snapshot) -> JSONObject:
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


def _cause_json(cause: ChangeCause) -> JSONObject:
    change = None if cause.change is None else structs.asdict(cause.change)
    return {"kind": cause.kind, "stage": cause.stage, "change": change, "old": cause.old, "new": cause.new}
