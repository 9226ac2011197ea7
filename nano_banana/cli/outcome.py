"""How a run ended, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from nano_banana.cli.acceptance import say_acceptance
from nano_banana.cli.amounts import duration, spent
from nano_banana.cli.cells import visible
from nano_banana.cli.handout import say_handout
from nano_banana.cli.render import numbered, shown, spot
from nano_banana.cli.screen import Screen
from nano_banana.cli.words.index import say
from nano_banana.cli.words.wording import install
from nano_banana.core.result import Status
from nano_banana.project.nouns import Outcome, Record

FAILED = 1
SHOWN = 20
"""Failures that are listed; the manifest has all of them."""


def exit_code(outcome: Outcome) -> int:
    """0 done, 1 some takes failed, or what the reason for the early end says."""
    if outcome.halted is not None:
        return outcome.halted.exit_code
    return 0 if outcome.status == "done" else FAILED


def say_outcome(screen: Screen, outcome: Outcome, *, seconds: float) -> None:
    """Print the failures, then one line of sums, what the gates said, and where the pictures are."""
    takes = [record for record in outcome.records if record.card.kind == "take"]
    adapters = [record for record in outcome.records if record.card.kind == "adapter"]
    wanted, noun = (takes, "take") if takes else (adapters, "adapter")
    done = sum(record.status is Status.DONE for record in wanted)
    lost = [record for record in outcome.records if record.status in {Status.FAILED, Status.BLOCKED}]
    if lost:
        say_lost(screen, lost, "failed")
    if outcome.halted is not None:
        screen.problems(outcome.halted.problems)
    if outcome.left:
        screen.say(f"{numbered(outcome.left, 'request')} left at the service; the next run collects what comes of them")
    if outcome.restored:
        screen.say(f"{numbered(outcome.restored, 'picture')} put back from the store")
    if not outcome.records:
        screen.say("nothing to do: the recipe asks for nothing")
        return
    calls = f"{numbered(outcome.made, 'call')} made"
    cost = spent(outcome.cost_usd, outcome.unknown_cost)
    tail = f", {cost}" if cost else ""
    screen.say(f"{done:,} of {numbered(len(wanted), noun)} done: {calls} in {duration(seconds)}{tail}")
    say_acceptance(screen, outcome.records, str(outcome.folder))
    if any(record.pictures for record in outcome.records):
        _say_where(screen, outcome)
    say_handout(screen, outcome)
    if outcome.older:
        _say_older(screen, outcome.older)
    if outcome.made and any(record.plain for record in outcome.records):
        screen.note(
            "the local provider drew plain pictures, since parts of it are not installed:"
            f" `{install('local')}`, then `nano-banana setup`"
        )
    unchanged = sum(record.unchanged for record in outcome.records) if outcome.made else 0
    if unchanged:
        screen.note(
            f"the local provider changed nothing that can be seen in {numbered(unchanged, 'picture')}: it paints"
            " backgrounds, colours, and faces of people with an adapter; `--provider fal` paints everything"
        )


def _say_where(screen: Screen, outcome: Outcome) -> None:
    """Say where the pictures are, and the sheet of them."""
    screen.say(f"pictures: {shown(str(outcome.folder), Path.cwd())}")
    sheets = [name for name in outcome.written if name.startswith("sheet.")]
    if sheets:
        screen.say(f"sheet: {shown(str(outcome.folder / sheets[0]), Path.cwd())}")


def _say_older(screen: Screen, names: Sequence[str]) -> None:
    """Say where pictures lie that a person might take for this run's: a refused take's among the chosen."""
    folders = Counter(name.rpartition("/")[0] for name in names)
    where = ", ".join(f"{count:,} in {visible(folder)}" for folder, count in sorted(folders.items()))
    are = "is" if len(names) == 1 else "are"
    screen.say(f"{numbered(len(names), 'picture')} there {are} of an earlier run only: {where}; nothing was removed")


def say_lost(screen: Screen, lost: Sequence[Record], what: str) -> None:
    """Print what `failed` (or `would fail`): each reason once, with what to do and the names that it holds for."""
    counts = Counter(record.card.kind for record in lost)
    named = " and ".join(numbered(counts[kind], kind) for kind in sorted(counts))
    screen.say(screen.paint("red", f"{named} {what}:"))
    groups: dict[tuple[str, str], list[str]] = {}
    for record in lost:
        groups.setdefault(_reason(screen, record), []).append(record.id)
    most = max(SHOWN // len(groups), 2)
    for (reason, hint), names in groups.items():
        screen.say(f"  {reason}")
        if hint:
            screen.say(f"    {hint}")
        for name in names[:most]:
            screen.say(f"    - {visible(name)}")
        if len(names) > most:
            screen.say(f"    … and {len(names) - most:,} more")


def _reason(screen: Screen, record: Record) -> tuple[str, str]:
    """What went wrong, with its place in the recipe; and what to do about it."""
    told = [(problem.place, *say(problem)) for problem in map(screen.relocate, record.problems)]
    words = [f"{spot(place, Path.cwd())}: {what}" if place else what for place, what, _ in told]
    return "; ".join(words) or str(record.status), "; ".join(hint for _, _, hint in told if hint)
