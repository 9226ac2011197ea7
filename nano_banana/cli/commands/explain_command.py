"""`explain`: explain how a take was made and judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import structs

from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import open_session
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, problem
from nano_banana.session.run_request import recipe_file_in

if TYPE_CHECKING:
    from nano_banana.session.explanation import Explanation, MarkedPicture
    from nano_banana.session.session import Session

SECTION = ("Inspect", 1)

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
"""Suffixes of pictures with metadata; no take's name ends with one."""

EPILOG = """\b
Examples:
  nano-banana explain headshots/ana/office/s11
  nano-banana explain out/first-portraits/takes/headshots_ana_office_s11.png
  nano-banana explain likeness/ana --recipe portraits/recipe.yaml
"""


@click.command(name="explain", epilog=EPILOG)
@click.argument("name", type=click.Path(), metavar="TAKE|PICTURE")
@click.option(
    "--recipe",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Recipe file (default: recipe.yaml in this folder).",
)
@add_options("--set", "--allow-env", "--provider", "--out", "--store", "--json")
@pass_screen
def command(screen: Screen, name: str, *, recipe: Path) -> None:
    """Explain how a take was made and judged, and what changed.

    First the gate's verdict: its reasons and numbers, and the reference photo nearest to the face. Then each attempt
    and each call: whether it ran, was reused or would run, and which input changed. For a picture file without its
    recipe: what its metadata says, and whether the file was modified.
    """
    portrait, lost = _picture_record(name)
    if not _is_recipe(recipe):
        if lost is not None:
            raise lost
        if portrait is not None:
            _say_record(screen, portrait)
            return
        if recipe == Path() and Path(name).suffix.casefold() in PICTURE_SUFFIXES:
            raise Invalid([problem("picture_missing", path=name)])
    with open_session(screen, recipe) as session:
        story = _story(session, name, portrait, lost)
    if story is None and portrait is not None:
        _say_record(screen, portrait)
    elif story is not None:
        _say_take_story(screen, story)


def _picture_record(name: str) -> tuple[MarkedPicture | None, Invalid | None]:
    """The metadata of the picture file `name`, or why it can't be read; neither if it is not a file."""
    from nano_banana.session.explanation import read_marked_picture

    path = Path(name)
    if not _is_file(path):
        return None, None
    try:
        return read_marked_picture(path), None
    except Invalid as error:
        return None, error


def _story(session: Session, name: str, portrait: MarkedPicture | None, lost: Invalid | None) -> Explanation | None:
    """The explanation of a take; None for a picture whose metadata names no take of this recipe.

    A picture that was renamed or copied is found by its metadata.
    """
    from nano_banana.session.explanation import explain_take

    if portrait is not None and portrait.account.recipe != session.recipe.name:
        return None
    try:
        return explain_take(session, portrait.account.take if portrait else name)
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
    return recipe_file_in(path).is_file() if path.is_dir() else path.exists()


def _say_record(screen: Screen, portrait: MarkedPicture) -> None:
    from nano_banana.cli.explain_report import say_picture_record
    from nano_banana.session.explanation import marked_picture_json

    if screen.machine:
        screen.json(marked_picture_json(portrait))
    else:
        say_picture_record(screen, portrait)


def _say_take_story(screen: Screen, story: Explanation) -> None:
    from nano_banana.cli.explain_report import say_story

    if screen.machine:
        screen.json(_story_json(story))
    else:
        say_story(screen, story)


def _story_json(story: Explanation) -> JSONValue:
    from nano_banana.session.run_records import reported_verdict

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
            "changes": None if call.changes is None else [structs.asdict(change) for change in call.changes],
        }
        for call in story.calls
    ]
    record = story.record
    numbers = [*json.loads(record.measures), *([None] * len(record.verdicts))]
    return {
        "id": record.id,
        "status": str(record.status),
        "verdicts": [
            {"attempt": ruled.attempt.label, **reported_verdict(ruled, found).json()}
            for ruled, found in zip(record.verdicts, numbers, strict=False)
        ],
        "left": {"stage": record.exited_early.stage, "why": record.exited_early.why} if record.exited_early else None,
        "calls": calls,
    }
