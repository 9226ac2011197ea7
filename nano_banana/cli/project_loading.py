"""From the command line to settings, a run request and the open project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from nano_banana.cli.options import NonEmptyPath, OptionValues
from nano_banana.cli.screen import Screen
from nano_banana.formats.file_writing import is_shared, share_files
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid, Problem, problem
from nano_banana.session.run_request import RunRequest, find_recipe_file
from nano_banana.settings.configuration import (
    PROJECT_FILE,
    Settings,
    load_settings,
    parse_names,
    settings_fingerprint,
    user_config_folder,
)
from nano_banana.settings.trust_file import save_trust

if TYPE_CHECKING:
    from nano_banana.session.session import Session


def settings_for(screen: Screen, *, start: Path | None = None, trust: bool = False) -> Settings:
    """Load the settings of the project around `start` (None: the current folder), and set the colour.

    `--store` and `--out` override them. Settings of a project that the user has not trusted are ignored with a
    warning, or trusted from now on if `trust` is set. Raises Invalid and Unusable, as `load_settings` does.
    """
    root, given = project_root(start or Path.cwd()), OptionValues.given()
    overrides = {name: str(path) for name, path in (("store", given.store), ("out", given.out)) if path}
    settings = load_settings(root=root, environ=os.environ, overrides=overrides, trust=trust)
    screen.set_color(settings.color)
    share_files(shared=is_shared(settings.store, settings.store_group))
    names = ", ".join(f"`{name}`" for name in sorted(settings.guarded))
    if not settings.trusts:
        screen.problems([Problem(kind="settings_ignored", data={"file": PROJECT_FILE, "names": names}, warning=True)])
    elif trust and names:
        about = f"{names} in {root / PROJECT_FILE}"
        save_trust(settings_fingerprint(root, settings.guarded), about, user_config_folder())
    return settings


def store_folder(screen: Screen) -> Path:
    """The store's folder. If it doesn't exist, prints that and ends the command. Raises click's Exit."""
    folder = settings_for(screen).store
    if folder.is_dir():
        return folder
    below = sorted(path.parent.as_posix() for path in Path().glob("*/.nano-banana/**/store.sqlite"))
    other = f" (or pass `--store {below[0]}`)" if below else ""
    screen.say(f"No store at {folder} yet; `nano-banana run` creates it{other}.")
    if screen.machine:
        screen.json({"store": None})
    raise click.exceptions.Exit(0)


def run_request_from(recipe: Path) -> RunRequest:
    """The run request of the command line. Raises Invalid for a `--set` without a value."""
    given = OptionValues.given()
    wrong = [text for text in given.variables if not text.partition("=")[0] or "=" not in text]
    if wrong:
        raise Invalid([problem("set_without_value", given=text) for text in wrong])
    return RunRequest(
        recipe=find_recipe_file(recipe),
        sets=dict(text.split("=", 1) for text in given.variables),
        provider=given.provider,
        only=given.only,
        sample=given.sample,
        budget_usd=given.budget,
        locked=given.locked,
    )


def recipe_settings(screen: Screen, request: RunRequest, *, trust: bool = False) -> Settings:
    """The settings of the recipe's project; those that need trust are trusted from now on with `--trust` or `trust`."""
    trust = trust or OptionValues.given().trust
    return with_allowed_env(settings_for(screen, start=request.recipe.absolute().parent, trust=trust))


def with_allowed_env(settings: Settings) -> Settings:
    """The settings with the environment variables that the command line allows. Raises Invalid."""
    names = OptionValues.given().allow_env
    if not names:
        return settings
    try:
        return replace(settings, allow_env=parse_names(",".join([settings.allow_env, *names]).strip(",")))
    except ValueError as error:
        raise Invalid([problem("setting_not_names", owner="command line", name="--allow-env")]) from error


def open_session(screen: Screen, recipe: Path, *, any_photos: bool = False) -> Session:
    """Open and check the recipe of the command line, and print its warnings. Raises Invalid with all problems."""
    request = replace(run_request_from(recipe), any_photos=any_photos)
    return open_request(screen, request, recipe_settings(screen, request))


def open_request(screen: Screen, request: RunRequest, settings: Settings) -> Session:
    """Open and check a recipe, and print its warnings. Raises Invalid with all problems."""
    from nano_banana.session.session import Session

    session = Session.open(request, settings, environ=os.environ)
    if session.loaded.warnings:
        screen.problems(session.loaded.warnings)
    return session


recipe_argument = click.argument("recipe", type=NonEmptyPath(path_type=Path), default=".", metavar="[RECIPE]")
"""The recipe: a file, or a folder that contains `recipe.yaml`."""
