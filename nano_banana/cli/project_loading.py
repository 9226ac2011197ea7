"""From the command line to settings, a run request and the open project."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.options import NonEmptyPath, OptionValues, overrides
from nano_banana.cli.options import overrides as given
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


def settings_for(
    screen: Screen,
    *,
    start: Path | None = None,
    overrides: Mapping[str, str | None] | None = None,
    trust: bool = False,
) -> Settings:
    """Load the settings of the project around `start` (None: the current folder), and set the colour.

    Settings of a project that the user has not trusted are ignored with a warning, or trusted from now on if
    `trust` is set. Raises Invalid and Unusable, as `load_settings` does.
    """
    root = project_root(start or Path.cwd())
    settings = load_settings(root=root, environ=os.environ, overrides=overrides or {}, trust=trust)
    screen.set_color(settings.color)
    share_files(shared=is_shared(settings.store, settings.store_group))
    names = ", ".join(f"`{name}`" for name in sorted(settings.guarded))
    if not settings.trusts:
        screen.problems([Problem(kind="settings_ignored", data={"file": PROJECT_FILE, "names": names}, warning=True)])
    elif trust and names:
        about = f"{names} in {root / PROJECT_FILE}"
        save_trust(settings_fingerprint(root, settings.guarded), about, user_config_folder())
    return settings


def store_folder(screen: Screen, store: Path | None) -> Path | None:
    """The store's folder (`store`, if given). If it doesn't exist, prints that and returns None."""
    folder = settings_for(screen, overrides=given(store=store)).store
    if folder.is_dir():
        return folder
    below = sorted(path.parent.as_posix() for path in Path().glob("*/.nano-banana/**/store.sqlite"))
    other = f" (or pass `--store {below[0]}`)" if below else ""
    screen.say(f"No store at {folder} yet; `nano-banana run` creates it{other}.")
    if screen.machine:
        screen.json({"store": None})
    return None


NO_OPTIONS = OptionValues()
"""The values of a command without shared options."""


def run_request_from(recipe: Path, asked: OptionValues = NO_OPTIONS) -> RunRequest:
    """The run request of a command line. Raises Invalid for a `--set` without a value."""
    return RunRequest(
        recipe=find_recipe_file(recipe),
        sets=_parse_sets(asked.variables),
        provider=asked.provider,
        only=asked.only,
        sample=asked.sample,
        budget_usd=asked.budget,
        locked=asked.locked,
    )


def recipe_settings(screen: Screen, wish: RunRequest, asked: OptionValues = NO_OPTIONS) -> Settings:
    """The settings of the recipe's project."""
    given = overrides(store=asked.store, out=asked.out)
    settings = settings_for(screen, start=wish.recipe.absolute().parent, overrides=given, trust=asked.trust)
    return with_allowed_env(settings, asked)


def with_allowed_env(settings: Settings, asked: OptionValues) -> Settings:
    """The settings with the environment variables that the command line allows. Raises Invalid."""
    if not asked.allow_env:
        return settings
    try:
        return dataclasses.replace(
            settings, allow_env=parse_names(",".join([settings.allow_env, *asked.allow_env]).strip(","))
        )
    except ValueError as error:
        raise Invalid([problem("setting_not_names", owner="command line", name="--allow-env")]) from error


def open_project(screen: Screen, wish: RunRequest, settings: Settings) -> Session:
    """Open and check the recipe, and print its warnings. Raises Invalid with all problems."""
    from nano_banana.session.session import Session

    project = Session.open(wish, settings, environ=os.environ)
    if project.loaded.warnings:
        screen.problems(project.loaded.warnings)
    return project


def _parse_sets(variables: Sequence[str]) -> Mapping[str, str]:
    wrong = [text for text in variables if "=" not in text or text.startswith("=")]
    if wrong:
        raise Invalid([problem("set_without_value", given=text) for text in wrong])
    return dict(text.split("=", 1) for text in variables)


recipe_argument = click.argument("recipe", type=NonEmptyPath(path_type=Path), default=".", metavar="[RECIPE]")
"""The recipe: a file, or a folder that contains `recipe.yaml`."""
