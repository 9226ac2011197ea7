"""`cache`: measure, verify and clean the store."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.diagnostics import plural
from nano_banana.cli.formatting import duration, file_size, money
from nano_banana.cli.options import as_json, pass_screen, store
from nano_banana.cli.project_loading import store_folder
from nano_banana.cli.screen import Screen

if TYPE_CHECKING:
    from nano_banana.store.maintenance import GcReport, StoreStats, VerifyReport

SECTION = ("House", 3)

DAMAGE_FOUND = 1
"""What `verify` leaves with when it found damage, healed or not."""

EPILOG = """\b
Examples:
  nano-banana cache stats
  nano-banana cache verify
  nano-banana cache gc --dry-run
"""


@click.group(name="cache", cls=SuggestingGroup, epilog=EPILOG, no_args_is_help=False)
def command() -> None:
    """Measure, verify and clean the store.

    The store keeps everything that was ever made, by its hash; that is why nothing is paid for twice.
    """


@command.command(epilog="\b\nExamples:\n  nano-banana cache stats\n  nano-banana cache stats --json\n")
@as_json
@store
@pass_screen
def stats(screen: Screen, *, as_json: bool, store: Path | None) -> None:
    """Say how much the store holds, and of what."""
    from nano_banana.store.local_store import Store

    folder = store_folder(screen, store)
    if folder is None:
        return
    with Store.open(folder) as opened:
        found = opened.stats()
    if as_json:
        screen.json({"store": str(folder), **dataclasses.asdict(found)})
    else:
        _say_stats(screen, folder, found)


@command.command(epilog="\b\nExample:\n  nano-banana cache verify || echo damage was found\n")
@as_json
@store
@pass_screen
def verify(screen: Screen, *, as_json: bool, store: Path | None) -> int:
    """Read everything, and drop what is damaged.

    A call whose files were damaged is made again when a run next asks for it. Leaves with 1 if there was
    damage that was not known before.
    """
    from nano_banana.store.local_store import Store

    folder = store_folder(screen, store)
    if folder is None:
        return 0
    with Store.open(folder) as opened:
        found = opened.verify()
    if as_json:
        screen.json({"store": str(folder), **dataclasses.asdict(found)})
    else:
        _say_verify(screen, found)
    return DAMAGE_FOUND if found.damaged or found.missing else 0


@command.command(epilog="\b\nExamples:\n  nano-banana cache gc --dry-run\n  nano-banana cache gc --older-than 90\n")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--paid", is_flag=True, help="Also what cost money; to have it again costs it again.")
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Only what is at least so old.")
@as_json
@store
@pass_screen
def gc(
    screen: Screen, *, dry_run: bool, paid: bool, older_than: float | None, as_json: bool, store: Path | None
) -> None:
    """Remove what no recipe's last run used.

    What was paid for stays, unless `--paid`; what is younger than an hour stays too.
    """
    from nano_banana.store.local_store import Store

    folder = store_folder(screen, store)
    if folder is None:
        return
    with Store.open(folder) as opened:
        found = opened.gc(dry_run=dry_run, paid=paid, older_than_days=older_than)
    if as_json:
        screen.json({"store": str(folder), **dataclasses.asdict(found)})
    else:
        _say_gc(screen, found)


def _say_stats(screen: Screen, folder: Path, found: StoreStats) -> None:
    screen.say(
        f"{folder}: {plural(found.replies, 'answer')}, {plural(found.blobs, 'file')}, {file_size(found.bytes)}"
        + (f" ({file_size(found.wasted)} unused; `nano-banana cache gc` removes them)" if found.wasted else "")
    )
    if found.endpoints:
        screen.say()
        rows = [
            (
                each.endpoint,
                each.provider,
                f"{each.replies:,}",
                file_size(each.bytes),
                duration(each.seconds),
                _cost_with_unknown(each.cost_usd, each.unpriced),
            )
            for each in found.endpoints
        ]
        screen.table(rows, head=("endpoint", "provider", "answers", "files", "took", "cost"))


def _say_verify(screen: Screen, found: VerifyReport) -> None:
    if not found.damaged and not found.missing:
        screen.say(f"{plural(found.blobs, 'file')}, {file_size(found.bytes)}: all sound")
    else:
        screen.say(
            f"{plural(len(found.damaged), 'damaged file')} and {plural(len(found.missing), 'missing file')}"
            f" dropped; {plural(found.blobs, 'file')} sound"
        )
    if found.adapters:
        screen.say(
            f"adapters on the shelf that are lost: {', '.join(found.adapters)}; import them, or train them again"
        )
    if found.lost:
        paid = sum(lost.cost_usd or 0.0 for lost in found.lost)
        unpriced = sum(lost.cost_usd is None for lost in found.lost)
        screen.say(
            f"{plural(len(found.lost), 'call')} to make again when needed, {_cost_with_unknown(paid, unpriced)}:"
        )
        screen.table([(lost.endpoint, lost.provider, lost.key[:12]) for lost in found.lost], indent=2)


def _say_gc(screen: Screen, found: GcReport) -> None:
    verb = "would remove" if found.dry_run else "removed"
    screen.say(f"{verb} {plural(found.replies, 'answer')} and {plural(found.blobs, 'file')}, {file_size(found.bytes)}")
    if found.leftovers:
        screen.say(f"{verb} {plural(found.leftovers, 'half-written file')}")
    if found.snapshots:
        screen.say(f"{verb} {plural(found.snapshots, 'record')} of what a run came to")
    if found.paid_kept:
        screen.say(f"kept {plural(found.paid_kept, 'answer')} that cost money; `--paid` removes them too")
    if found.underway:
        screen.say("a run goes on, so answers and files were left alone")


def _cost_with_unknown(usd: float, unpriced: int) -> str:
    return money(usd) + (f" and {unpriced:,} at an unknown price" if unpriced else "")
