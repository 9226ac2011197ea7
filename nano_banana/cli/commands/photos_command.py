"""`photos`: check training photos before anything is paid for."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.options import FILE, add_options, pass_screen
from nano_banana.cli.project_loading import (
    open_session,
    recipe_argument,
    settings_for,
)
from nano_banana.cli.screen import Screen
from nano_banana.formats.file_writing import atomic_write, translate_unwritable
from nano_banana.model.problem import Invalid, problem
from nano_banana.session.run_request import recipe_file_in

if TYPE_CHECKING:
    from nano_banana.session.photo_sets import CheckedPhotoSet, PhotoInspection

SECTION = ("Inspect", 4)

SOME_REJECTED = 1
"""Exit code if a photo or a set is rejected."""


@click.command(name="photos")
@recipe_argument
@click.argument("subjects", nargs=-1, metavar="[SUBJECT]...")
@click.option("--html", type=FILE, metavar="FILE", help="Also write a self-contained HTML page.")
@add_options("--set", "--allow-env", "--store", "--json")
@pass_screen
def command(
    screen: Screen,
    recipe: Path,
    *,
    subjects: tuple[str, ...],
    html: Path | None,
) -> int:
    """Check training photos: faces, light, duplicates, captions.

    Works offline; each photo is analysed once. RECIPE may be a folder of photos. Uses the recipe's `photo_rules`, or
    default rules. Exits with 1 if a photo is rejected, 0 if there are only warnings.

    Examples:
      nano-banana photos
      nano-banana photos portraits/recipe.yaml ana --html photos.html
      nano-banana photos ~/Pictures/ana
    """
    from nano_banana.cli.photo_views import photo_page
    from nano_banana.cli.progress import progress

    with _open_studio(screen, recipe, subjects) as studio:
        with progress(screen) as on_event:
            albums = studio.check(on_event)
        if html is not None:
            with (
                progress(screen) as on_event,
                translate_unwritable(html),
                atomic_write(html) as fresh,
                fresh.open("w", encoding="utf-8") as out,
            ):
                out.writelines(photo_page(studio, albums, on_event))
        if studio.warnings:
            screen.problems(studio.warnings)
        _say_albums(screen, studio, albums)
    if html is not None:
        screen.note(f"wrote {html}")
    return SOME_REJECTED if any(album.rejected for album in albums) else 0


@contextmanager
def _open_studio(screen: Screen, recipe: Path, subjects: tuple[str, ...]) -> Iterator[PhotoInspection]:
    """The photos of a recipe, or of a folder without one."""
    from nano_banana.features.photo_report import inspect_folder
    from nano_banana.session.photo_sets import PhotoInspection

    if recipe.suffix.casefold() == ".zip":
        raise Invalid([problem("photos_zipped", path=str(recipe))])
    if recipe.is_file() and (mimetypes.guess_type(recipe.name)[0] or "").startswith("image/"):
        raise Invalid([problem("photo_alone", path=str(recipe))])
    if recipe.is_dir() and not recipe_file_in(recipe).exists():
        if subjects:
            raise Invalid(
                [problem("no_such_subject", name=subjects[0], known="none, since this is a folder of photos")]
            )
        # The current project's store, not one among the photos.
        with inspect_folder(recipe, settings_for(screen)) as studio:
            yield studio
        return
    with open_session(screen, recipe, any_photos=True) as session:
        yield PhotoInspection.for_names(session, subjects)


def _say_albums(screen: Screen, studio: PhotoInspection, albums: list[CheckedPhotoSet]) -> None:
    from nano_banana.cli.photo_views import finding_text, say_album
    from nano_banana.features.photo_report import photos_report

    if screen.machine:
        screen.json(photos_report(studio.name, studio.rules, albums, finding_text))
        return
    for number, album in enumerate(albums):
        if number:
            screen.say()
        say_album(screen, album)
    if not albums:
        screen.say(f"{studio.name}: no subject has photos")
