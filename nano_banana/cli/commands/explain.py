"""The command that says why a take is as it is."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.options import Asked
from nano_banana.cli.options import as_json
from nano_banana.cli.options import out
from nano_banana.cli.options import pass_screen
from nano_banana.cli.options import provider
from nano_banana.cli.options import shared
from nano_banana.cli.options import store
from nano_banana.cli.options import variables
from nano_banana.cli.screen import Screen
from nano_banana.cli.wishes import open_project
from nano_banana.cli.wishes import settings_of
from nano_banana.cli.wishes import wish_of
from nano_banana.core.json import JSONValue

if TYPE_CHECKING:
    from nano_banana.project.story import Story

EPILOG = """\b
Examples:
  nano-banana explain headshots/ana/office/s11
  nano-banana explain out/first-portraits/takes/headshots_ana_office_s11.png
  nano-banana explain likeness/ana --recipe portraits/recipe.yaml
"""


@click.command(name="explain", epilog=EPILOG)
@click.argument("name", metavar="TAKE|PICTURE")
@click.option(
    "--recipe", type=click.Path(path_type=Path), default=Path(), help="The recipe (default: recipe.yaml here)."
)
@shared(variables, provider, out, store, as_json)
@pass_screen
def command(screen: Screen, asked: Asked, name: str, *, recipe: Path) -> None:
    """Say why a take is as it is, and what changed since the last run.

    For every call behind it: whether the last run made it, it was reused, or it would run now; and which
    value is not what it was. For every attempt at it, what the gate said, with the numbers.
    """
    from nano_banana.cli.story import say_story
    from nano_banana.project.story import tell_story

    wish = wish_of(recipe, asked)
    with open_project(screen, wish, settings_of(screen, wish, asked)) as project:
        story = tell_story(project, name)
    if asked.as_json:
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
