"""The questions of `new` on a terminal; each has a flag."""

from __future__ import annotations

import json
import math
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

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
from nano_banana.model.known_folders import expand_user, project_root
from nano_banana.model.problem import Invalid, NanoBananaError

if TYPE_CHECKING:
    import questionary


def available_templates(folder: Path) -> list[TemplateChoice]:
    """The templates of the built-in packs and of the project around `folder`; broken packs are skipped."""
    from nano_banana.features.packs.pack_library import PackLibrary

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
    """Check the photos of `name` with the store of the project in `folder`, and print the result in short."""
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
            screen.say(f"To see what to do about each photo: nano-banana photos{recipe}")


def highest_price(screen: Screen, answers: ProjectAnswers, folder: Path) -> float | None:
    """The most that the recipe would cost at fal with all retries, in USD; None if unknown."""
    from nano_banana.session.run_request import RunRequest
    from nano_banana.session.session import Session

    text = starter_recipe(replace(answers, budget=None)).replace(
        "{file: prompts/headshot.j2}", json.dumps(HEADSHOT_PROMPT)
    )
    request = RunRequest(recipe=folder / "recipe.yaml", text=text, provider="fal")
    try:
        with Session.open(request, settings_for(screen, start=folder), environ=os.environ) as project:
            tally = project.forecast().tally
    except NanoBananaError:
        return None
    return (
        None if tally.total.unpriced or tally.total.possible_unpriced else tally.total.high + tally.total.possible_high
    )


OTHER_NOUN = "something else"
PHOTOS_QUESTION = "Where are the photos? (For several people, a folder with one subfolder each.)"
CONSENT_USES = ("website", "social media", "press", "print", "private")
MAX_TAKES_EACH = 100


class GuideContext(Struct, frozen=True, kw_only=True):
    """Data for the questions; those in `given` were answered by options.

    `offers` are all templates; `price` gives the most that a recipe may cost at fal, in USD (None: unknown); `today` is
    YYYY-MM-DD.
    """

    given: frozenset[str]
    offers: Sequence[TemplateChoice]
    price: Callable[[ProjectAnswers], float | None]
    today: str


def ask_missing(answers: ProjectAnswers, asking: GuideContext) -> ProjectAnswers:
    """Ask for everything that no option has answered. Raises KeyboardInterrupt."""
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
    """Ask for the folder with the photos, or with one subfolder per person.

    Asks again if it doesn't exist, unless it is the default, which can be created.
    """
    import questionary

    while True:
        given = _answer_text(questionary.path(PHOTOS_QUESTION, default=default, only_directories=True))
        folder = expand_user(given)
        if folder.is_dir():
            return folder
        if given != default:
            questionary.print(f"Folder {visible(given)} not found. Check the spelling.", style="fg:ansired")
        elif questionary.confirm(f"Folder {visible(given)} doesn't exist yet. Create it?").unsafe_ask():
            make_folder(folder)
            return folder


def ask_plan() -> bool:
    """Ask whether to show the plan."""
    import questionary

    return bool(questionary.confirm("Show the plan now?", default=True).unsafe_ask())


def _ask_name(person: NewSubject, _asking: GuideContext) -> NewSubject:
    import questionary

    question = questionary.text("Name of the person in the recipe:", default=person.name, validate=_valid_name)
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
    """The help of an error, or its text, for the one line below a question."""
    wrong, hint = describe(error.problems[0])
    return hint or wrong


def _ask_noun(person: NewSubject, _asking: GuideContext) -> NewSubject:
    import questionary

    noun = _answer_text(
        questionary.select("Class word for the person:", choices=[*COMMON_NOUNS, OTHER_NOUN], default=person.noun)
    )
    if noun == OTHER_NOUN:
        noun = _answer_text(questionary.text("Other class word:", validate=lambda text: bool(text.strip())))
    return replace(person, noun=noun)


def _ask_trigger(person: NewSubject, _asking: GuideContext) -> NewSubject:
    import questionary

    question = questionary.text(
        "Trigger (a rare word that stands for this person):",
        default=person.trigger,
        validate=lambda text: bool(TRIGGER_PATTERN.fullmatch(text)) or "one word, no spaces",
    )
    return replace(person, trigger=_answer_text(question))


def _ask_consent(person: NewSubject, asking: GuideContext) -> NewSubject:
    import questionary

    agreed = questionary.confirm("Has this person agreed to AI-made pictures?", default=False).unsafe_ask()
    if not agreed:
        return person
    by = _answer_text(questionary.text("Who gave consent?", default=person.name))
    day = _answer_text(questionary.text("On which date?", default=asking.today, validate=_valid_date))
    uses = questionary.checkbox("For which uses?", choices=list(CONSENT_USES)).unsafe_ask()
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
    names = set(questionary.checkbox("Which templates? (none: a simple headshot)", choices=choices).unsafe_ask())
    return replace(answers, offers=[offer for offer in suited if offer.name in names])


def _ask_takes(answers: ProjectAnswers, _asking: GuideContext) -> ProjectAnswers:
    import questionary

    def valid(text: str) -> bool | str:
        return (text.isdecimal() and 1 <= int(text) <= MAX_TAKES_EACH) or f"a number from 1 to {MAX_TAKES_EACH}"

    return replace(
        answers,
        takes=int(_answer_text(questionary.text("Takes per shot:", default=str(answers.takes), validate=valid))),
    )


def _ask_gate(answers: ProjectAnswers, _asking: GuideContext) -> ProjectAnswers:
    import questionary

    question = questionary.confirm("Check likeness and redraw pictures that don't look like the person?", default=True)
    return replace(answers, gate=bool(question.unsafe_ask()))


def _ask_provider(answers: ProjectAnswers, _asking: GuideContext) -> ProjectAnswers:
    import questionary

    choices = [
        questionary.Choice(title=f"{spec.name}: {spec.about}", value=spec.name)
        for spec in BUILT_IN.values()
        if spec.selectable
    ]
    return replace(answers, provider=_answer_text(questionary.select("Provider:", choices=choices)))


def _ask_budget(answers: ProjectAnswers, asking: GuideContext) -> ProjectAnswers:
    import questionary

    price = asking.price(answers)
    proposed = 10 if price is None else max(1, math.ceil(price * 1.1))
    about = "" if price is None else f" (the whole recipe at fal, with all retries, may cost ${price:.2f})"

    def valid(text: str) -> bool | str:
        try:
            return 0 <= float(text) < math.inf or "a number of dollars"
        except ValueError:
            return "a number of dollars"

    text = _answer_text(questionary.text(f"Budget per run, in USD{about}:", default=f"{proposed}", validate=valid))
    return replace(answers, budget=float(text))


def _answer_text(question: questionary.Question) -> str:
    return str(question.unsafe_ask()).strip()
