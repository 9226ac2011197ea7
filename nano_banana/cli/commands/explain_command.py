"""`explain`: explain how a take was made and judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.formatting import fields_of
from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import open_session
from nano_banana.cli.screen import Screen
from nano_banana.model.problem import Invalid, problem
from nano_banana.session.run_request import recipe_file_in

if TYPE_CHECKING:
    from nano_banana.session.explanation import Explanation, MarkedPicture
    from nano_banana.session.session import Session

SECTION = ("Inspect", 1)

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
"""Suffixes of pictures with metadata; no take's name ends with one."""


@click.command(name="explain")
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

    Examples:
      nano-banana explain headshots/ana/office/s11
      nano-banana explain out/first-portraits/takes/headshots_ana_office_s11.png
      nano-banana explain likeness/ana --recipe portraits/recipe.yaml
    """
    from nano_banana.cli.explain_report import say_story

    portrait, lost = _picture_record(name)
    if not (recipe_file_in(recipe).is_file() if recipe.is_dir() else recipe.exists()):
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
    elif story is not None and screen.machine:
        screen.json(_story_json(story))
    elif story is not None:
        say_story(screen, story)


def _picture_record(name: str) -> tuple[MarkedPicture | None, Invalid | None]:
    """The metadata of the picture file `name`, or why it can't be read; neither if it is not a file."""
    from nano_banana.session.explanation import read_marked_picture

    path = Path(name)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # too long, or with a null character
        is_file = False
    try:
        return read_marked_picture(path) if is_file else None, None
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


def _say_record(screen: Screen, picture: MarkedPicture) -> None:
    from nano_banana.cli.explain_report import say_picture_record
    from nano_banana.session.explanation import marked_picture_json

    if screen.machine:
        screen.json(marked_picture_json(picture))
    else:
        say_picture_record(screen, picture)


def _story_json(story: Explanation) -> dict[str, object]:
    from nano_banana.session.run_records import reported_verdict

    record = story.record
    numbers = [*json.loads(record.measures), *([None] * len(record.verdicts))]
    return {
        "id": record.id,
        "status": record.status,
        "verdicts": [
            {"attempt": ruled.attempt.label, **reported_verdict(ruled, found).json()}
            for ruled, found in zip(record.verdicts, numbers, strict=False)
        ],
        "left": record.exited_early,
        "calls": [
            {
                **fields_of(call, "stage", "provider", "endpoint", "key", "fate", "run", "changes"),
                "attempt": call.attempt.label,
                "call": call.document,
            }
            for call in story.calls
        ],
    }
