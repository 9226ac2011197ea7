"""`cache`: measure, verify and clean the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import structs

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.formatting import duration, file_size, money, plural
from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import store_folder
from nano_banana.cli.screen import Screen

if TYPE_CHECKING:
    from nano_banana.store.maintenance import GcReport, StoreStats, VerifyReport

SECTION = ("Setup", 3)

DAMAGE_FOUND = 1
"""Exit code of `verify` if it found damage."""

EPILOG = """\b
Examples:
  nano-banana cache stats
  nano-banana cache verify
  nano-banana cache gc --dry-run
"""


@click.group(name="cache", cls=SuggestingGroup, epilog=EPILOG, no_args_is_help=False)
def command() -> None:
    """Measure, verify and clean the store.

    The store caches every result by content hash, so nothing is paid for twice.
    """


@command.command(epilog="\b\nExamples:\n  nano-banana cache stats\n  nano-banana cache stats --json\n")
@add_options("--json", "--store")
@pass_screen
def stats(screen: Screen) -> None:
    """Show the size and contents of the store."""
    from nano_banana.store.local_store import Store

    folder = store_folder(screen)
    if folder is None:
        return
    with Store.open(folder) as opened:
        found = opened.stats()
    if screen.machine:
        screen.json({"store": str(folder), **structs.asdict(found)})
    else:
        _say_stats(screen, folder, found)


@command.command(epilog="\b\nExample:\n  nano-banana cache verify || echo damage was found\n")
@add_options("--json", "--store")
@pass_screen
def verify(screen: Screen) -> int:
    """Verify every file, and delete damaged ones.

    Damaged files are made again when a run needs them. Exits with 1 if new damage was found.
    """
    from nano_banana.store.local_store import Store

    folder = store_folder(screen)
    if folder is None:
        return 0
    with Store.open(folder) as opened:
        found = opened.verify()
    if screen.machine:
        screen.json({"store": str(folder), **structs.asdict(found)})
    else:
        _say_verify(screen, found)
    return DAMAGE_FOUND if found.damaged or found.missing else 0


@command.command(epilog="\b\nExamples:\n  nano-banana cache gc --dry-run\n  nano-banana cache gc --older-than 90\n")
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("--paid", is_flag=True, help="Also delete results that cost money (making them again costs again).")
@click.option(
    "--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Only results at least this many days old."
)
@add_options("--json", "--store")
@pass_screen
def gc(screen: Screen, *, dry_run: bool, paid: bool, older_than: float | None) -> None:
    """Delete results that no recipe's last run used.

    Keeps paid results (see `--paid`) and anything less than an hour old.
    """
    from nano_banana.store.local_store import Store

    folder = store_folder(screen)
    if folder is None:
        return
    with Store.open(folder) as opened:
        found = opened.gc(dry_run=dry_run, paid=paid, older_than_days=older_than)
    if screen.machine:
        screen.json({"store": str(folder), **structs.asdict(found)})
    else:
        _say_gc(screen, found)


def _say_stats(screen: Screen, folder: Path, found: StoreStats) -> None:
    screen.say(
        f"{folder}: {plural(found.replies, 'result')}, {plural(found.blobs, 'file')}, {file_size(found.bytes)}"
        + (f" ({file_size(found.wasted)} unused; `nano-banana cache gc` frees them)" if found.wasted else "")
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
        screen.table(rows, head=("endpoint", "provider", "results", "size", "time", "cost"))


def _say_verify(screen: Screen, found: VerifyReport) -> None:
    if not found.damaged and not found.missing:
        screen.say(f"{plural(found.blobs, 'file')}, {file_size(found.bytes)}: no damage found")
    else:
        screen.say(
            f"deleted {plural(len(found.damaged), 'damaged file')}; {plural(len(found.missing), 'file')} missing;"
            f" {plural(found.blobs, 'file')} OK"
        )
    if found.adapters:
        screen.say(f"lost adapters: {', '.join(found.adapters)}; import them, or train them again")
    if found.lost:
        paid = sum(lost.cost_usd or 0.0 for lost in found.lost)
        unpriced = sum(lost.cost_usd is None for lost in found.lost)
        screen.say(
            f"{plural(len(found.lost), 'call')} will be repeated when needed, {_cost_with_unknown(paid, unpriced)}:"
        )
        screen.table([(lost.endpoint, lost.provider, lost.key[:12]) for lost in found.lost], indent=2)


def _say_gc(screen: Screen, found: GcReport) -> None:
    verb = "would delete" if found.dry_run else "deleted"
    screen.say(f"{verb} {plural(found.replies, 'result')} and {plural(found.blobs, 'file')}, {file_size(found.bytes)}")
    if found.leftovers:
        screen.say(f"{verb} {plural(found.leftovers, 'half-written file')}")
    if found.snapshots:
        screen.say(f"{verb} {plural(found.snapshots, 'run record')}")
    if found.paid_kept:
        screen.say(f"kept {plural(found.paid_kept, 'result')} that cost money; `--paid` deletes them, too")
    if found.underway:
        screen.say("a run is in progress, so results and files were kept")


def _cost_with_unknown(usd: float, unpriced: int) -> str:
    return money(usd) + (f" and {unpriced:,} at an unknown price" if unpriced else "")
