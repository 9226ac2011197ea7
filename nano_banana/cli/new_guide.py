"""The questions of `new` on a terminal; each has a flag."""

from __future__ import annotations

import json
import math
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nano_banana.catalog.provider_registry import BUILT_IN
from nano_banana.cli.diagnostics import describe
from nano_banana.cli.formatting import visible
from nano_banana.cli.new_project import (
    COMMON_NOUNS,
    DEFAULT_SCALE,
    HEADSHOT_PROMPT,
    TRIGGER_PATTERN,
    NewSubject,
    ProjectAnswers,
    TemplateChoice,
    checked_date,
    checked_name,
    derive_trigger,
    make_folder,
    starter_recipe,
)
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.screen import Screen
from nano_banana.model.known_folders import expand_user
from nano_banana.model.problem import Invalid, NanoBananaError


def available_templates(folder: Path) -> list[TemplateChoice]:
    """Those of the packs that came with us and of the project that `folder` belongs to; broken packs have none."""
    from nano_banana.features.packs.pack_library import PackLibrary
    from nano_banana.model.known_folders import project_root

    packs = [found.pack for found in PackLibrary(project_root(folder.absolute())).all()]
    return [
        TemplateChoice(
            name=f"{pack.name}/{template.name}",
            title=template.title,
            about=template.about,
            nouns=template.nouns,
            scale=template.adapter_scale or DEFAULT_SCALE,
            gate=template.gate,
        )
        for pack in packs
        if pack is not None
        for template in pack.templates.values()
    ]


def review_photos(screen: Screen, name: str, photos: Path, folder: Path) -> None:
    """Look at the photos of `name` for the project in `folder`, whose store keeps what is seen; print it in short."""
    from nano_banana.cli.photo_views import say_album
    from nano_banana.cli.progress import progress
    from nano_banana.features.photo_report import inspect_folder

    try:
        with inspect_folder(photos, settings_for(screen, start=folder)) as studio, progress(screen) as on_event:
            albums = studio.check(on_event)
    except NanoBananaError as error:
        screen.problems(error.problems)
        return
    for album in albums:
        say_album(screen, replace(album, name=name), whole=False)
        if any(finding.severity != "reject" for photo in album.photos for finding in photo.findings):
            recipe = "" if folder == Path() else f" {shlex.quote(str(folder / 'recipe.yaml'))}"
            screen.say(f"What to do about each, once the recipe is there: nano-banana photos{recipe}")


def highest_price(screen: Screen, answers: ProjectAnswers, folder: Path) -> float | None:
    """The most that the recipe of these answers would cost at fal, in USD; None where that is not known."""
    from nano_banana.session.run_request import RunRequest
    from nano_banana.session.session import Session

    text = starter_recipe(replace(answers, budget=None)).replace(
        "{file: prompts/headshot.j2}", json.dumps(HEADSHOT_PROMPT)
    )
    wish = RunRequest(recipe=folder / "recipe.yaml", text=text, provider="fal")
    try:
        with Session.open(wish, settings_for(screen, start=folder), environ=os.environ) as project:
            tally = project.forecast().tally
    except NanoBananaError:
        return None
    return (
        None if tally.total.unpriced or tally.total.possible_unpriced else tally.total.high + tally.total.possible_high
    )


if TYPE_CHECKING:
    import questionary

OTHER_NOUN = "something else"
PHOTOS_QUESTION = "Where are the photos? (several people: a folder for each)"
CONSENT_USES = ("website", "social media", "press", "print", "private")
MAX_TAKES_EACH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideContext:
    """What the guide may ask for, besides what was answered by flags (`given`, names of `Answers`).

    `offers` are all templates there are; `price` says what the recipe of answers may cost at fal, in USD (None: nobody
    knows); `today` is a date as YYYY-MM-DD.
    """

    given: frozenset[str]
    offers: Sequence[TemplateChoice]
    price: Callable[[ProjectAnswers], float | None]
    today: str


def ask_missing(answers: ProjectAnswers, asking: GuideContext) -> ProjectAnswers:
    """The answers, those that were not given by flags asked for on the terminal. Raises KeyboardInterrupt."""
    about_one: Mapping[str, Callable[[NewSubject, GuideContext], NewSubject]] = {
        "subject": _ask_name,
        "noun": _ask_noun,
        "trigger": _ask_trigger,
        "consent": _ask_consent,
    }
    steps: Mapping[str, Callable[[ProjectAnswers, GuideContext], ProjectAnswers]] = {
        "offers": _ask_templates,
        "takes": _ask_takes,
        "gate": _ask_gate,
        "provider": _ask_provider,
        "budget": _ask_budget,
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


def _say_person(person: NewSubject, number: int, count: int) -> None:
    import questionary

    questionary.print(f"Person {number} of {count}: {visible(person.photos)}", style="bold")


def ask_photos(default: str) -> Path:
    """The folder with the photos, or with a folder of photos for each person.

    A folder that is not there is asked for again, unless it is the proposed one, which may be made for photos to come.
    """
    import questionary

    while True:
        given = _answer_text(questionary.path(PHOTOS_QUESTION, default=default, only_directories=True))
        folder = expand_user(given)
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


def _ask_name(person: NewSubject, _asking: GuideContext) -> NewSubject:
    import questionary

    question = questionary.text(
        "What shall the person be called in the recipe?", default=person.name, validate=_valid_name
    )
    name = _answer_text(question)
    return replace(person, name=name, trigger=derive_trigger(name))


def _valid_name(text: str) -> bool | str:
    try:
        checked_name(text)
    except Invalid as error:
        return _one_line_error(error)
    return True


def _valid_date(text: str) -> bool | str:
    try:
        checked_date(text.strip())
    except Invalid as error:
        return _one_line_error(error)
    return True


def _one_line_error(error: Invalid) -> str:
    """What to do, in the one line that there is below a question: what was typed can be seen."""
    wrong, hint = describe(error.problems[0])
    return hint or wrong


def _ask_noun(person: NewSubject, _asking: GuideContext) -> NewSubject:
    import questionary

    noun = _answer_text(
        questionary.select("What is the person?", choices=[*COMMON_NOUNS, OTHER_NOUN], default=person.noun)
    )
    if noun == OTHER_NOUN:
        noun = _answer_text(questionary.text("One word for them:", validate=lambda text: bool(text.strip())))
    return replace(person, noun=noun)


def _ask_trigger(person: NewSubject, _asking: GuideContext) -> NewSubject:
    import questionary

    question = questionary.text(
        "The rare word that the adapter learns them by:",
        default=person.trigger,
        validate=lambda text: bool(TRIGGER_PATTERN.fullmatch(text)) or "one word without blanks",
    )
    return replace(person, trigger=_answer_text(question))


def _ask_consent(person: NewSubject, asking: GuideContext) -> NewSubject:
    import questionary

    agreed = questionary.confirm("Have they agreed to AI-made pictures of them?", default=False).unsafe_ask()
    if not agreed:
        return person
    by = _answer_text(questionary.text("Who gave the consent?", default=person.name))
    day = _answer_text(questionary.text("When?", default=asking.today, validate=_valid_date))
    uses = questionary.checkbox("What for?", choices=list(CONSENT_USES)).unsafe_ask()
    return replace(person, consent={"given_by": by, "on": day, "uses": [str(use) for use in uses]})


def _ask_templates(answers: ProjectAnswers, asking: GuideContext) -> ProjectAnswers:
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


def _ask_takes(answers: ProjectAnswers, _asking: GuideContext) -> ProjectAnswers:
    import questionary

    def valid(text: str) -> bool | str:
        return (text.isdecimal() and 1 <= int(text) <= MAX_TAKES_EACH) or f"a number from 1 to {MAX_TAKES_EACH}"

    return replace(
        answers,
        takes=int(
            _answer_text(questionary.text("How many takes of each?", default=str(answers.takes), validate=valid))
        ),
    )


def _ask_gate(answers: ProjectAnswers, _asking: GuideContext) -> ProjectAnswers:
    import questionary

    question = questionary.confirm(
        "Check each picture for likeness, and draw again who does not look like themselves?", default=True
    )
    return replace(answers, gate=bool(question.unsafe_ask()))


def _ask_provider(answers: ProjectAnswers, _asking: GuideContext) -> ProjectAnswers:
    import questionary

    choices = [
        questionary.Choice(title=f"{spec.name}: {spec.about}", value=spec.name)
        for spec in BUILT_IN.values()
        if spec.selectable
    ]
    return replace(answers, provider=_answer_text(questionary.select("Who shall draw?", choices=choices)))


def _ask_budget(answers: ProjectAnswers, asking: GuideContext) -> ProjectAnswers:
    import questionary

    price = asking.price(answers)
    proposed = 10 if price is None else max(1, math.ceil(price * 1.1))
    about = "" if price is None else f" (at fal all of it, every second chance included, may cost ${price:.2f})"

    def valid(text: str) -> bool | str:
        try:
            return 0 <= float(text) < math.inf or "a number of dollars"
        except ValueError:
            return "a number of dollars"

    text = _answer_text(
        questionary.text(f"Stop a run before it costs more than, in USD{about}:", default=f"{proposed}", validate=valid)
    )
    return replace(answers, budget=float(text))


def _answer_text(question: questionary.Question) -> str:
    return str(question.unsafe_ask()).strip()
