"""`judge`: re-judge existing pictures with other thresholds, for free."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.options import FiniteRange, add_options, pass_screen
from nano_banana.cli.project_loading import open_session, recipe_argument
from nano_banana.cli.screen import Screen

if TYPE_CHECKING:
    from nano_banana.features.rejudging import RejudgeResult

SECTION = ("Inspect", 3)

LIKENESS_RANGE = FiniteRange(min=-1, max=1)


@click.command(name="judge")
@recipe_argument
@click.option(
    "--accept", type=LIKENESS_RANGE, metavar="LIKENESS", help="Accept at or above this likeness (overrides the recipe)."
)
@click.option(
    "--unsure", type=LIKENESS_RANGE, metavar="LIKENESS", help="Unsure at or above this likeness; reject below."
)
@add_options("--only", "--set", "--allow-env", "--provider", "--store", "--json")
@pass_screen
def command(
    screen: Screen,
    recipe: Path,
    *,
    accept: float | None,
    unsure: float | None,
) -> None:
    """Re-judge existing pictures with other thresholds (free).

    Uses stored measurements: no picture is opened, no call is made and nothing changes. Shows which takes would pass.
    Likeness is cosine similarity, −1 to 1.

    Examples:
      nano-banana judge
      nano-banana judge --accept 0.5
      nano-banana judge portraits/recipe.yaml --accept 0.42 --unsure 0.36 --only 'portraits/ana/*'
    """
    from nano_banana.cli.verdict_reports import say_rejudged
    from nano_banana.features.rejudging import rejudge

    with open_session(screen, recipe) as session:
        rejudged = rejudge(session, accept=accept, unsure=unsure, environ=os.environ)
        name = session.recipe.name
    if screen.machine:
        screen.json({"recipe": name, "accept": accept, "unsure": unsure, **_rejudged_json(rejudged)})
    else:
        say_rejudged(screen, rejudged, accept=accept, unsure=unsure)


def _rejudged_json(rejudged: RejudgeResult) -> dict[str, object]:
    from nano_banana.session.run_records import reported_verdict
    from nano_banana.session.run_report import acceptance_json

    takes = [
        {"id": word.take, "attempt": word.now.attempt.label, "before": word.before, **reported_verdict(word.now).json()}
        for word in rejudged.words
    ]
    return {
        "takes": takes,
        "not_judged_yet": rejudged.waiting,
        "acceptance": acceptance_json(rejudged.now),
        "before": acceptance_json(rejudged.before),
    }
