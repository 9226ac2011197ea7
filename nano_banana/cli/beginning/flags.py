"""The flags of `new`, and what they answer by themselves."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from nano_banana.cli.beginning.answers import (
    TRIGGER,
    Answers,
    Offer,
    Person,
    day_of,
    from_folder,
    named,
    slug_of,
    trigger_of,
)
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.home import expanded
from nano_banana.core.image_formats import READABLE_SUFFIXES
from nano_banana.core.problem import did_you_mean

PROPOSED = ("work/corporate-headshot", "life/natural-window-light", "cinema/cinematic-still")
"""The templates that are proposed where a person is asked."""


COLUMNS = frozenset({"name", "photos", "noun", "trigger", "consent_by", "consent_on"})
"""Columns of a table of people."""


class Said(TypedDict):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags, for a project in `folder`; `photos` also where they were asked for. `today` is YYYY-MM-DD."""

    said: Said
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

    def answers(self, offers: Sequence[Offer], *, proposed: bool = False) -> Answers:
        """What is answered, and what is taken for the rest; of templates only those that are `proposed`.

        Raises Invalid for names that can't be, for unknown templates and for a table of people that can't be read.
        """
        said = self.said
        return Answers(
            name=named(said["name"] or slug_of(self.folder.resolve().name)),
            people=self.people(),
            offers=_chosen(offers, said["templates"] or (PROPOSED if proposed else ()), strict=bool(said["templates"])),
            takes=said["takes"] or 2,
            gate=said["gate"] is not False,
            provider=said["provider"] or "local",
            budget=said["budget"],
        )

    def people(self) -> list[Person]:
        """The people that a table, the flags or the folders below `photos` name; one at least.

        Raises Invalid for names that can't be, for two of one name, and for a table that can't be read.
        """
        if self.said["people"] is not None:
            found = [self._person(row["name"], photos, row) for row, photos in read_people(self.said["people"])]
        else:
            found = [self._person(name, photos, {}) for name, photos in self._folders().items()]
        trigger = self.said["trigger"]
        if trigger is not None and len(found) > 1:
            raise Invalid([trouble("trigger_of_several", people=", ".join(person.name for person in found))])
        names = [person.name for person in found]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise Invalid([trouble("person_twice", name=name) for name in twice])
        return found

    def _folders(self) -> dict[str, Path | None]:
        """Names of people with the folders of their photos; None for one that is still to be filled."""
        names = self.said["subjects"]
        below = folders_of_people(self.photos) if self.photos else []
        if not names:
            if below:
                return {slug_of(folder.name): folder for folder in below}
            return {slug_of(self.photos.resolve().name) if self.photos else "ana": self.photos}
        if len(names) == 1 and not below:
            return {names[0]: self.photos}
        if self.photos is None:
            return dict.fromkeys(names)
        by_name = {**{slug_of(folder.name): folder for folder in below}, **{folder.name: folder for folder in below}}
        missing = [name for name in names if name not in by_name]
        if missing:
            problems = [
                trouble("no_folder_of_person", hint=did_you_mean(name, by_name), name=name, folder=str(self.photos))
                for name in missing
            ]
            raise Invalid(problems)
        return {name: by_name[name] for name in names}

    def _person(self, name: str, photos: Path | None, row: Mapping[str, str]) -> Person:
        said, subject = self.said, named(name)
        consent = self._consent()
        if row.get("consent_by"):
            consent = {"given_by": row["consent_by"], "on": day_of(row.get("consent_on") or self.today)}
        return Person(
            name=subject,
            noun=(row.get("noun") or said["noun"] or "").strip() or "person",
            trigger=_trigger(row.get("trigger") or said["trigger"]) or trigger_of(subject),
            photos=f"photos/{subject}" if photos is None else from_folder(self.folder, photos),
            count=0 if photos is None else count_photos(photos),
            consent=consent,
        )

    def _consent(self) -> dict[str, str | Sequence[str]]:
        said = self.said
        if not said["consent_by"]:
            if said["consent_on"] or said["consent_uses"]:
                raise Invalid([trouble("consent_of_nobody")])
            return {}
        uses = list(said["consent_uses"])
        return {
            "given_by": said["consent_by"],
            "on": day_of(said["consent_on"]) if said["consent_on"] else self.today,
            **({"uses": uses} if uses else {}),
        }


def read_people(file: Path) -> list[tuple[dict[str, str], Path | None]]:
    """The rows of a CSV table of people by column, each with the folder of their photos, if it names one.

    It has a column `name`, and may have `photos`, `noun`, `trigger`, `consent_by` and `consent_on`. Folders count from
    the table's own. Raises Invalid for a file that can't be read, has no rows or has other columns.
    """
    whole = expanded(file).absolute()
    try:
        rows = list(csv.DictReader(whole.read_text("utf-8-sig").splitlines(), restkey="?", restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Invalid([trouble("people_unreadable", file=str(file), why=str(error))]) from error
    if not rows or "name" not in rows[0] or not rows[0].keys() <= COLUMNS or any("?" in row for row in rows):
        raise Invalid([trouble("people_columns", file=str(file), known=", ".join(sorted(COLUMNS)))])
    people = [{column: text.strip() for column, text in row.items()} for row in rows]
    return [(row, whole.parent / row["photos"] if row.get("photos") else None) for row in people]


def folders_of_people(photos: Path) -> list[Path]:
    """The folders below `photos` that hold pictures, if it holds none itself: one for each person."""
    whole = expanded(photos)
    if not whole.is_dir() or count_photos(whole):
        return []
    return sorted(folder for folder in whole.iterdir() if folder.is_dir() and count_photos(folder))


def count_photos(folder: Path) -> int:
    """How many pictures a folder holds, by their names; 0 if it is not there."""
    whole = expanded(folder)
    return sum(path.suffix.casefold() in READABLE_SUFFIXES for path in whole.iterdir()) if whole.is_dir() else 0


def _trigger(text: str | None) -> str | None:
    if text is not None and not TRIGGER.fullmatch(text):
        raise Invalid([trouble("trigger_not_a_word", trigger=text)])
    return text


def _chosen(offers: Sequence[Offer], names: Sequence[str], *, strict: bool) -> list[Offer]:
    by_name = {offer.name: offer for offer in offers}
    unknown = [name for name in dict.fromkeys(names) if name not in by_name]
    if unknown and strict:
        raise Invalid([trouble("no_such_template", hint=did_you_mean(name, by_name), name=name) for name in unknown])
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name]
