"""`cache`: measure, verify and clean the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from msgspec import Struct, structs

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.formatting import duration, file_size, money, plural
from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import store_folder
from nano_banana.cli.screen import Screen

if TYPE_CHECKING:
    from nano_banana.store.local_store import Store
    from nano_banana.store.maintenance import GcReport, StoreStats, VerifyReport

SECTION = ("Setup", 3)

R = TypeVar("R", bound=Struct)

DAMAGE_FOUND = 1
"""Exit code of `verify` if it found damage."""


@click.group(name="cache", cls=SuggestingGroup, no_args_is_help=False)
def command() -> None:
    """Measure, verify and clean the store.

    The store caches every result by content hash, so nothing is paid for twice.

    Examples:
      nano-banana cache stats
      nano-banana cache verify
      nano-banana cache gc --dry-run
    """


@command.command()
@add_options("--json", "--store")
@pass_screen
def stats(screen: Screen) -> None:
    """Show the size and contents of the store.

    Examples:
      nano-banana cache stats
      nano-banana cache stats --json
    """
    folder, found = _report(screen, lambda store: store.stats())
    if not screen.machine:
        _say_stats(screen, folder, found)


@command.command()
@add_options("--json", "--store")
@pass_screen
def verify(screen: Screen) -> int:
    """Verify every file, and delete damaged ones.

    Damaged files are made again when a run needs them. Exits with 1 if new damage was found.

    Example:
      nano-banana cache verify || echo damage was found
    """
    _, found = _report(screen, lambda store: store.verify())
    if not screen.machine:
        _say_verify(screen, found)
    return DAMAGE_FOUND if found.damaged or found.missing else 0


@command.command()
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

    Examples:
      nano-banana cache gc --dry-run
      nano-banana cache gc --older-than 90
    """
    _, found = _report(screen, lambda store: store.gc(dry_run=dry_run, paid=paid, older_than_days=older_than))
    if not screen.machine:
        _say_gc(screen, found)


def _report(screen: Screen, work: Callable[[Store], R]) -> tuple[Path, R]:
    """Do the work on the store; return the store's folder and the result, which is printed with `--json`."""
    from nano_banana.store.local_store import Store

    folder = store_folder(screen)
    with Store.open(folder) as store:
        found = work(store)
    if screen.machine:
        screen.json({"store": folder, **structs.asdict(found)})
    return folder, found


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
