"""A single command fulfilled: its recipe made, kept where wanted, and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nano_banana.cli.cells import visible
from nano_banana.cli.ending import Ending
from nano_banana.cli.house import settings_for
from nano_banana.cli.options import (
    Asked,
    abandon,
    as_json,
    budget,
    out,
    overrides,
    planned,
    provider,
    resubmit,
    saved,
    store,
    trust,
    yes,
)
from nano_banana.cli.running import Still, Then, plan_wish, run_wish
from nano_banana.cli.screen import Screen
from nano_banana.cli.single.keeping import keep_recipe
from nano_banana.core.problem import Place, Problem
from nano_banana.project.wish import Wish

if TYPE_CHECKING:
    from nano_banana.project.single.desk import Desk
    from nano_banana.project.single.single import Single

MANNER = (provider, out, store, budget, planned, saved, resubmit, abandon, yes, trust, as_json)
"""What every single command may be told besides its work."""

IN_ONE_COMMAND = {"nobody_in_shot": "nobody_in_prompt"}
"""Kinds of problems whose words speak of a recipe, and their like for a command line."""


def at_hand(screen: Screen, asked: Asked) -> Desk:
    """The settings and the catalog of the project around the working folder."""
    from nano_banana.core.root import project_root
    from nano_banana.project.single.desk import Desk

    settings = settings_for(screen, overrides=overrides(store=asked.store, out=asked.out))
    return Desk.of(settings, project_root(Path.cwd()))


def do_single(
    screen: Screen, asked: Asked, single: Single, desk: Desk, *, then: Then, still: Still | None = None
) -> int:
    """Plan or run it as the recipe that it is; `then` says what there is at the end, `still` as in `run_wish`."""
    from nano_banana.core.root import project_root
    from nano_banana.project.single.text import recipe_text

    single = replace(single, provider=asked.provider, budget_usd=asked.budget, root=project_root(Path.cwd()))
    text = recipe_text(single, Path.cwd())
    wish = Wish(recipe=Path(f"({single.command})"), text=text, provider=asked.provider)
    screen.quoted[str(wish.recipe)] = text
    screen.relocate = partial(_relocated, screen, str(wish.recipe), single, desk)
    if asked.saved is not None:
        keep_recipe(asked.saved, recipe_text(single, asked.saved.absolute().parent))
        screen.note(f"the recipe is in {visible(str(asked.saved))}")
    if asked.planned:
        return plan_wish(screen, wish, desk.settings, as_json=asked.as_json)
    return run_wish(screen, wish, desk.settings, asked, then=then, still=still)


def _relocated(screen: Screen, recipe: str, single: Single, desk: Desk, problem: Problem) -> Problem:
    """The same problem at the option that it comes from: nobody wrote the `recipe`."""
    from nano_banana.project.single.text import option_at

    place = problem.place
    if place is None or place.file != recipe:
        return problem
    text = screen.quoted[recipe]
    endpoint = desk.catalog.get(single.endpoint)
    roles = endpoint.roles.named() if endpoint else {}
    option = option_at(single, roles, text, place.line, place.column)
    meant = text.split("\n")[place.line - 1][place.column - 1 :][: place.length]
    said = " ".join(single.words.split()) if option == "option --prompt" else meant
    start = max(said.find(meant), 0)
    length = len(meant) if meant in said else len(said)
    # Each value is a line of its own: several pictures may be wrong.
    lines = [*screen.quoted.get(option, "").splitlines(), said]
    screen.quoted[option] = "\n".join(lines)
    kind = IN_ONE_COMMAND.get(problem.kind, problem.kind)
    return replace(
        problem, kind=kind, place=Place(file=option, line=len(lines), column=start + 1, length=max(length, 1))
    )


def say_pictures(screen: Screen, ending: Ending) -> None:
    """Print where each picture is, a line each; one that a full disk has no room for is nowhere."""
    here = f"{Path.cwd()}/"
    for path in ending.pictures:
        if Path(path).is_file():
            screen.say(visible(path.removeprefix(here)))


def say_front(screen: Screen, front: Sequence[str]) -> None:
    """Tell which words were put before those of the user."""
    if front:
        screen.note(f"put in front of the prompt: {visible(', '.join(front))}")
