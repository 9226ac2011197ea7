"""`picks`: merge what a client decided in a gallery into `picks.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.formatting import pick_text, plural, visible
from nano_banana.cli.options import FILE, add_options, pass_screen
from nano_banana.cli.project_loading import open_session, recipe_argument
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject

if TYPE_CHECKING:
    from nano_banana.features.client_picks import MergedPicks

SECTION = ("Inspect", 12)

CLASHED = 1
"""Exit code of `merge` if something clashes."""

MAX_LISTED = 60
"""Most takes that are listed; `--json` has all."""


@click.group(name="picks", cls=SuggestingGroup)
def command() -> None:
    """Work with people's decisions about takes (`picks.yaml`).

    Examples:
      nano-banana sheet --gallery gallery
      nano-banana picks merge ~/Downloads/client.json --dry-run
    """


@command.command()
@click.argument("client", metavar="CLIENT.JSON", type=FILE)
@recipe_argument
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--overwrite", is_flag=True, help="Let the client's word replace yours where they differ.")
@add_options("--set", "--allow-env", "--provider", "--out", "--store", "--json")
@pass_screen
def merge(screen: Screen, client: Path, recipe: Path, *, dry_run: bool, overwrite: bool) -> None:
    """Merge what a client decided in a gallery into `picks.yaml`.

    Your file's comments and order stay. Where your decision and the client's differ, yours stays and both are shown.

    Example:
      nano-banana picks merge client.json --dry-run
    """
    from nano_banana.features.client_picks import merge_client_picks, read_client_file

    said = read_client_file(client)
    with open_session(screen, recipe) as session:
        merged = merge_client_picks(session, said, overwrite=overwrite, dry_run=dry_run)
        if screen.machine:
            screen.json(_merged_json(merged, dry_run=dry_run))
        else:
            _say_merged(screen, merged, dry_run=dry_run)
    if merged.result.clashes:
        raise click.exceptions.Exit(CLASHED)


def _merged_json(merged: MergedPicks, *, dry_run: bool) -> JSONObject:
    import msgspec

    result = merged.result
    return {
        "file": str(merged.file),
        "written": bool(result.changed) and not dry_run,
        "changed": msgspec.to_builtins(result.changed),
        "clashes": msgspec.to_builtins(result.clashes),
        "unknown": list(merged.unknown),
    }


def _say_merged(screen: Screen, merged: MergedPicks, *, dry_run: bool) -> None:
    from nano_banana.recipe.picks_file import TakePick

    result, nothing = merged.result, TakePick()
    rows = [
        (visible(take), pick_text(merged.before.get(take, nothing)), "→", pick_text(pick))
        for take, pick in result.changed.items()
    ]
    screen.table(rows, most=MAX_LISTED)
    would = "would change" if dry_run else "changed"
    screen.say(f"{visible(str(merged.file))}: {plural(len(rows), 'take')} {would}")
    if result.clashes:
        screen.say(screen.paint("yellow", f"{plural(len(result.clashes), 'clash', 'clashes')}, not written:"))
        clashes = [
            (visible(clash.take), f"yours: {pick_text(clash.theirs)}", f"the client's: {pick_text(clash.mine)}")
            for clash in result.clashes
        ]
        screen.table(clashes, indent=2, most=MAX_LISTED)
        screen.say("Edit the file, or let the client's word win with `--overwrite`.")
    if merged.unknown:
        names = ", ".join(map(visible, merged.unknown[:3])) + (" …" if len(merged.unknown) > 3 else "")
        screen.say(f"{plural(len(merged.unknown), 'take')} not in the recipe (left out): {names}")
