"""`new`: start a project."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct, convert
from msgspec.structs import replace

from nano_banana.catalog.provider_registry import selectable_provider
from nano_banana.cli.new_project import (
    TRIGGER_PATTERN,
    NewSubject,
    ProjectAnswers,
    add_subject,
    check_no_overwrite,
    checked_date,
    checked_name,
    derive_trigger,
    make_folder,
    photos_path_from,
    project_files,
    slugify_name,
    starter_file,
    starter_recipe,
    write_files,
)
from nano_banana.cli.options import FILE, FOLDER, complete_provider, pass_screen
from nano_banana.cli.project_loading import recipe_settings, run_request_from, settings_for
from nano_banana.cli.screen import Screen
from nano_banana.formats.image_formats import READABLE_SUFFIXES
from nano_banana.model.known_folders import expand_user, project_root
from nano_banana.model.problem import Invalid, NanoBananaError, Stopped, did_you_mean, problem
from nano_banana.settings.configuration import PROJECT_FILE

if TYPE_CHECKING:
    from nano_banana.recipe.pack import PackTemplate

SECTION = ("Recipes", 1)

DEFAULT_TEMPLATES = ("work/corporate-headshot", "life/natural-window-light", "cinema/cinematic-still")
"""Templates that are suggested on a terminal."""


PEOPLE_COLUMNS = frozenset({"name", "photos", "noun", "trigger", "consent_by", "consent_on"})
"""Columns of a table of people."""


class NewOptions(Struct, frozen=True, kw_only=True):
    """The options of `new`; None (or nothing) if one was not given. `photos` may also be an answer on the terminal."""

    folder: Path
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

    @property
    def given(self) -> frozenset[str]:
        """The names of the questions that need no answer any more."""
        answered = {
            "subject": self.subjects or self.people,
            "noun": self.noun or self.people,
            "trigger": self.trigger or self.people,
            "consent": self.consent_by or self.people,
            "templates": self.templates,
            "takes": self.takes,
            "gate": self.gate,
            "provider": self.provider,
            "budget": self.budget,
        }
        return frozenset(name for name, value in answered.items() if value not in (None, ()))

    def answers(self, offers: Mapping[str, PackTemplate], *, proposed: bool = False) -> ProjectAnswers:
        """The given answers, with defaults for the rest, which include a few templates if they are `proposed`.

        Raises Invalid for invalid names, unknown templates and a table of people that can't be read.
        """
        unknown = [name for name in dict.fromkeys(self.templates) if name not in offers]
        if unknown:
            raise Invalid(
                [problem("no_such_template", suggestions=did_you_mean(name, offers), name=name) for name in unknown]
            )
        templates = self.templates or (DEFAULT_TEMPLATES if proposed else ())
        return ProjectAnswers(
            name=checked_name(self.name or slugify_name(self.folder.resolve().name)),
            people=self.subjects_of_recipe(),
            templates={name: offers[name] for name in templates if name in offers},
            takes=self.takes or 2,
            gate=self.gate is not False,
            provider=self.provider or "local",
            budget=self.budget,
        )

    def subjects_of_recipe(self) -> list[NewSubject]:
        """The people that a table, the options or the folders below `photos` name; at least one.

        Raises Invalid for invalid names, for two people of one name, and for a table that can't be read.
        """
        if self.people is not None:
            found = [self._subject(row["name"], photos, row) for row, photos in read_people(self.people)]
        else:
            found = [self._subject(name, photos, {}) for name, photos in self._photo_folders().items()]
        names = [person.name for person in found]
        if self.trigger is not None and len(found) > 1:
            raise Invalid([problem("trigger_of_several", people=", ".join(names))])
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise Invalid([problem("person_twice", name=name) for name in twice])
        return found

    def _photo_folders(self) -> dict[str, Path | None]:
        """Names of people with the folders of their photos; None for a folder that is still to be filled."""
        below = person_folders(self.photos) if self.photos else []
        if not self.subjects:
            if below:
                return {slugify_name(folder.name): folder for folder in below}
            return {slugify_name(self.photos.resolve().name) if self.photos else "ana": self.photos}
        if len(self.subjects) == 1 and not below:
            return {self.subjects[0]: self.photos}
        if self.photos is None:
            return dict.fromkeys(self.subjects)
        by_name = {slugify_name(folder.name): folder for folder in below} | {folder.name: folder for folder in below}
        missing = [name for name in self.subjects if name not in by_name]
        if missing:
            photos = str(self.photos)
            raise Invalid(
                [
                    problem("no_folder_of_person", suggestions=did_you_mean(name, by_name), name=name, folder=photos)
                    for name in missing
                ]
            )
        return {name: by_name[name] for name in self.subjects}

    def _subject(self, name: str, photos: Path | None, row: Mapping[str, str]) -> NewSubject:
        """A person; what their `row` of a table says goes before the options."""
        subject, trigger = checked_name(name), row.get("trigger") or self.trigger
        if trigger is not None and not TRIGGER_PATTERN.fullmatch(trigger):
            raise Invalid([problem("trigger_not_a_word", trigger=trigger)])
        return NewSubject(
            name=subject,
            noun=(row.get("noun") or self.noun or "").strip() or "person",
            trigger=trigger or derive_trigger(subject),
            photos=f"photos/{subject}" if photos is None else photos_path_from(self.folder, photos),
            count=0 if photos is None else count_photos(photos),
            consent=self._consent(row),
        )

    def _consent(self, row: Mapping[str, str]) -> dict[str, str | Sequence[str]]:
        if not self.consent_by and (self.consent_on or self.consent_uses):
            raise Invalid([problem("consent_of_nobody")])
        if row.get("consent_by"):
            return {"given_by": row["consent_by"], "on": checked_date(row.get("consent_on") or today())}
        if not self.consent_by:
            return {}
        consent = {"given_by": self.consent_by, "on": checked_date(self.consent_on or today())}
        return {**consent, "uses": list(self.consent_uses)} if self.consent_uses else {**consent}


def today() -> str:
    """The date in UTC, as YYYY-MM-DD."""
    return dt.datetime.now(tz=dt.UTC).date().isoformat()


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


@click.command(name="new")
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
def command(screen: Screen, /, *, added: str | None, **given: object) -> None:
    """Start a project with a commented recipe that is ready to run.

    On a terminal, asks for what is missing, checks the photos and suggests defaults. Otherwise (or with `--yes`) needs
    `--subject`, `--people` or `--photos` and uses the defaults. Writes recipe.yaml, its schema, nano-banana.toml and
    .gitignore to FOLDER (default: this one).

    `--add NAME` adds a person to an existing recipe, and shows the changes.

    Examples:
      nano-banana new
      nano-banana new portraits --subject ana --noun woman --photos ~/Pictures/ana
      nano-banana new team --photos ~/Pictures/team --yes
      nano-banana new team --add ben --photos ~/Pictures/ben
      nano-banana new portraits --subject ana --template cinema/noir-detective --takes 4 --plan
    """
    options = convert(given, NewOptions)
    asks = not options.yes and screen.lively and sys.stdin.isatty()
    if added is not None:
        _add_person(screen, replace(options, subjects=(added,), people=None))
        return
    if not (options.subjects or options.people or options.photos) and not asks:
        raise Invalid([problem("new_needs_flags", flag="--subject NAME")])
    if options.provider:
        selectable_provider(options.provider)
    folder = options.folder
    if not options.force:
        check_no_overwrite({RECIPE_FILE: ""}, folder)  # before questions and photos
    try:
        answers = _project_answers(screen, options, asks=asks)
    except KeyboardInterrupt as error:
        raise Stopped([problem("new_stopped")]) from error
    files = project_files(answers)
    if (folder / PROJECT_FILE).exists():
        del files[PROJECT_FILE]
    if not options.force:
        check_no_overwrite(files, folder)
    for path in write_files(files, folder):
        screen.say(f"wrote {path}")
    empty = [person for person in answers.people if not count_photos(folder / person.photos)]
    for person in empty:
        make_folder(folder / person.photos)
    _trust_photos(screen, folder / RECIPE_FILE)
    screen.say()
    _say_empty(screen, folder, empty)
    screen.say("Then:" if empty else "Next:")
    recipe = "" if folder == Path() else " " + shlex.quote(str(folder / RECIPE_FILE))
    screen.say(f"  nano-banana plan{recipe}")
    screen.say(f"  nano-banana run{recipe}")
    _show_plan(screen, folder, wanted=options.plan, asks=asks and not empty)


RECIPE_FILE = "recipe.yaml"


def _say_empty(screen: Screen, folder: Path, people: Sequence[NewSubject]) -> None:
    for person in people:
        screen.say(f"Put 8 to 20 photos of {person.name} into {os.path.normpath(folder / person.photos)}.")


def _add_person(screen: Screen, options: NewOptions) -> None:
    """Add a person to the recipe of the folder."""
    folder = options.folder
    if not (folder / RECIPE_FILE).is_file():
        raise Invalid([problem("no_recipe", path=str(folder / RECIPE_FILE))])
    (person,) = options.subjects_of_recipe()
    text, diff = add_subject(folder / RECIPE_FILE, person)
    _review_photos(screen, folder, [person])
    write_files({RECIPE_FILE: text}, folder)
    screen.say(diff)
    if not count_photos(folder / person.photos):
        make_folder(folder / person.photos)
        screen.say()
        _say_empty(screen, folder, [person])


def _project_answers(screen: Screen, options: NewOptions, *, asks: bool) -> ProjectAnswers:
    """The answers of the options and, if it `asks`, of the person at the terminal."""
    offers = available_templates(options.folder)
    if not asks:
        answers = options.answers(offers)
        _review_photos(screen, options.folder, answers.people)
        return answers
    from nano_banana.cli.new_guide import ask_missing, ask_photos

    if options.photos is None:
        near = Path("photos")
        options = replace(options, photos=ask_photos(str(near if near.is_dir() else options.folder / near)))
    _review_photos(screen, options.folder, options.subjects_of_recipe())
    answers = options.answers(offers, proposed=True)
    price = partial(_highest_price, screen, options.folder)
    return ask_missing(answers, given=options.given, offers=offers, price=price, today=today())


def available_templates(folder: Path) -> dict[str, PackTemplate]:
    """The templates of the built-in packs and of the project around `folder`, by `pack/name`; without broken packs."""
    from nano_banana.features.packs.pack_library import PackLibrary

    packs = [found.pack for found in PackLibrary(project_root(folder.absolute())).all() if found.pack is not None]
    return {f"{pack.name}/{template.name}": template for pack in packs for template in pack.templates.values()}


def _review_photos(screen: Screen, folder: Path, people: Sequence[NewSubject]) -> None:
    """Check the photos of each person who has some, and print the results in short."""
    from nano_banana.cli.photo_views import say_album
    from nano_banana.cli.progress import progress
    from nano_banana.features.photo_report import inspect_folder

    for person in people:
        if not person.count:
            continue
        photos = Path(os.path.normpath(folder / person.photos))
        try:
            with inspect_folder(photos, settings_for(screen, start=folder)) as studio, progress(screen) as on_event:
                albums = studio.check(on_event)
        except NanoBananaError as error:
            screen.problems(error.problems)
            continue
        for album in albums:
            say_album(screen, replace(album, name=person.name), whole=False)
            if any(finding.severity != "reject" for photo in album.photos for finding in photo.findings):
                recipe = "" if folder == Path() else f" {shlex.quote(str(folder / RECIPE_FILE))}"
                screen.say(f"To see what to do about each photo: nano-banana photos{recipe}")


def _highest_price(screen: Screen, folder: Path, answers: ProjectAnswers) -> float | None:
    """The most that the recipe would cost at fal with all retries, in USD; None if unknown."""
    from nano_banana.session.run_request import RunRequest
    from nano_banana.session.session import Session

    recipe = starter_recipe(replace(answers, budget=None))
    text = recipe.replace("{file: prompts/headshot.j2}", json.dumps(starter_file("headshot.j2")))
    request = RunRequest(recipe=folder / RECIPE_FILE, text=text, provider="fal")
    try:
        with Session.open(request, settings_for(screen, start=folder), environ=os.environ) as session:
            total = session.forecast().tally.total
    except NanoBananaError:
        return None
    return None if total.unpriced or total.possible_unpriced else total.high + total.possible_high


def _trust_photos(screen: Screen, recipe: Path) -> None:
    """Trust the recipe if it sends nothing unusual except photos outside the project, which were just named."""
    from nano_banana.session.permissions import accept_demands, untrusted_demands
    from nano_banana.session.run_request import RunRequest
    from nano_banana.session.session import Session

    # If the recipe can't be opened yet (no photos) or trust can't be saved (no home folder), the run asks.
    with suppress(NanoBananaError):
        request, settings = RunRequest(recipe=recipe, provider="fal"), settings_for(screen, start=recipe.parent)
        with Session.open(request, settings, environ=os.environ) as session:
            found = untrusted_demands(session)
            if {problem.kind for problem in found} <= {"reads_outside", "reads_file_outside"}:
                accept_demands(session, found)


def _show_plan(screen: Screen, folder: Path, *, wanted: bool | None, asks: bool) -> None:
    """Show what a run would do, if that is wanted; None: if the person at the terminal wants it."""
    if wanted is None and asks:
        from nano_banana.cli.new_guide import ask_plan

        wanted = ask_plan()
    if wanted:
        from nano_banana.cli.runner import plan_recipe

        screen.say()
        request = run_request_from(folder / RECIPE_FILE)
        plan_recipe(screen, request, recipe_settings(screen, request))
