"""The questions of `new`, asked on a terminal; each has a flag."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nano_banana.cli.beginning.answers import NOUNS, TRIGGER, Answers, Offer, Person, day_of, named, trigger_of
from nano_banana.cli.beginning.write import make_folder
from nano_banana.cli.cells import visible
from nano_banana.cli.words.index import say
from nano_banana.core.errors import Invalid
from nano_banana.core.home import expanded

if TYPE_CHECKING:
    import questionary

OTHER = "something else"
PHOTOS_ASKED = "Where are the photos? (several people: a folder for each)"
USUAL_USES = ("website", "social media", "press", "print", "private")
MOST_TAKES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the guide may ask for, besides what was answered by flags (`given`, names of `Answers`).

    `offers` are all templates there are; `price` says what the recipe of answers may cost at fal, in USD (None: nobody
    knows); `today` is a date as YYYY-MM-DD.
    """

    given: frozenset[str]
    offers: Sequence[Offer]
    price: Callable[[Answers], float | None]
    today: str


def asked(answers: Answers, asking: Asking) -> Answers:
    """The answers, those that were not given by flags asked for on the terminal. Raises KeyboardInterrupt."""
    about_one: Mapping[str, Callable[[Person, Asking], Person]] = {
        "subject": _subject,
        "noun": _noun,
        "trigger": _trigger,
        "consent": _consent,
    }
    steps: Mapping[str, Callable[[Answers, Asking], Answers]] = {
        "offers": _offers,
        "takes": _takes,
        "gate": _gate,
        "provider": _provider,
        "budget": _budget,
    }
    people = []
    for number, person in enumerate(answers.people, start=1):
        if len(answers.people) > 1:
            _say_person(person, number, len(answers.people))
        told = person
        for name, question in about_one.items():
            if name not in asking.given:
                told = question(told, asking)
        people.append(told)
    answers = replace(answers, people=people)
    for name, step in steps.items():
        if name not in asking.given:
            answers = step(answers, asking)
    return answers


def _say_person(person: Person, number: int, count: int) -> None:
    import questionary

    questionary.print(f"Person {number} of {count}: {visible(person.photos)}", style="bold")


def ask_photos(default: str) -> Path:
    """The folder with the photos, or with a folder of photos for each person.

    A folder that is not there is asked for again, unless it is the proposed one, which may be made for photos to come.
    """
    import questionary

    while True:
        given = _text(questionary.path(PHOTOS_ASKED, default=default, only_directories=True))
        folder = expanded(given)
        if folder.is_dir():
            return folder
        if given != default:
            questionary.print(f"There is no folder {visible(given)}: look at its spelling.", style="fg:ansired")
        elif questionary.confirm(f"There is no folder {visible(given)} yet. Make it, for photos to come?").unsafe_ask():
            make_folder(folder)
            return folder


def ask_plan() -> bool:
    """Whether to show at once what a run would do."""
    import questionary

    return bool(questionary.confirm("Show now what a run would do and cost?", default=True).unsafe_ask())


def _subject(person: Person, _asking: Asking) -> Person:
    import questionary

    question = questionary.text(
        "What shall the person be called in the recipe?", default=person.name, validate=_is_name
    )
    name = _text(question)
    return replace(person, name=name, trigger=trigger_of(name))


def _is_name(text: str) -> bool | str:
    try:
        named(text)
    except Invalid as error:
        return _short(error)
    return True


def _is_day(text: str) -> bool | str:
    try:
        day_of(text.strip())
    except Invalid as error:
        return _short(error)
    return True


def _short(error: Invalid) -> str:
    """What to do, in the one line that there is below a question: what was typed can be seen."""
    wrong, hint = say(error.problems[0])
    return hint or wrong


def _noun(person: Person, _asking: Asking) -> Person:
    import questionary

    noun = _text(questionary.select("What is the person?", choices=[*NOUNS, OTHER], default=person.noun))
    if noun == OTHER:
        noun = _text(questionary.text("One word for them:", validate=lambda text: bool(text.strip())))
    return replace(person, noun=noun)


def _trigger(person: Person, _asking: Asking) -> Person:
    import questionary

    question = questionary.text(
        "The rare word that the adapter learns them by:",
        default=person.trigger,
        validate=lambda text: bool(TRIGGER.fullmatch(text)) or "one word without blanks",
    )
    return replace(person, trigger=_text(question))


def _consent(person: Person, asking: Asking) -> Person:
    import questionary

    agreed = questionary.confirm("Have they agreed to AI-made pictures of them?", default=False).unsafe_ask()
    if not agreed:
        return person
    by = _text(questionary.text("Who gave the consent?", default=person.name))
    day = _text(questionary.text("When?", default=asking.today, validate=_is_day))
    uses = questionary.checkbox("What for?", choices=list(USUAL_USES)).unsafe_ask()
    return replace(person, consent={"given_by": by, "on": day, "uses": [str(use) for use in uses]})


def _offers(answers: Answers, asking: Asking) -> Answers:
    import questionary

    suited = [offer for offer in asking.offers if all(offer.suits(person.noun) for person in answers.people)]
    if not suited:
        return answers
    proposed = {offer.name for offer in answers.offers}
    choices = [
        questionary.Choice(
            title=f"{offer.name}: {visible(offer.title)}",
            value=offer.name,
            checked=offer.name in proposed,
            description=visible(offer.about),
        )
        for offer in suited
    ]
    names = set(questionary.checkbox("Which pictures? (none: one plain headshot)", choices=choices).unsafe_ask())
    return replace(answers, offers=[offer for offer in suited if offer.name in names])


def _takes(answers: Answers, _asking: Asking) -> Answers:
    import questionary

    def valid(text: str) -> bool | str:
        return (text.isdecimal() and 1 <= int(text) <= MOST_TAKES) or f"a number from 1 to {MOST_TAKES}"

    return replace(
        answers,
        takes=int(_text(questionary.text("How many takes of each?", default=str(answers.takes), validate=valid))),
    )


def _gate(answers: Answers, _asking: Asking) -> Answers:
    import questionary

    question = questionary.confirm(
        "Check each picture for likeness, and draw again who does not look like themselves?", default=True
    )
    return replace(answers, gate=bool(question.unsafe_ask()))


def _provider(answers: Answers, _asking: Asking) -> Answers:
    import questionary

    choices = [
        questionary.Choice(title="local: free and offline, composed of the photos without an AI model", value="local"),
        questionary.Choice(title="fal: the real thing, for money", value="fal"),
    ]
    return replace(answers, provider=_text(questionary.select("Who shall draw?", choices=choices)))


def _budget(answers: Answers, asking: Asking) -> Answers:
    import questionary

    price = asking.price(answers)
    proposed = 10 if price is None else max(1, math.ceil(price * 1.1))
    about = "" if price is None else f" (at fal all of it, every second chance included, may cost ${price:.2f})"

    def valid(text: str) -> bool | str:
        try:
            return 0 <= float(text) < math.inf or "a number of dollars"
        except ValueError:
            return "a number of dollars"

    text = _text(
        questionary.text(f"Stop a run before it costs more than, in USD{about}:", default=f"{proposed}", validate=valid)
    )
    return replace(answers, budget=float(text))


def _text(question: questionary.Question) -> str:
    return str(question.unsafe_ask()).strip()
