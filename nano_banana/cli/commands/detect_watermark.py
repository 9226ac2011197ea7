"""The command that looks for marks of AI in pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.options import FILE, as_json, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid, NanoBananaError, trouble
from nano_banana.core.image_formats import READABLE_SUFFIXES
from nano_banana.core.json import JSONObject, JSONValue

if TYPE_CHECKING:
    from nano_banana.marks.found.examine import Search
    from nano_banana.marks.found.finding import Report

UNREAD = 1
"""What the command leaves with where a picture could not be read."""

VARIABLE = "NANO_BANANA_SYNTHID"

EPILOG = """\b
Examples:
  nano-banana detect-watermark portrait.png
  nano-banana detect-watermark ~/Downloads --only c2pa --only iptc
  nano-banana detect-watermark portrait.jpg --id c0ffee42 --trust our-ca.pem
"""


@click.command(name="detect-watermark", epilog=EPILOG)
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PICTURE...")
@click.option("--trust", type=FILE, metavar="FILE", help="Certificates (PEM) whose signatures you trust.")
@click.option("--id", "mark_id", metavar="HEX", help="Your own invisible mark: the `mark_id` of your recipe.")
@click.option(
    "--only", multiple=True, metavar="KIND", help="Only these: c2pa, iptc, metadata, dwtdct, rivagan, synthid."
)
@click.option(
    "--synthid", envvar=VARIABLE, metavar="COMMAND", help="Your verifier for SynthID; see docs/watermarks.md."
)
@as_json
@pass_screen
def command(
    screen: Screen,
    pictures: tuple[Path, ...],
    *,
    trust: Path | None,
    mark_id: str | None,
    only: tuple[str, ...],
    synthid: str | None,
    as_json: bool,
) -> int:
    """Look for marks of AI in pictures: signed, written or hidden.

    PICTURE may be a folder. On this machine alone, and of any picture, not only of this program's. That nothing is
    found proves nothing: most marks are lost when a picture is sent on. Leaves with 0 whatever is found, with 1 where
    a picture can't be read.
    """
    from nano_banana.marks.found.examine import examine

    search = _search(only, trust, mark_id, synthid)
    told: list[JSONValue] = []
    unread = False
    for path in _files(pictures):
        try:
            report = examine(path, search)
        except NanoBananaError as error:
            unread = True
            screen.problems(error.problems)
            told.append({"path": str(path), "problems": [problem.kind for problem in error.problems]})
            continue
        unread |= any(one.why.startswith("picture_") for one in report.unchecked)
        if not as_json:
            _say(screen, report, first=not told)
        told.append(_object(report))
    if as_json:
        screen.json({"pictures": told})
    return UNREAD if unread else 0


def _search(only: tuple[str, ...], trust: Path | None, mark_id: str | None, synthid: str | None) -> Search:
    """Raises Invalid: `no_such_kind`, `mark_id_odd`, `trust_unreadable`."""
    from nano_banana.core.problem import did_you_mean
    from nano_banana.marks.found.examine import Search
    from nano_banana.marks.found.finding import KINDS
    from nano_banana.marks.invisible.message import is_message

    for name in only:
        if name not in KINDS:
            raise Invalid([trouble("no_such_kind", hint=did_you_mean(name, KINDS), name=name, known=", ".join(KINDS))])
    if mark_id is not None and not is_message(mark_id):
        raise Invalid([trouble("mark_id_odd", given=mark_id)])
    anchors = ""
    if trust is not None:
        try:
            anchors = trust.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise Invalid([trouble("trust_unreadable", file=str(trust), why=why)]) from error
        if "-----BEGIN CERTIFICATE-----" not in anchors:
            raise Invalid([trouble("trust_unreadable", file=str(trust), why="it holds no PEM certificate")])
    return Search(only=only or KINDS, anchors=anchors, mark_id=mark_id, verifier=synthid or None)


def _files(given: tuple[Path, ...]) -> Iterator[Path]:
    """The pictures, those of folders by name; what is hidden is left out. Raises Invalid `no_pictures_there`."""
    for path in given:
        if not path.is_dir():
            yield path
            continue
        found = False
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith(".") and Path(name).suffix.casefold() in READABLE_SUFFIXES:
                    found = True
                    yield Path(folder, name)
        if not found:
            raise Invalid([trouble("no_pictures_there", folder=str(path))])


def _object(report: Report) -> JSONObject:
    found: list[JSONValue] = [{**asdict(one), "certainty": str(one.certainty)} for one in report.findings]
    unchecked: list[JSONValue] = [asdict(one) for one in report.unchecked]
    return {
        "path": report.path,
        "media": report.media,
        "found": found,
        "none_found_of": list(report.none_of),
        "not_checked": unchecked,
    }


def _say(screen: Screen, report: Report, *, first: bool) -> None:
    from nano_banana.cli.cells import visible
    from nano_banana.cli.watermark_words import KINDS, name_of, not_checked, says, sure

    if not first:
        screen.say()
    screen.say(screen.paint("bold", visible(report.path)))
    if report.findings:
        rows = [(name_of(finding), sure(finding), says(finding)) for finding in report.findings]
        screen.table(rows, head=("found", "how sure", "says"), indent=2)
    if report.none_of:
        screen.say(f"  none found of: {'; '.join(KINDS[kind] for kind in report.none_of)}")
    for reason, names in not_checked(report.unchecked).items():
        screen.say(f"  not checked: {names}: {visible(reason)}")
