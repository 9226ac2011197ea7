"""A single command fulfilled: its recipe made, kept where wanted, and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nano_banana.cli.cells import visible
from nano_banana.cli.ending import Ending
from nano_banana.cli.house import settings_for
from nano_banana.cli.options import Asked
from nano_banana.cli.options import abandon
from nano_banana.cli.options import as_json
from nano_banana.cli.options import budget
from nano_banana.cli.options import out
from nano_banana.cli.options import overrides
from nano_banana.cli.options import planned
from nano_banana.cli.options import provider
from nano_banana.cli.options import resubmit
from nano_banana.cli.options import saved
from nano_banana.cli.options import store
from nano_banana.cli.options import trust
from nano_banana.cli.options import yes
from nano_banana.cli.running import Still
from nano_banana.cli.running import Then
from nano_banana.cli.running import plan_wish
from nano_banana.cli.running import run_wish
from nano_banana.cli.screen import Screen
from nano_banana.cli.single.keeping import keep_recipe
from nano_banana.project.wish import Wish
from nano_banana.settings import Settings

if TYPE_CHECKING:
    from nano_banana.project.single.desk import Desk
    from nano_banana.project.single.single import Single

MANNER = (provider, out, store, budget, planned, saved, resubmit, abandon, yes, trust, as_json)
"""What every single command may be told besides its work."""


def at_hand(screen: Screen, asked: Asked) -> Desk:
    """The settings and the catalog of the project around the working folder."""
    from nano_banana.core.root import project_root
    from nano_banana.project.single.desk import Desk

    settings = settings_for(screen, overrides=overrides(store=asked.store, out=asked.out))
    return Desk.of(settings, project_root(Path.cwd()))


def do_single(
    screen: Screen, asked: Asked, single: Single, settings: Settings, *, then: Then, still: Still | None = None
) -> int:
    """Plan or run it as the recipe that it is; `then` says what there is at the end, `still` as in `run_wish`."""
    from nano_banana.core.root import project_root
    from nano_banana.project.single.text import recipe_text

    single = replace(single, provider=asked.provider, budget_usd=asked.budget, root=project_root(Path.cwd()))
    text = recipe_text(single, Path.cwd())
    wish = Wish(recipe=Path(f"({single.command})"), text=text, provider=asked.provider)
    screen.quoted[str(wish.recipe)] = text
    if asked.saved is not None:
        keep_recipe(asked.saved, recipe_text(single, asked.saved.absolute().parent))
        screen.note(f"the recipe is in {visible(str(asked.saved))}")
    if asked.planned:
        plan_wish(screen, wish, settings, as_json=asked.as_json)
        return 0
    return run_wish(screen, wish, settings, asked, then=then, still=still)


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
