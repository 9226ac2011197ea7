"""From a command line to a wish, and to the project it is about."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.house import settings_for
from nano_banana.cli.options import Asked, Named, overrides
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.problem import did_you_mean
from nano_banana.project.wish import Wish
from nano_banana.setting_values import names_of
from nano_banana.settings import Settings

if TYPE_CHECKING:
    from nano_banana.project.project import Project

NOTHING = Asked()
"""What a command without shared options says."""


def wish_of(recipe: Path, asked: Asked = NOTHING) -> Wish:
    """The wish that the command line's options spell. Raises Invalid for a `--set` without a value."""
    return Wish(
        recipe=_file(recipe),
        sets=_sets(asked.variables),
        provider=asked.provider,
        only=asked.only,
        sample=asked.sample,
        budget_usd=asked.budget,
        locked=asked.locked,
    )


def settings_of(screen: Screen, wish: Wish, asked: Asked = NOTHING) -> Settings:
    """The settings of the project that the recipe belongs to."""
    given = overrides(store=asked.store, out=asked.out)
    settings = settings_for(screen, start=wish.recipe.absolute().parent, overrides=given, trust=asked.trust)
    return with_allowed(settings, asked)


def with_allowed(settings: Settings, asked: Asked) -> Settings:
    """The settings, with the environment variables that the command line allows besides. Raises Invalid."""
    if not asked.allow_env:
        return settings
    try:
        return replace(settings, allow_env=names_of(",".join([settings.allow_env, *asked.allow_env]).strip(",")))
    except ValueError as error:
        raise Invalid([trouble("setting_not_names", owner="command line", name="--allow-env")]) from error


def open_project(screen: Screen, wish: Wish, settings: Settings) -> Project:
    """The checked recipe; warnings go to the screen. Raises Invalid with every problem."""
    from nano_banana.project.project import Project

    project = Project.open(wish, settings, environ=os.environ)
    if project.loaded.warnings:
        screen.problems(project.loaded.warnings)
    return project


def _file(recipe: Path) -> Path:
    """The recipe; a folder stands for the `recipe.yaml` in it."""
    path = recipe_in(recipe) if recipe.is_dir() else recipe
    if not path.exists():
        near = [str(other) for other in sorted(path.parent.glob("*.y*ml"))][:MOST_NEAR]
        raise Invalid([trouble("no_recipe", hint=did_you_mean(str(path), near), path=str(path))])
    return path


MOST_NEAR = 200
"""Files that a recipe's name is compared with where there is none."""


def recipe_in(folder: Path) -> Path:
    """The recipe that a folder stands for: `recipe.yaml`; or `recipe.yml`, where only that is there."""
    return next((path for name in RECIPES if (path := folder / name).is_file()), folder / RECIPES[0])


RECIPES = ("recipe.yaml", "recipe.yml")


def _sets(variables: Sequence[str]) -> Mapping[str, str]:
    wrong = [text for text in variables if "=" not in text or text.startswith("=")]
    if wrong:
        raise Invalid([trouble("set_without_value", given=text) for text in wrong])
    return dict(text.split("=", 1) for text in variables)


recipe_argument = click.argument("recipe", type=Named(path_type=Path), default=".", metavar="[RECIPE]")
"""The recipe's path: a file, or the folder that holds `recipe.yaml`."""
