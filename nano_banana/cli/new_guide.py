"""The questions of `new` on a terminal; each has a flag."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import questionary
from msgspec.structs import replace

from nano_banana.catalog.provider_registry import BUILT_IN
from nano_banana.cli.diagnostics import describe
from nano_banana.cli.formatting import visible
from nano_banana.cli.new_project import (
    COMMON_NOUNS,
    TRIGGER_PATTERN,
    NewSubject,
    ProjectAnswers,
    checked_date,
    checked_name,
    derive_trigger,
    make_folder,
)
from nano_banana.model.known_folders import expand_user
from nano_banana.model.problem import Invalid

if TYPE_CHECKING:
    from nano_banana.recipe.pack import PackTemplate

OTHER_NOUN = "something else"
PHOTOS_QUESTION = "Where are the photos? (For several people, a folder with one subfolder each.)"
CONSENT_USES = ("website", "social media", "press", "print", "private")
MAX_TAKES_EACH = 100


def ask_missing(
    answers: ProjectAnswers,
    *,
    given: Collection[str],
    offers: Mapping[str, PackTemplate],
    price: Callable[[ProjectAnswers], float | None],
    today: str,
) -> ProjectAnswers:
    """Ask for everything that is not in `given`, the names of what options have answered. Raises KeyboardInterrupt.

    `offers` are all templates. `price` gives the most that a recipe may cost at fal, in USD (None: unknown).
    """
    people = []
    for number, person in enumerate(answers.people, start=1):
        if len(answers.people) > 1:
            title = f"Person {number} of {len(answers.people)}: {visible(person.photos)}"
            questionary.print(title, style="bold")
        people.append(_ask_about_person(person, given, today))
    answers = replace(answers, people=people)
    if "templates" not in given:
        answers = replace(answers, templates=_ask_templates(answers, offers))
    if "takes" not in given:
        answers = replace(answers, takes=int(_ask_text("Takes per shot:", str(answers.takes), _valid_takes)))
    if "gate" not in given:
        question = "Check likeness and redraw pictures that don't look like the person?"
        answers = replace(answers, gate=_ask_yes(question, default=True))
    if "provider" not in given:
        choices = [
            questionary.Choice(title=f"{spec.name}: {spec.about}", value=spec.name)
            for spec in BUILT_IN.values()
            if spec.selectable
        ]
        answers = replace(answers, provider=str(questionary.select("Provider:", choices=choices).unsafe_ask()))
    return answers if "budget" in given else replace(answers, budget=_ask_budget(price(answers)))


def ask_photos(default: str) -> Path:
    """Ask for the folder with the photos, or with one subfolder per person.

    Asks again if it doesn't exist, unless it is the default, which can be created.
    """
    while True:
        given = str(questionary.path(PHOTOS_QUESTION, default=default, only_directories=True).unsafe_ask()).strip()
        folder = expand_user(given)
        if folder.is_dir():
            return folder
        if given != default:
            questionary.print(f"Folder {visible(given)} not found. Check the spelling.", style="fg:ansired")
        elif _ask_yes(f"Folder {visible(given)} doesn't exist yet. Create it?", default=True):
            make_folder(folder)
            return folder


def ask_plan() -> bool:
    """Ask whether to show the plan."""
    return _ask_yes("Show the plan now?", default=True)


def _ask_about_person(person: NewSubject, given: Collection[str], today: str) -> NewSubject:
    if "subject" not in given:
        name = _ask_text("Name of the person in the recipe:", person.name, _valid(checked_name))
        person = replace(person, name=name, trigger=derive_trigger(name))
    if "noun" not in given:
        choices = [*COMMON_NOUNS, OTHER_NOUN]
        noun = str(questionary.select("Class word for the person:", choices=choices, default=person.noun).unsafe_ask())
        person = replace(person, noun=noun if noun != OTHER_NOUN else _ask_text("Other class word:", "", bool))
    if "trigger" not in given:
        trigger = _ask_text("Trigger (a rare word that stands for this person):", person.trigger, _valid_trigger)
        person = replace(person, trigger=trigger)
    if "consent" not in given and _ask_yes("Has this person agreed to AI-made pictures?", default=False):
        by = _ask_text("Who gave consent?", person.name)
        day = _ask_text("On which date?", today, _valid(checked_date))
        uses = questionary.checkbox("For which uses?", choices=list(CONSENT_USES)).unsafe_ask()
        person = replace(person, consent={"given_by": by, "on": day, "uses": [str(use) for use in uses]})
    return person


def _ask_templates(answers: ProjectAnswers, offers: Mapping[str, PackTemplate]) -> dict[str, PackTemplate]:
    nouns = {person.noun for person in answers.people}
    suited = {name: offer for name, offer in offers.items() if not offer.nouns or nouns <= {*offer.nouns}}
    if not suited:
        return dict(answers.templates)
    choices = [
        questionary.Choice(
            title=f"{name}: {visible(offer.title)}",
            value=name,
            checked=name in answers.templates,
            description=visible(offer.about),
        )
        for name, offer in suited.items()
    ]
    names = questionary.checkbox("Which templates? (none: a simple headshot)", choices=choices).unsafe_ask()
    return {name: offer for name, offer in suited.items() if name in names}


def _ask_budget(price: float | None) -> float:
    proposed = 10 if price is None else max(1, math.ceil(price * 1.1))
    about = "" if price is None else f" (the whole recipe at fal, with all retries, may cost ${price:.2f})"
    return float(_ask_text(f"Budget per run, in USD{about}:", f"{proposed}", _valid_budget))


def _ask_text(question: str, default: str, validate: Callable[[str], bool | str] = lambda _: True) -> str:
    """Ask until `validate` says True; it may say what is wrong instead."""
    ask = questionary.text(question, default=default, validate=lambda text: validate(text.strip()))
    return str(ask.unsafe_ask()).strip()


def _ask_yes(question: str, *, default: bool) -> bool:
    return bool(questionary.confirm(question, default=default).unsafe_ask())


def _valid(check: Callable[[str], str]) -> Callable[[str], bool | str]:
    """Turn a function that raises Invalid into one that says what is wrong, on one line."""

    def validate(text: str) -> bool | str:
        try:
            check(text)
        except Invalid as error:
            wrong, hint = describe(error.problems[0])
            return hint or wrong
        return True

    return validate


def _valid_trigger(text: str) -> bool | str:
    return bool(TRIGGER_PATTERN.fullmatch(text)) or "one word, no spaces"


def _valid_takes(text: str) -> bool | str:
    return (text.isdecimal() and 1 <= int(text) <= MAX_TAKES_EACH) or f"a number from 1 to {MAX_TAKES_EACH}"


def _valid_budget(text: str) -> bool | str:
    with suppress(ValueError):
        if 0 <= float(text) < math.inf:
            return True
    return "a number of dollars"
