"""What generate, edit, inpaint, upscale and fine-tune share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

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

if TYPE_CHECKING:
    from nano_banana.features.single.single_options import SingleContext
    from nano_banana.features.single.single_recipe import SingleCommand


MAX_PICTURES = 100
"""Most pictures of one command; a recipe suits more."""

PICTURE_PATH = click.Path(exists=True, path_type=Path)

images = click.argument("images", nargs=-1, required=True, type=PICTURE_PATH, metavar="IMAGE...")

prompt: SharedOption = option(
    "--prompt", required=True, metavar="TEXT", help="The prompt: what the picture should show."
)
model: SharedOption = option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME[@VERSION]",
    help="Adapter on the shelf, or a .safetensors file (repeatable).",
)
scale: SharedOption = option(
    "--scale",
    "scales",
    multiple=True,
    type=FiniteRange(min=0, max=4),
    metavar="NUMBER",
    help="Strength of each --model, in the same order (default: 0.95, then 0.3).",
)
count: SharedOption = option(
    "--count", type=click.IntRange(1, MAX_PICTURES), metavar="N", help="Number of pictures, each with its own seed."
)
seed: SharedOption = option(
    "--seed",
    "seeds",
    multiple=True,
    type=click.IntRange(0, 4294967295),
    metavar="N",
    help="Seed (repeatable).",
)
size: SharedOption = option(
    "--size", metavar="SIZE", help="Picture size: 880x1104, 4:5, or a name such as portrait_4_3."
)
using: SharedOption = option(
    "--using",
    metavar="ENDPOINT",
    shell_complete=complete_endpoints,
    help="Endpoint to use; see `nano-banana catalog`.",
)
guidance: SharedOption = option(
    "--guidance", type=FiniteRange(min=0), metavar="NUMBER", help="How closely to follow the prompt."
)
steps: SharedOption = option(
    "--steps", type=click.IntRange(min=1), metavar="N", help="Number of inference (or training) steps."
)
strength: SharedOption = option(
    "--strength", type=FiniteRange(min=0, max=1), metavar="0–1", help="How much the picture may change."
)
name: SharedOption = option("--name", metavar="NAME", help="Recipe name and output folder name.")


def save_recipe(file: Path, text: str) -> None:
    """Write the recipe, unless the file already has this text.

    Raises Invalid (`recipe_there`) if it has other content, Unusable (`unwritable`).
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
        why = error.strerror if isinstance(error, OSError) else "it contains a path that is not UTF-8"
        raise Unusable([problem("unwritable", file=str(file), why=why or str(error))]) from error


SINGLE_OPTIONS = (provider, out, store, budget, planned, saved, resubmit, abandon, yes, trust, as_json)
"""Options of every single command."""

COMMAND_LINE_KINDS = {"nobody_in_shot": "nobody_in_prompt"}
"""Kinds of problems about a recipe, and the same for a command line."""


def single_context(screen: Screen, asked: OptionValues) -> SingleContext:
    """The settings and the catalog of the current project."""
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
    """Plan or run the command as a one-stage recipe; `then` and `still` as in `run_recipe`."""
    from nano_banana.features.single.single_recipe import recipe_text
    from nano_banana.model.known_folders import project_root

    single = replace(single, provider=asked.provider, budget_usd=asked.budget, root=project_root(Path.cwd()))
    text = recipe_text(single, Path.cwd())
    wish = RunRequest(recipe=Path(f"({single.command})"), text=text, provider=asked.provider)
    screen.quoted[str(wish.recipe)] = text
    screen.relocate = partial(_at_option, screen, str(wish.recipe), single, desk)
    if asked.saved is not None:
        save_recipe(asked.saved, recipe_text(single, asked.saved.absolute().parent))
        screen.note(f"saved the recipe to {visible(str(asked.saved))}")
    if asked.planned:
        return plan_recipe(screen, wish, desk.settings, as_json=asked.as_json)
    return run_recipe(screen, wish, desk.settings, asked, then=then, still=still)


def _at_option(screen: Screen, recipe: str, single: SingleCommand, desk: SingleContext, problem: Problem) -> Problem:
    """The same problem, placed at the option that it comes from."""
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
    # One value per line: several pictures may be wrong.
    lines = [*screen.quoted.get(option, "").splitlines(), said]
    screen.quoted[option] = "\n".join(lines)
    kind = COMMAND_LINE_KINDS.get(problem.kind, problem.kind)
    return replace(
        problem, kind=kind, position=Position(file=option, line=len(lines), column=start + 1, length=max(length, 1))
    )


def say_pictures(screen: Screen, ending: RunProducts) -> None:
    """Print the path of each picture that was written, one per line."""
    here = f"{Path.cwd()}/"
    for path in ending.pictures:
        if Path(path).is_file():
            screen.say(visible(path.removeprefix(here)))


def say_added_words(screen: Screen, front: Sequence[str]) -> None:
    """Print the words that were added to the prompt."""
    if front:
        screen.note(f"added to the start of the prompt: {visible(', '.join(front))}")
