"""What generate, edit, inpaint, upscale and fine-tune share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.formatting import visible
from nano_banana.cli.options import (
    FiniteRange,
    OptionValues,
    SharedOption,
    abandon,
    as_json,
    budget,
    complete_endpoints,
    option,
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
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.runner import AfterRun, RunProducts, StillThere, plan_recipe, run_recipe
from nano_banana.cli.screen import Screen
from nano_banana.formats.file_writing import atomic_write
from nano_banana.model.problem import Invalid, Position, Problem, Unusable, problem
from nano_banana.session.run_request import RunRequest

MAX_PICTURES = 100
"""Pictures of one command: for more, a recipe says it better."""

PICTURE_PATH = click.Path(exists=True, path_type=Path)

images = click.argument("images", nargs=-1, required=True, type=PICTURE_PATH, metavar="IMAGE...")

prompt: SharedOption = option("--prompt", required=True, metavar="TEXT", help="What is to be seen, in words.")
model: SharedOption = option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME[@VERSION]",
    help="An adapter on the shelf, or a .safetensors file; several work together.",
)
scale: SharedOption = option(
    "--scale",
    "scales",
    multiple=True,
    type=FiniteRange(min=0, max=4),
    metavar="NUMBER",
    help="How strongly each --model works, in their order (0.95, further ones 0.3).",
)
count: SharedOption = option(
    "--count", type=click.IntRange(1, MAX_PICTURES), metavar="N", help="How many pictures, by seeds of their own."
)
seed: SharedOption = option(
    "--seed",
    "seeds",
    multiple=True,
    type=click.IntRange(0, 4294967295),
    metavar="N",
    help="A seed; as often as you like.",
)
size: SharedOption = option("--size", metavar="SIZE", help="880x1104, 4:5, or a name such as portrait_4_3.")
using: SharedOption = option(
    "--using",
    metavar="ENDPOINT",
    shell_complete=complete_endpoints,
    help="The endpoint that does it; `nano-banana catalog` lists them.",
)
guidance: SharedOption = option(
    "--guidance", type=FiniteRange(min=0), metavar="NUMBER", help="How closely the words are followed."
)
steps: SharedOption = option("--steps", type=click.IntRange(min=1), metavar="N", help="How many steps it takes.")
strength: SharedOption = option(
    "--strength", type=FiniteRange(min=0, max=1), metavar="0–1", help="How far it may go from what is there."
)
name: SharedOption = option("--name", metavar="NAME", help="The recipe's name, and that of the folder of pictures.")


def save_recipe(file: Path, text: str) -> None:
    """Write it, whole or not at all; the very text may be there already.

    Raises Invalid (`recipe_there`) where something else is, Unusable (`unwritable`).
    """
    try:
        data = text.encode()
        if os.path.lexists(file):
            if not file.is_file() or file.read_bytes() != data:
                raise Invalid([problem("recipe_there", file=str(file))])
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(file) as fresh:
            fresh.write_bytes(data)
    except (OSError, UnicodeEncodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "a path in it is no text"
        raise Unusable([problem("unwritable", file=str(file), why=why or str(error))]) from error


if TYPE_CHECKING:
    from nano_banana.features.single.single_options import SingleContext
    from nano_banana.features.single.single_recipe import SingleCommand

SINGLE_OPTIONS = (provider, out, store, budget, planned, saved, resubmit, abandon, yes, trust, as_json)
"""What every single command may be told besides its work."""

COMMAND_LINE_KINDS = {"nobody_in_shot": "nobody_in_prompt"}
"""Kinds of problems whose words speak of a recipe, and their like for a command line."""


def single_context(screen: Screen, asked: OptionValues) -> SingleContext:
    """The settings and the catalog of the project around the working folder."""
    from nano_banana.features.single.single_options import SingleContext
    from nano_banana.model.known_folders import project_root

    settings = settings_for(screen, overrides=overrides(store=asked.store, out=asked.out))
    return SingleContext.of(settings, project_root(Path.cwd()))


def run_single(
    screen: Screen,
    asked: OptionValues,
    single: SingleCommand,
    desk: SingleContext,
    *,
    then: AfterRun,
    still: StillThere | None = None,
) -> int:
    """Plan or run it as the recipe that it is; `then` says what there is at the end, `still` as in `run_wish`."""
    from nano_banana.features.single.single_recipe import recipe_text
    from nano_banana.model.known_folders import project_root

    single = replace(single, provider=asked.provider, budget_usd=asked.budget, root=project_root(Path.cwd()))
    text = recipe_text(single, Path.cwd())
    wish = RunRequest(recipe=Path(f"({single.command})"), text=text, provider=asked.provider)
    screen.quoted[str(wish.recipe)] = text
    screen.relocate = partial(_at_option, screen, str(wish.recipe), single, desk)
    if asked.saved is not None:
        save_recipe(asked.saved, recipe_text(single, asked.saved.absolute().parent))
        screen.note(f"the recipe is in {visible(str(asked.saved))}")
    if asked.planned:
        return plan_recipe(screen, wish, desk.settings, as_json=asked.as_json)
    return run_recipe(screen, wish, desk.settings, asked, then=then, still=still)


def _at_option(screen: Screen, recipe: str, single: SingleCommand, desk: SingleContext, problem: Problem) -> Problem:
    """The same problem at the option that it comes from: nobody wrote the `recipe`."""
    from nano_banana.features.single.single_recipe import option_at

    place = problem.position
    if place is None or place.file != recipe:
        return problem
    text = screen.quoted[recipe]
    endpoint = desk.catalog.get(single.endpoint)
    roles = endpoint.roles.named() if endpoint else {}
    option = option_at(single, roles, text, place.line, place.column)
    meant = text.split("\n")[place.line - 1][place.column - 1 :][: place.length]
    said = " ".join(single.prompt_text.split()) if option == "option --prompt" else meant
    start = max(said.find(meant), 0)
    length = len(meant) if meant in said else len(said)
    # Each value is a line of its own: several pictures may be wrong.
    lines = [*screen.quoted.get(option, "").splitlines(), said]
    screen.quoted[option] = "\n".join(lines)
    kind = COMMAND_LINE_KINDS.get(problem.kind, problem.kind)
    return replace(
        problem, kind=kind, position=Position(file=option, line=len(lines), column=start + 1, length=max(length, 1))
    )


def say_pictures(screen: Screen, ending: RunProducts) -> None:
    """Print where each picture is, a line each; one that a full disk has no room for is nowhere."""
    here = f"{Path.cwd()}/"
    for path in ending.pictures:
        if Path(path).is_file():
            screen.say(visible(path.removeprefix(here)))


def say_added_words(screen: Screen, front: Sequence[str]) -> None:
    """Tell which words were put before those of the user."""
    if front:
        screen.note(f"put in front of the prompt: {visible(', '.join(front))}")
