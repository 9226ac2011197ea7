"""`sheet`: make a contact sheet as a web page, images or PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.formatting import plural, visible
from nano_banana.cli.options import FILE, FOLDER, add_options, pass_screen
from nano_banana.cli.project_loading import open_session, recipe_argument
from nano_banana.cli.screen import Screen
from nano_banana.model.problem import Invalid, problem

if TYPE_CHECKING:
    from nano_banana.features.sheets.contact_sheet import ContactSheet
    from nano_banana.session.session import Session

SECTION = ("Inspect", 2)

SHEET_FORMATS = ("html", "png", "pdf")


def _split_names(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for text in given for name in text.split(",") if name.strip())


@click.command(name="sheet")
@recipe_argument
@click.option(
    "--stage", default="", metavar="STAGE", help="Stage to show (default: the recipe's setting, else the last)."
)
@click.option("--rows", multiple=True, metavar="AXIS,…", callback=_split_names, help="Axes for rows.")
@click.option("--columns", multiple=True, metavar="AXIS,…", callback=_split_names, help="Axes for columns.")
@click.option(
    "--to", "files", type=FILE, multiple=True, metavar="FILE", help="Write this file: .html, .png or .pdf (repeatable)."
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(SHEET_FORMATS),
    multiple=True,
    help="Write sheet.* next to the pictures (repeatable).",
)
@click.option("--against", default="", metavar="RUN", help="Compare with another run: latest~1, 3d72.")
@click.option(
    "--gallery", type=FOLDER, metavar="FOLDER", help="Write a folder for a client to choose in; opens from disk."
)
@click.option("--open", "opened", is_flag=True, help="Open the first file afterwards.")
@add_options("--only", "--set", "--allow-env", "--provider", "--out", "--store", "--json")
@pass_screen
def command(
    screen: Screen,
    recipe: Path,
    *,
    stage: str,
    rows: tuple[str, ...],
    columns: tuple[str, ...],
    files: tuple[Path, ...],
    formats: tuple[str, ...],
    against: str,
    gallery: Path | None,
    opened: bool,
) -> None:
    """Make a contact sheet: web page, images or PDF.

    Makes only thumbnails, locally. The page is self-contained, with search, filters, zoom and take details. Rejected,
    failed and missing takes are shown as such. With `outputs.sheet` in the recipe, every run writes one.

    A gallery is a folder that needs no server: a client keeps, drops, rates and comments, and sends back a small file
    for `picks merge`. It shows no prompts, scores, costs or photos, and no rejected takes.

    Examples:
      nano-banana sheet --open
      nano-banana sheet portraits/recipe.yaml --stage takes --to takes.html
      nano-banana sheet --gallery for-ana
      nano-banana sheet --rows subject,scene --columns style,seed --format pdf
    """
    from nano_banana.cli.progress import progress
    from nano_banana.cli.sheet_files import write_sheet
    from nano_banana.features.sheets.contact_sheet import make_sheet
    from nano_banana.session.opening import check_outside_store
    from nano_banana.studio.client_gallery import write_gallery

    wrong = [file for file in files if file.suffix.casefold().removeprefix(".") not in SHEET_FORMATS]
    if wrong:
        raise Invalid([problem("sheet_no_format", file=str(file)) for file in wrong])
    with open_session(screen, recipe) as session:
        for file in (*files, *([gallery] if gallery else [])):
            check_outside_store(file, session.settings)
        records = session.forecast().records
        sheet = make_sheet(session, records, stage=stage, rows=rows, columns=columns, against=against)
        written = [gallery / "index.html"] if gallery else []
        with progress(screen) as on_event:
            if gallery:
                write_gallery(session, sheet, gallery, on_event)
            if not gallery or files or formats:
                written += write_sheet(sheet, _sheet_targets(session, files, formats), on_event)
        _say_sheet(screen, sheet, written)
    if opened:
        click.launch(written[0].absolute().as_uri())


def _sheet_targets(session: Session, files: tuple[Path, ...], formats: tuple[str, ...]) -> list[Path]:
    from nano_banana.cli.sheet_files import sheet_paths

    wanted = session.recipe.outputs.sheet
    kinds = formats or (() if files else wanted.formats if wanted else ("html",))
    return [*files, *sheet_paths(session, kinds)]


def _say_sheet(screen: Screen, sheet: ContactSheet, written: list[Path]) -> None:
    from nano_banana.features.sheets.sheet_words import sheet_summary

    if screen.machine:
        counts = {str(state): count for state, count in sheet.counts.items()}
        screen.json({"recipe": sheet.name, "takes": counts, "files": [str(file) for file in written]})
        return
    screen.say(f"{sheet.name}: {' · '.join(sheet_summary(sheet))}")
    pages = [file for file in written if "-page" in file.stem and file.suffix == ".png"]
    for file in written:
        if file not in pages:
            screen.say(f"  {visible(str(file))}")
    if pages:
        screen.say(f"  {plural(len(pages), 'more page')}: {visible(str(pages[0]))}{' …' if pages[1:] else ''}")
