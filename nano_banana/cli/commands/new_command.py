"""`new`: start a project."""

from __future__ import annotations

import csv
import datetime as dt
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import click
from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.provider_registry import selectable_provider
from nano_banana.cli.new_project import (
    TRIGGER_PATTERN,
    NewSubject,
    ProjectAnswers,
    TemplateChoice,
    add_subject,
    check_no_overwrite,
    checked_date,
    checked_name,
    derive_trigger,
    make_folder,
    photos_path_from,
    project_files,
    slugify_name,
    write_files,
)
from nano_banana.cli.options import FILE, FOLDER, complete_provider, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.formats.image_formats import READABLE_SUFFIXES
from nano_banana.model.known_folders import expand_user
from nano_banana.model.problem import Invalid, NanoBananaError, Stopped, did_you_mean, problem
from nano_banana.settings.configuration import PROJECT_FILE

SECTION = ("Recipes", 1)

DEFAULT_TEMPLATES = ("work/corporate-headshot", "life/natural-window-light", "cinema/cinematic-still")
"""Templates that are suggested on a terminal."""


PEOPLE_COLUMNS = frozenset({"name", "photos", "noun", "trigger", "consent_by", "consent_on"})
"""Columns of a table of people."""


class NewFlags(TypedDict):
    """The flags as click hands them over; None (or nothing) where one was not given."""

    name: str | None
    photos: Path | None
    subjects: tuple[str, ...]
    people: Path | None
    noun: str | None
    trigger: str | None
    templates: tuple[str, ...]
    takes: int | None
    gate: bool | None
    provider: str | None
    budget: float | None
    consent_by: str | None
    consent_on: str | None
    consent_uses: tuple[str, ...]
    plan: bool | None
    yes: bool
    force: bool


class FlagAnswers(Struct, frozen=True, kw_only=True):
    """The flags, for a project in `folder`; `photos` also where they were asked for. `today` is YYYY-MM-DD."""

    said: NewFlags
    folder: Path
    photos: Path | None
    today: str

    @property
    def given(self) -> frozenset[str]:
        """What needs not be asked any more, by the questions' names."""
        said = self.said
        answered = {
            "subject": said["subjects"] or said["people"],
            "noun": said["noun"] or said["people"],
            "trigger": said["trigger"] or said["people"],
            "consent": said["consent_by"] or said["people"],
            "offers": said["templates"] or None,
            "takes": said["takes"],
            "gate": said["gate"],
            "provider": said["provider"],
            "budget": said["budget"],
        }
        return frozenset(name for name, value in answered.items() if value not in (None, ()))

    def answers(self, offers: Sequence[TemplateChoice], *, proposed: bool = False) -> ProjectAnswers:
        """What is answered, and what is taken for the rest; of templates only those that are `proposed`.

        Raises Invalid for names that can't be, for unknown templates and for a table of people that can't be read.
        """
        said = self.said
        return ProjectAnswers(
            name=checked_name(said["name"] or slugify_name(self.folder.resolve().name)),
            people=self.people(),
            offers=_chosen_templates(
                offers, said["templates"] or (DEFAULT_TEMPLATES if proposed else ()), strict=bool(said["templates"])
            ),
            takes=said["takes"] or 2,
            gate=said["gate"] is not False,
            provider=said["provider"] or "local",
            budget=said["budget"],
        )

    def people(self) -> list[NewSubject]:
        """The people that a table, the flags or the folders below `photos` name; one at least.

        Raises Invalid for names that can't be, for two of one name, and for a table that can't be read.
        """
        if self.said["people"] is not None:
            found = [self._person(row["name"], photos, row) for row, photos in read_people(self.said["people"])]
        else:
            found = [self._person(name, photos, {}) for name, photos in self._folders().items()]
        trigger = self.said["trigger"]
        if trigger is not None and len(found) > 1:
            raise Invalid([problem("trigger_of_several", people=", ".join(person.name for person in found))])
        names = [person.name for person in found]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise Invalid([problem("person_twice", name=name) for name in twice])
        return found

    def _folders(self) -> dict[str, Path | None]:
        """Names of people with the folders of their photos; None for one that is still to be filled."""
        names = self.said["subjects"]
        below = person_folders(self.photos) if self.photos else []
        if not names:
            if below:
                return {slugify_name(folder.name): folder for folder in below}
            return {slugify_name(self.photos.resolve().name) if self.photos else "ana": self.photos}
        if len(names) == 1 and not below:
            return {names[0]: self.photos}
        if self.photos is None:
            return dict.fromkeys(names)
        by_name = {
            **{slugify_name(folder.name): folder for folder in below},
            **{folder.name: folder for folder in below},
        }
        missing = [name for name in names if name not in by_name]
        if missing:
            problems = [
                problem(
                    "no_folder_of_person", suggestions=did_you_mean(name, by_name), name=name, folder=str(self.photos)
                )
                for name in missing
            ]
            raise Invalid(problems)
        return {name: by_name[name] for name in names}

    def _person(self, name: str, photos: Path | None, row: Mapping[str, str]) -> NewSubject:
        said, subject = self.said, checked_name(name)
        consent = self._consent()
        if row.get("consent_by"):
            consent = {"given_by": row["consent_by"], "on": checked_date(row.get("consent_on") or self.today)}
        return NewSubject(
            name=subject,
            noun=(row.get("noun") or said["noun"] or "").strip() or "person",
            trigger=_checked_trigger(row.get("trigger") or said["trigger"]) or derive_trigger(subject),
            photos=f"photos/{subject}" if photos is None else photos_path_from(self.folder, photos),
            count=0 if photos is None else count_photos(photos),
            consent=consent,
        )

    def _consent(self) -> dict[str, str | Sequence[str]]:
        said = self.said
        if not said["consent_by"]:
            if said["consent_on"] or said["consent_uses"]:
                raise Invalid([problem("consent_of_nobody")])
            return {}
        uses = list(said["consent_uses"])
        return {
            "given_by": said["consent_by"],
            "on": checked_date(said["consent_on"]) if said["consent_on"] else self.today,
            **({"uses": uses} if uses else {}),
        }


def read_people(file: Path) -> list[tuple[dict[str, str], Path | None]]:
    """The rows of a CSV table of people by column, each with the folder of their photos, if it names one.

    It has a column `name`, and may have `photos`, `noun`, `trigger`, `consent_by` and `consent_on`. Folders count from
    the table's own. Raises Invalid for a file that can't be read, has no rows or has other columns.
    """
    whole = expand_user(file).absolute()
    try:
        rows = list(csv.DictReader(whole.read_text("utf-8-sig").splitlines(), restkey="?", restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Invalid([problem("people_unreadable", file=str(file), why=str(error))]) from error
    if not rows or "name" not in rows[0] or not rows[0].keys() <= PEOPLE_COLUMNS or any("?" in row for row in rows):
        raise Invalid([problem("people_columns", file=str(file), known=", ".join(sorted(PEOPLE_COLUMNS)))])
    people = [{column: text.strip() for column, text in row.items()} for row in rows]
    return [(row, whole.parent / row["photos"] if row.get("photos") else None) for row in people]


def person_folders(photos: Path) -> list[Path]:
    """The folders below `photos` that hold pictures, if it holds none itself: one for each person."""
    whole = expand_user(photos)
    if not whole.is_dir() or count_photos(whole):
        return []
    return sorted(folder for folder in whole.iterdir() if folder.is_dir() and count_photos(folder))


def count_photos(folder: Path) -> int:
    """How many pictures a folder holds, by their names; 0 if it is not there."""
    whole = expand_user(folder)
    return sum(path.suffix.casefold() in READABLE_SUFFIXES for path in whole.iterdir()) if whole.is_dir() else 0


def _checked_trigger(text: str | None) -> str | None:
    if text is not None and not TRIGGER_PATTERN.fullmatch(text):
        raise Invalid([problem("trigger_not_a_word", trigger=text)])
    return text


def _chosen_templates(offers: Sequence[TemplateChoice], names: Sequence[str], *, strict: bool) -> list[TemplateChoice]:
    by_name = {offer.name: offer for offer in offers}
    unknown = [name for name in dict.fromkeys(names) if name not in by_name]
    if unknown and strict:
        raise Invalid(
            [problem("no_such_template", suggestions=did_you_mean(name, by_name), name=name) for name in unknown]
        )
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name]


EPILOG = """\b
Examples:
  nano-banana new
  nano-banana new portraits --subject ana --noun woman --photos ~/Pictures/ana
  nano-banana new team --photos ~/Pictures/team --yes
  nano-banana new team --add ben --photos ~/Pictures/ben
  nano-banana new portraits --subject ana --template cinema/noir-detective --takes 4 --plan
"""


@click.command(name="new", epilog=EPILOG)
@click.argument("folder", type=FOLDER, default=Path())
@click.option("--name", help="Recipe name (default: the folder's).")
@click.option(
    "--photos",
    type=FOLDER,
    help="Photo folder; for several people, with one subfolder each (default: photos/SUBJECT).",
)
@click.option("--subject", "subjects", multiple=True, metavar="NAME", help="Name of a person (repeatable).")
@click.option(
    "--people",
    type=FILE,
    metavar="FILE.csv",
    help="CSV table of people: name, and optionally photos, noun, trigger, consent_by, consent_on.",
)
@click.option("--add", "added", metavar="NAME", help="Add this person to the recipe in FOLDER.")
@click.option("--noun", help="Class word: woman, man, child … (default: person).")
@click.option("--trigger", help="A rare word that stands for this person (generated if omitted).")
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="PACK/TEMPLATE",
    help="Use this pack template (repeatable); see `packs list`.",
)
@click.option("--takes", type=click.IntRange(1, 100), metavar="N", help="Takes per shot (default: 2).")
@click.option(
    "--gate/--no-gate",
    default=None,
    help="Check likeness and redraw pictures that don't look like the person (default).",
)
@click.option("--provider", metavar="NAME", shell_complete=complete_provider, help="Provider (default: local).")
@click.option("--budget", type=click.FloatRange(min=0), metavar="USD", help="Maximum cost of a run.")
@click.option("--consent-by", metavar="NAME", help="Who gave consent.")
@click.option("--consent-on", metavar="DATE", help="Date of consent, as YYYY-MM-DD (default: today).")
@click.option("--consent-for", "consent_uses", multiple=True, metavar="USE", help="Permitted use (repeatable).")
@click.option("--plan/--no-plan", "plan", default=None, help="Show the plan afterwards.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask; use defaults for everything not given.")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@pass_screen
def command(screen: Screen, folder: Path, added: str | None, **said: Unpack[NewFlags]) -> None:
    """Start a project with a commented recipe that is ready to run.

    On a terminal, asks for what is missing, checks the photos and suggests defaults. Otherwise (or with `--yes`) needs
    `--subject`, `--people` or `--photos` and uses the defaults. Writes recipe.yaml, its schema, nano-banana.toml and
    .gitignore to FOLDER (default: this one).

    `--add NAME` adds a person to an existing recipe, and shows the changes.
    """
    asks = not said["yes"] and screen.lively and sys.stdin.isatty()
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    flags = FlagAnswers(said=said, folder=folder, photos=said["photos"], today=today)
    if added is not None:
        _add_person(screen, replace(flags, said={**said, "subjects": (added,), "people": None}))
        return
    if not (said["subjects"] or said["people"] or said["photos"]) and not asks:
        raise Invalid([problem("new_needs_flags", flag="--subject NAME")])
    if said["provider"]:
        selectable_provider(said["provider"])
    if not said["force"]:
        check_no_overwrite({RECIPE_FILE: ""}, folder)  # before questions and photos
    try:
        answers = _answers_from_person(screen, flags) if asks else _answers_from_flags(screen, flags)
    except KeyboardInterrupt as error:
        raise Stopped([problem("new_stopped")]) from error
    files = {
        name: text
        for name, text in project_files(answers).items()
        if name not in KEPT_FILES or not (folder / name).exists()
    }
    if not said["force"]:
        check_no_overwrite(files, folder)
    for path in write_files(files, folder):
        screen.say(f"wrote {path}")
    empty = [person for person in answers.people if not count_photos(folder / person.photos)]
    for person in empty:
        make_folder(folder / person.photos)
    _trust_photos(screen, folder / RECIPE_FILE)
    screen.say()
    for person in empty:
        screen.say(f"Put 8 to 20 photos of {person.name} into {os.path.normpath(folder / person.photos)}.")
    screen.say("Then:" if empty else "Next:")
    recipe = "" if folder == Path() else " " + shlex.quote(str(folder / RECIPE_FILE))
    screen.say(f"  nano-banana plan{recipe}")
    screen.say(f"  nano-banana run{recipe}")
    _show_plan(screen, folder, wanted=said["plan"], asks=asks and not empty)


RECIPE_FILE = "recipe.yaml"

KEPT_FILES = frozenset({PROJECT_FILE})
"""Files that are left as they are if they exist."""


def _add_person(screen: Screen, flags: FlagAnswers) -> None:
    """Put one more person into the recipe of the folder."""
    recipe = flags.folder / RECIPE_FILE
    if not recipe.is_file():
        raise Invalid([problem("no_recipe", path=str(recipe))])
    (person,) = flags.people()
    text, diff = add_subject(recipe, person)
    _review_photos(screen, flags, [person])
    write_files({recipe.name: text}, flags.folder)
    screen.say(diff)
    if not count_photos(flags.folder / person.photos):
        make_folder(flags.folder / person.photos)
        screen.say(f"\nPut 8 to 20 photos of {person.name} into {os.path.normpath(flags.folder / person.photos)}.")


def _trust_photos(screen: Screen, recipe: Path) -> None:
    """Accept that a run sends the photos that were just named, if they lie outside the project, and nothing else."""
    from nano_banana.cli.project_loading import settings_for
    from nano_banana.session.permissions import accept_demands, untrusted_demands
    from nano_banana.session.run_request import RunRequest
    from nano_banana.session.session import Session

    # What can't be opened yet (no photos) or can't be remembered (no home) is asked about by the run.
    with suppress(NanoBananaError):
        request, settings = RunRequest(recipe=recipe, provider="fal"), settings_for(screen, start=recipe.parent)
        with Session.open(request, settings, environ=os.environ) as project:
            found = untrusted_demands(project)
            if {problem.kind for problem in found} <= {"reads_outside", "reads_file_outside"}:
                accept_demands(project, found)


def _review_photos(screen: Screen, flags: FlagAnswers, people: Sequence[NewSubject]) -> None:
    """Look at the photos of each person, if there are any, and say what is wrong with them."""
    from nano_banana.cli.new_guide import review_photos

    for person in people:
        if person.count:
            review_photos(screen, person.name, Path(os.path.normpath(flags.folder / person.photos)), flags.folder)


def _answers_from_flags(screen: Screen, flags: FlagAnswers) -> ProjectAnswers:
    """What the flags answer."""
    from nano_banana.cli.new_guide import available_templates

    answers = flags.answers(available_templates(flags.folder))
    _review_photos(screen, flags, answers.people)
    return answers


def _answers_from_person(screen: Screen, flags: FlagAnswers) -> ProjectAnswers:
    """What the flags answer, and what a person answers to the rest."""
    from nano_banana.cli import new_guide
    from nano_banana.cli.new_guide import available_templates, highest_price

    if flags.photos is None:
        near = Path("photos")
        flags = replace(flags, photos=new_guide.ask_photos(str(near if near.is_dir() else flags.folder / near)))
    _review_photos(screen, flags, flags.people())
    offers = available_templates(flags.folder)
    asking = new_guide.GuideContext(
        given=flags.given,
        offers=offers,
        price=partial(highest_price, screen, folder=flags.folder),
        today=flags.today,
    )
    return new_guide.ask_missing(flags.answers(offers, proposed=True), asking)


def _show_plan(screen: Screen, folder: Path, *, wanted: bool | None, asks: bool) -> None:
    """Show what a run would do, where that is wanted."""
    from nano_banana.cli.new_guide import ask_plan
    from nano_banana.cli.project_loading import recipe_settings, run_request_from
    from nano_banana.cli.runner import plan_recipe

    if wanted if wanted is not None else asks and ask_plan():
        screen.say()
        request = run_request_from(folder / RECIPE_FILE)
        plan_recipe(screen, request, recipe_settings(screen, request))
