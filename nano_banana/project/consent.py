"""Who allowed the use of whose face, and who has not been asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from nano_banana.core.json import JSONObject
from nano_banana.core.problem import Problem
from nano_banana.project.project import Project

FIELDS = ("given_by", "on", "uses")
"""What a consent says: by whom, when, what for."""

NOTICE = "notice/people"
"""The note that says that this project's user was told what pictures of real people ask of them."""


def consents(project: Project) -> Mapping[str, JSONObject]:
    """What each subject has consented to, by name; empty where the recipe does not say."""
    return {name: subject.consent for name, subject in project.recipe.subjects.items()}


def unasked(project: Project, today: dt.date) -> Sequence[Problem]:
    """A warning for each subject without a consent, or with one that lacks something."""
    found = []
    for name, consent in consents(project).items():
        lacks = [field for field in FIELDS if not consent.get(field)]
        if not consent:
            place = project.loaded.nearest(("subjects", name, "noun"))
            found.append(Problem(kind="no_consent", place=place, data={"name": name}, warning=True))
        elif lacks:
            place = project.loaded.nearest(("subjects", name, "consent"))
            data: JSONObject = {"name": name, "lacks": ", ".join(lacks)}
            found.append(Problem(kind="half_a_consent", place=place, data=data, warning=True))
        day = str(consent.get("on", ""))
        if day and not _is_day(day):
            place = project.loaded.nearest(("subjects", name, "consent", "on"))
            found.append(Problem(kind="consent_no_day", place=place, data={"name": name, "day": day}, warning=True))
        elif day and dt.date.fromisoformat(day) > today + dt.timedelta(days=1):  # it may be tomorrow elsewhere
            place = project.loaded.nearest(("subjects", name, "consent", "on"))
            found.append(Problem(kind="consent_to_come", place=place, data={"name": name, "day": day}, warning=True))
    return found


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def first_of_people(project: Project) -> bool:
    """Whether this is the first run of the project that makes pictures of people; it is remembered then."""
    store = project.workshop.store
    if not project.recipe.subjects or store.notes(NOTICE) is not None:
        return False
    store.note(NOTICE, "said")
    return True
