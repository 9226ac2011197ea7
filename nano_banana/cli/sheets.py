"""Contact sheets written: those of a recipe, those of the command."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from nano_banana.cli.verdict import why
from nano_banana.cli.words.index import say
from nano_banana.core.errors import Invalid
from nano_banana.core.news import News, Watcher
from nano_banana.core.problem import Problem
from nano_banana.project.nouns import Outcome
from nano_banana.project.project import Project
from nano_banana.project.sheet.sheet import Sheet, sheet_of
from nano_banana.store.link import LinkStat
from nano_banana.web.page import page
from nano_banana.web.speech import Speech
from nano_banana.web.writing import write_pieces


def keep_sheet(project: Project, outcome: Outcome) -> Outcome:
    """Write the sheet that the recipe asks for; the outcome then knows of its files. Raises Unusable.

    It is of the whole recipe, whatever part of it the run made. Where there is nothing to show, nothing is written.
    """
    wanted = project.recipe.outputs.sheet
    if wanted is None:
        return outcome
    with ExitStack() as opened:
        if not project.wish.whole:
            whole = replace(project.wish, only=(), sample=None, locked=False)
            project = opened.enter_context(Project.open(whole, project.settings, environ=os.environ))
        try:
            sheet = sheet_of(project, project.forecast().records)
        except Invalid:
            return outcome
        files = write_sheet(sheet, beside(project, wanted.formats), _quietly)
        written = {file.name: LinkStat.of(file) for file in files}
    return replace(outcome, written={**outcome.written, **written})


def beside(project: Project, formats: Iterable[str]) -> list[Path]:
    """Where sheets of these formats lie: beside the pictures' folders."""
    return [project.folder / f"sheet.{kind}" for kind in formats]


def write_sheet(sheet: Sheet, files: Iterable[Path], watch: Watcher) -> list[Path]:
    """Write a sheet in the format that each file's suffix says; of several pages, several files.

    Raises Unusable where a file can't be written.
    """
    from nano_banana.web.drawn import draw
    from nano_banana.web.printed import write_pdf, write_png

    written: list[Path] = []
    for file in files:
        kind = file.suffix.casefold().removeprefix(".")
        if kind == "html":
            write_pieces(file, (piece.encode() for piece in page(sheet, speech(), file, watch)))
            written.append(file)
        elif kind == "pdf":
            write_pdf(file, draw(sheet, watch))
            written.append(file)
        else:
            written += write_png(file, draw(sheet, watch, trim=True))
    return written


def speech() -> Speech:
    """How sheets put verdicts and problems into words: as the terminal does."""

    def problem(found: Problem) -> str:
        return say(found)[0]

    return Speech(reasons=why, problem=problem)


def _quietly(_news: News) -> None:
    """Nobody watches small pictures being made."""
