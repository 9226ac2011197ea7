"""What generate, edit, inpaint, upscale and fine-tune share."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from nano_banana.cli.formatting import visible
from nano_banana.cli.options import OptionValues
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.runner import AfterRun, RunProducts, StillThere, plan_recipe, run_recipe
from nano_banana.cli.screen import Screen
from nano_banana.formats.file_writing import replaced_file, translate_unwritable
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid, Position, Problem, Unusable, problem
from nano_banana.session.run_request import RunRequest

if TYPE_CHECKING:
    from nano_banana.features.single.single_options import SingleContext
    from nano_banana.features.single.single_recipe import SingleCommand


PICTURE_PATH = click.Path(exists=True, path_type=Path)

images = click.argument("images", nargs=-1, required=True, type=PICTURE_PATH, metavar="IMAGE...")

SINGLE_OPTIONS = (
    *("--provider", "--out", "--store", "--budget", "--plan", "--save-recipe"),
    *("--resubmit", "--abandon", "--yes", "--trust", "--json"),
)
"""Options of every single command."""

COMMAND_LINE_KINDS = {"nobody_in_shot": "nobody_in_prompt"}
"""Kinds of problems about a recipe, and the same for a command line."""


def save_recipe(file: Path, text: str) -> None:
    """Write the recipe, unless the file already has this text.

    Raises Invalid (`recipe_there`) if it has other content, Unusable (`unwritable`).
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        why = "it contains a path that is not UTF-8"
        raise Unusable([problem("unwritable", file=str(file), why=why)]) from error
    with translate_unwritable(file):
        if not os.path.lexists(file):
            with replaced_file(file) as fresh:
                fresh.write_bytes(data)
        elif not file.is_file() or file.read_bytes() != data:
            raise Invalid([problem("recipe_there", file=str(file))])


def single_context(screen: Screen) -> SingleContext:
    """The settings and the catalog of the current project."""
    from nano_banana.features.single.single_options import SingleContext

    return SingleContext.of(settings_for(screen), project_root(Path.cwd()))


def run_single(
    screen: Screen,
    single: SingleCommand,
    context: SingleContext,
    *,
    then: AfterRun | None = None,
    still: StillThere | None = None,
) -> int:
    """Plan or run the command as a one-stage recipe; `then` and `still` as in `run_recipe`.

    Adds the seeds, the name and the budget of the command line, and the triggers that the prompt lacks. Without `then`
    the paths of the pictures are printed at the end.
    """
    from nano_banana.features.single.single_commands import with_name, with_seeds
    from nano_banana.features.single.single_recipe import recipe_text, with_missing_triggers

    given = OptionValues.given()
    single, added = with_missing_triggers(with_name(with_seeds(single, given.seeds, given.count), given.name))
    if added:
        screen.note(f"added to the start of the prompt: {visible(', '.join(added))}")
    single = replace(single, provider=given.provider, budget_usd=given.budget, root=project_root(Path.cwd()))
    text = recipe_text(single, Path.cwd())
    request = RunRequest(recipe=Path(f"({single.command})"), text=text, provider=given.provider)
    screen.quoted[str(request.recipe)] = text
    screen.relocate = partial(_at_option, screen, str(request.recipe), single, context)
    if given.saved is not None:
        save_recipe(given.saved, recipe_text(single, given.saved.absolute().parent))
        screen.note(f"saved the recipe to {visible(str(given.saved))}")
    if given.planned:
        return plan_recipe(screen, request, context.settings)
    return run_recipe(screen, request, context.settings, then=then or partial(say_pictures, screen), still=still)


def _at_option(screen: Screen, recipe: str, single: SingleCommand, context: SingleContext, problem: Problem) -> Problem:
    """The same problem, placed at the option that it comes from."""
    from nano_banana.features.single.single_recipe import option_at

    place = problem.position
    if place is None or place.file != recipe:
        return problem
    text = screen.quoted[recipe]
    endpoint = context.catalog.get(single.endpoint)
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


def say_pictures(screen: Screen, products: RunProducts) -> None:
    """Print the path of each picture that was written, one per line."""
    here = f"{Path.cwd()}/"
    for path in products.pictures:
        if Path(path).is_file():
            screen.say(visible(path.removeprefix(here)))
