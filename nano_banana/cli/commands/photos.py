"""The command that looks at training photos before anybody pays for them."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.house import settings_for
from nano_banana.cli.options import FILE, Asked, allow_env, as_json, overrides, pass_screen, shared, store, variables
from nano_banana.cli.screen import Screen
from nano_banana.cli.wishes import recipe_argument, recipe_in
from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.news import Watcher
from nano_banana.core.replacing import replacing

if TYPE_CHECKING:
    from nano_banana.project.photos.album import Album
    from nano_banana.project.photos.studio import Studio

REJECTED = 1
"""What the command leaves with where a photo or a set is rejected."""

EPILOG = """\b
Examples:
  nano-banana photos
  nano-banana photos portraits/recipe.yaml ana --html photos.html
  nano-banana photos ~/Pictures/ana
"""


@click.command(name="photos", epilog=EPILOG)
@recipe_argument
@click.argument("subjects", nargs=-1, metavar="[SUBJECT]...")
@click.option("--html", type=FILE, metavar="FILE", help="Also write a page with every photo; it needs no network.")
@shared(variables, allow_env, store, as_json)
@pass_screen
def command(
    screen: Screen,
    asked: Asked,
    recipe: Path,
    *,
    subjects: tuple[str, ...],
    html: Path | None,
) -> int:
    """Look at training photos: faces, light, duplicates, captions.

    On this machine alone, once for each photo. RECIPE may be a folder of photos instead. Judged by the recipe's
    `photo_rules`, or by the usual ones where it has none. Leaves with 1 where something is rejected; warnings
    leave with 0.
    """
    from nano_banana.cli.progress import progress

    with _studio(screen, recipe, subjects, asked) as studio:
        with progress(screen) as watch:
            albums = studio.albums(watch)
        if html is not None:
            with progress(screen) as watch:
                _write_page(studio, albums, html, watch)
        if studio.left_out:
            screen.problems(studio.left_out)
        _tell(screen, studio, albums, as_json=asked.as_json)
    if html is not None:
        screen.note(f"the page is in {html}")
    return REJECTED if any(album.rejected for album in albums) else 0


@contextmanager
def _studio(screen: Screen, recipe: Path, subjects: tuple[str, ...], asked: Asked) -> Iterator[Studio]:
    """The photos of a recipe, or of a folder that holds none."""
    from nano_banana.cli.wishes import open_project, settings_of, wish_of
    from nano_banana.project.photos.studio import Studio, folder_studio

    if recipe.suffix.casefold() == ".zip":
        raise Invalid([trouble("photos_zipped", path=str(recipe))])
    if recipe.is_file() and (mimetypes.guess_type(recipe.name)[0] or "").startswith("image/"):
        raise Invalid([trouble("photo_alone", path=str(recipe))])
    if recipe.is_dir() and not recipe_in(recipe).exists():
        if subjects:
            raise Invalid([trouble("no_such_subject", name=subjects[0], known="only the photos of this folder")])
        # The store is that of where the user stands: nobody wants one among the photos.
        with folder_studio(recipe, settings_for(screen, overrides=overrides(store=asked.store))) as studio:
            yield studio
        return
    wish = replace(wish_of(recipe, asked), any_photos=True)
    with open_project(screen, wish, settings_of(screen, wish, asked)) as project:
        yield Studio.of(project, subjects)


def _tell(screen: Screen, studio: Studio, albums: list[Album], *, as_json: bool) -> None:
    from nano_banana.cli.photo_table import say_album
    from nano_banana.cli.photo_words import words_of
    from nano_banana.project.photos.told import tell_albums

    if as_json:
        screen.json(tell_albums(studio.name, studio.rules, albums, words_of))
        return
    for number, album in enumerate(albums):
        if number:
            screen.say()
        say_album(screen, album)
    if not albums:
        screen.say(f"{studio.name}: no subject has photos")


def _write_page(studio: Studio, albums: list[Album], file: Path, watch: Watcher) -> None:
    from nano_banana.cli.photo_page import page

    try:
        with replacing(file) as fresh, fresh.open("w", encoding="utf-8") as out:
            out.writelines(page(studio, albums, watch))
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(file), why=error.strerror or str(error))]) from error
