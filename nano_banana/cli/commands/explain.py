"""The command that says why a take is as it is."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.options import Asked, allow_env, as_json, out, pass_screen, provider, shared, store, variables
from nano_banana.cli.screen import Screen
from nano_banana.cli.wishes import open_project, recipe_in, settings_of, wish_of
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONValue

if TYPE_CHECKING:
    from nano_banana.project.portrait.portrait import Portrait
    from nano_banana.project.project import Project
    from nano_banana.project.story import Story

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
"""Suffixes of files that can tell of themselves; no take's name ends so."""

EPILOG = """\b
Examples:
  nano-banana explain headshots/ana/office/s11
  nano-banana explain out/first-portraits/takes/headshots_ana_office_s11.png
  nano-banana explain likeness/ana --recipe portraits/recipe.yaml
"""


@click.command(name="explain", epilog=EPILOG)
@click.argument("name", type=click.Path(), metavar="TAKE|PICTURE")
@click.option(
    "--recipe", type=click.Path(path_type=Path), default=Path(), help="The recipe (default: recipe.yaml here)."
)
@shared(variables, allow_env, provider, out, store, as_json)
@pass_screen
def command(screen: Screen, asked: Asked, name: str, *, recipe: Path) -> None:
    """Say why a take is as it is, and what changed since the last run.

    For every call behind it: whether the last run made it, it was reused, or it would run now; and which
    value is not what it was. For every attempt at it, what the gate said, with the numbers.
    A picture file away from its recipe tells its own story: what it was made of, and whether it was changed since.
    """
    portrait, lost = _portrait(name)
    if not _is_recipe(recipe):
        if lost is not None:
            raise lost
        if portrait is not None:
            _say_portrait(screen, portrait, as_json=asked.as_json)
            return
        if recipe == Path() and Path(name).suffix.casefold() in PICTURES:
            raise Invalid([trouble("picture_missing", path=name)])
    wish = wish_of(recipe, asked)
    with open_project(screen, wish, settings_of(screen, wish, asked)) as project:
        story = _story(project, name, portrait, lost)
    if story is None and portrait is not None:
        _say_portrait(screen, portrait, as_json=asked.as_json)
    elif story is not None:
        _say(screen, story, as_json=asked.as_json)


def _portrait(name: str) -> tuple[Portrait | None, Invalid | None]:
    """The picture file of that name, where it tells of itself; else why it does not. Neither where it is no file."""
    from nano_banana.project.portrait.portrait import portrait_of

    path = Path(name)
    if not _is_file(path):
        return None, None
    try:
        return portrait_of(path), None
    except Invalid as error:
        return None, error


def _story(project: Project, name: str, portrait: Portrait | None, lost: Invalid | None) -> Story | None:
    """The story of the take; None for a picture that tells of itself, but not of a take of this recipe.

    A picture that was renamed, or copied elsewhere, is found by what it tells.
    """
    from nano_banana.project.story import tell_story

    if portrait is not None and portrait.account.recipe != project.recipe.name:
        return None
    try:
        return tell_story(project, portrait.account.take if portrait else name)
    except Invalid as error:
        if error.problems[0].kind != "no_such_take":
            raise
        if portrait is None:
            raise lost or error from error
        return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_recipe(path: Path) -> bool:
    return recipe_in(path).is_file() if path.is_dir() else path.exists()


def _say_portrait(screen: Screen, portrait: Portrait, *, as_json: bool) -> None:
    from nano_banana.cli.portrait import say_portrait
    from nano_banana.project.portrait.portrait import portrait_json

    if as_json:
        screen.json(portrait_json(portrait))
    else:
        say_portrait(screen, portrait)


def _say(screen: Screen, story: Story, *, as_json: bool) -> None:
    from nano_banana.cli.story import say_story

    if as_json:
        screen.json(_json(story))
    else:
        say_story(screen, story)


def _json(story: Story) -> JSONValue:
    from nano_banana.project.nouns import verdict_json

    calls: list[JSONValue] = [
        {
            "stage": call.stage,
            "attempt": call.attempt.label,
            "provider": call.provider,
            "endpoint": call.endpoint,
            "key": call.key,
            "fate": call.fate,
            "run": call.run,
            "call": call.document,
            "changes": None if call.changes is None else [dataclasses.asdict(change) for change in call.changes],
        }
        for call in story.calls
    ]
    record = story.record
    numbers = [*json.loads(record.measures), *([None] * len(record.verdicts))]
    return {
        "id": record.id,
        "status": str(record.status),
        "verdicts": [
            {"attempt": ruled.attempt.label, **verdict_json(ruled, found)}
            for ruled, found in zip(record.verdicts, numbers, strict=False)
        ],
        "left": {"stage": record.left.stage, "why": record.left.why} if record.left else None,
        "calls": calls,
    }
