"""What a template makes: its preview, its prompts, a picture of somebody."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from nano_banana.cli.cells import visible
from nano_banana.cli.house import settings_for
from nano_banana.cli.progress import progress
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.root import project_root

if TYPE_CHECKING:
    from nano_banana.project.packs.cases import Case
    from nano_banana.project.packs.library import Library
    from nano_banana.project.packs.nouns import Pack, PackTemplate


def preview_template(
    screen: Screen, library: Library, what: str, *, out: Path | None, photos: Path | None, noun: str, as_json: bool
) -> None:
    """Print where the preview is and the prompts; with photos, make the picture of that person first.

    Raises Invalid for what is wrong with the template, and Unusable where there is no picture for `out`.
    """
    from nano_banana.project.packs.cases import cases_of, faults_in, prompt_of

    pack, template = library.template(what)
    faults = faults_in(pack, template)
    if faults:
        screen.problems([fault.problem for fault in faults])
        raise Unusable([trouble("pack_faulty", template=what)])
    picture = template.preview if photos is None else _made(screen, pack, template, photos, noun)
    if out is not None:
        _copy(picture, out, what)
    prompts = [(case, prompt_of(pack, template, case)) for case in cases_of(template)]
    if as_json:
        told: list[JSONObject] = [{"noun": case.noun, "with": case.values, "prompt": text} for case, text in prompts]
        screen.json({"picture": None if picture is None else str(picture), "prompts": told})
        return
    screen.say(f"picture: {'none' if picture is None else os.path.relpath(picture)}")
    for case, text in prompts:
        screen.say()
        screen.say(screen.paint("bold", _said(case)))
        screen.say(f"  {visible(text)}")


def write_gallery(screen: Screen, library: Library, html: Path, *, as_json: bool) -> None:
    """Write the page of all previews. Raises Unusable (`unwritable`)."""
    from nano_banana.cli.pack_page import page

    packs = [found.pack for found in library.all() if found.pack is not None]
    try:
        with html.open("w", encoding="utf-8") as file:
            file.writelines(page(packs))
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(html), why=error.strerror or "")]) from error
    say = screen.note if as_json else screen.say
    say(f"wrote {html}")


def _made(screen: Screen, pack: Pack, template: PackTemplate, photos: Path, noun: str) -> Path | None:
    from nano_banana.project.packs.trial import Sitter, run_trial

    settings, sitter = settings_for(screen), Sitter(photos=photos, noun=noun)
    with progress(screen) as watch:
        tried = run_trial([(pack, template)], sitter, project_root(Path.cwd()), settings, os.environ, watch)
    problems = [problem for record in tried.outcome.records for problem in record.problems]
    if problems:
        screen.problems(problems)
    return next(
        (tried.outcome.folder / made.name for record in tried.outcome.records for made in record.pictures), None
    )


def _copy(picture: Path | None, out: Path, what: str) -> None:
    """Write the picture to `out`, in the format of its suffix."""
    from nano_banana.marks.converted import FORMATS, converted

    if picture is None:
        raise Unusable([trouble("no_preview", template=what)])
    suffix = out.suffix.casefold()
    if suffix not in FORMATS:
        raise Invalid([trouble("preview_suffix", file=str(out))])
    try:
        if FORMATS[suffix] == FORMATS.get(picture.suffix.casefold()):
            shutil.copyfile(picture, out)
        else:
            out.write_bytes(converted(picture, suffix))
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(out), why=error.strerror or "")]) from error


def _said(case: Case) -> str:
    values = ", ".join(f"{name}: {value}" for name, value in case.values.items())
    return f"{case.noun}, {values}" if values else f"{case.noun}, as it comes"
