"""Who a subject is: their words and photos, from a recipe and the shelf."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.problem import did_you_mean
from nano_banana.core.somebody import Somebody
from nano_banana.project.project import Project
from nano_banana.recipe.model import Subject
from nano_banana.shelf.card import Shelved
from nano_banana.workshop.workshop import Workshop


def somebody(name: str, workshop: Workshop, project: Project | None) -> Somebody:
    """What leads to them. A trigger that somebody else has as well is none: their pictures must stay.

    Raises Unusable (`photo_unread`) for a photo that is there and can't be read.
    """
    subjects = dict(project.recipe.subjects) if project else {}
    shelved = workshop.shelf.all()
    cards = [each.card for each in shelved]
    triggers = {card.trigger for card in cards if card.subject == name}
    foreign = {card.trigger for card in cards if card.subject != name}
    foreign |= {subject.trigger for other, subject in subjects.items() if other != name}
    subject = subjects.get(name)
    if subject is None:
        return Somebody(name=name, triggers=frozenset(triggers - foreign - {""}))
    photos = photos_of(subject)
    return Somebody(
        name=name,
        triggers=frozenset({subject.trigger, *triggers} - foreign - {""}),
        # Not by the store, which would remember their paths.
        photos=frozenset(_digest(path) for path in photos if path.is_file()),
        paths=frozenset(str(path.absolute().with_suffix("")) for path in photos),
    )


def photos_of(subject: Subject) -> list[Path]:
    """Every photo that the recipe gives of them."""
    return sorted({*(photo.path for photo in subject.photos), *subject.held_out, *subject.references})


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unusable([trouble("photo_unread", file=str(path), why=error.strerror or "")]) from error


def nobody(name: str, project: Project | None, shelved: list[Shelved]) -> Invalid:
    """The error of a name that nothing here knows."""
    known = sorted({*(project.recipe.subjects if project else ()), *(each.card.subject for each in shelved)} - {""})
    return Invalid([trouble("forget_nobody", hint=did_you_mean(name, known), name=name, known=known)])
