"""Writes contact sheets: HTML, PNG or PDF by the file's suffix."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from msgspec.structs import replace

from nano_banana.cli.diagnostics import describe
from nano_banana.cli.verdict_reports import reasons_text
from nano_banana.features.sheets.contact_sheet import ContactSheet, make_sheet
from nano_banana.features.sheets.sheet_page import sheet_html
from nano_banana.features.sheets.sheet_words import SheetWording, write_text_pieces
from nano_banana.formats.file_stamps import FileStamp
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.problem import Invalid
from nano_banana.session.run_execution import RunOutcome
from nano_banana.session.session import Session


def write_recipe_sheet(session: Session, outcome: RunOutcome) -> RunOutcome:
    """Write the recipe's contact sheet, and add its files to the outcome. Raises Unusable.

    It shows the whole recipe, even after a partial run. Writes nothing if there are no pictures.
    """
    wanted = session.recipe.outputs.sheet
    if wanted is None:
        return outcome
    with ExitStack() as opened:
        if not session.request.whole:
            whole = replace(session.request, only=(), sample=None, locked=False)
            session = opened.enter_context(Session.open(whole, session.settings, environ=os.environ))
        try:
            sheet = make_sheet(session, session.forecast().records)
        except Invalid:
            return outcome
        files = write_sheet(sheet, sheet_paths(session, wanted.formats), _ignore_event)
        written = {file.name: FileStamp.of(file.stat()) for file in files}
    return replace(outcome, files={**outcome.files, **written})


def sheet_paths(session: Session, formats: Iterable[str]) -> list[Path]:
    """Paths of contact sheets in these formats, in the output folder."""
    return [session.folder / f"sheet.{kind}" for kind in formats]


def write_sheet(sheet: ContactSheet, files: Iterable[Path], on_event: EventHandler) -> list[Path]:
    """Write a sheet to each file, in the format of its suffix; several pages give several images.

    Raises Unusable if a file can't be written.
    """
    from nano_banana.features.sheets.sheet_pictures import draw_pages, write_pdf, write_png

    wording = SheetWording(reasons=reasons_text, problem=lambda problem: describe(problem)[0])
    written: list[Path] = []
    for file in files:
        kind = file.suffix.casefold().removeprefix(".")
        if kind == "html":
            write_text_pieces(file, sheet_html(sheet, wording, file, on_event))
            written.append(file)
        elif kind == "pdf":
            write_pdf(file, draw_pages(sheet, on_event))
            written.append(file)
        else:
            written += write_png(file, draw_pages(sheet, on_event, trim=True))
    return written


def _ignore_event(_news: Event) -> None:
    """Ignore progress."""
