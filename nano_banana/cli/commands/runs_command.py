"""`runs`: list, show and compare past runs."""

from __future__ import annotations

import click

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import store_folder
from nano_banana.cli.screen import Screen

SECTION = ("Manage", 4)

recipe_option = click.option(
    "--recipe", metavar="NAME", help="Only runs of this recipe; `latest` is then its last run."
)


@click.group(name="runs", cls=SuggestingGroup, invoke_without_command=True)
@add_options("--json", "--store")
@click.pass_context
def command(context: click.Context) -> None:
    """List, show and compare past runs.

    Name a run by a prefix of its ID, its last four digits, or `latest`, `latest~1` …

    Examples:
      nano-banana runs list
      nano-banana runs show latest
      nano-banana runs diff latest~1 latest
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command(name="list")
@click.option(
    "--last", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="Number of runs to list."
)
@recipe_option
@add_options("--json", "--store")
@pass_screen
def list_(screen: Screen, *, last: int, recipe: str | None) -> None:
    """List the last runs: date, duration, status, pictures and cost.

    Examples:
      nano-banana runs list
      nano-banana runs list --last 100 --json
    """
    from nano_banana.cli.run_details import run_json, say_runs
    from nano_banana.session.history import History

    folder = store_folder(screen)
    with History.open(folder) as history:
        runs, kept = history.billed(history.runs(recipe, limit=last + 1)), set(history.kept_runs(recipe))
    if screen.machine:
        screen.json({"store": str(folder), "runs": [run_json(run, kept=run.id in kept) for run in runs[:last]]})
        return
    if not runs:
        screen.say("No runs yet." if recipe is None else "No runs of that recipe here.")
        return
    say_runs(screen, runs[:last], kept)
    if len(runs) > last:
        screen.say(f"Showing the last {last}; `--last {last * 5}` lists more.")


@command.command()
@click.argument("run", default="latest")
@click.option("--all", "every", is_flag=True, help="List all takes.")
@recipe_option
@add_options("--json", "--store")
@pass_screen
def show(screen: Screen, run: str, *, every: bool, recipe: str | None) -> None:
    """Show one run with its stages, takes, verdicts and costs.

    Pictures marked "(gone)" were deleted from the store by `cache gc`; their calls are still known.

    Examples:
      nano-banana runs show
      nano-banana runs show 3f2a --all
    """
    from nano_banana.cli.run_details import run_details_json, say_run
    from nano_banana.session.history import History

    folder = store_folder(screen)
    with History.open(folder) as history:
        (named,) = history.billed([history.find(run, recipe)])
        found = history.snapshot(named)
        held = history.still_stored(picture.digest for take in found.takes for picture in take.pictures)
    if screen.machine:
        screen.json(run_details_json(named, found, held))
    else:
        say_run(screen, named, found, held, every=every)


@command.command()
@click.argument("old", required=False)
@click.argument("new", required=False)
@recipe_option
@add_options("--json", "--store")
@pass_screen
def diff(screen: Screen, old: str | None, new: str | None, *, recipe: str | None) -> None:
    """Show which takes were added, removed or changed between two runs, and why.

    With one run, compares it with the latest; with none, the latest with the previous run of the same recipe.

    Examples:
      nano-banana runs diff
      nano-banana runs diff latest~3 latest --json
    """
    from nano_banana.cli.run_details import run_diff_json, say_run_diff
    from nano_banana.session.history import History

    folder = store_folder(screen)
    with History.open(folder) as history:
        found = history.compare(old, new, recipe)
    if screen.machine:
        screen.json(run_diff_json(found))
    else:
        say_run_diff(screen, found)
