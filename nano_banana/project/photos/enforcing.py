"""A recipe's photo rules, held to before anything is paid for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.news import Watcher
from nano_banana.core.problem import Place, Problem
from nano_banana.project.forecast import Forecast
from nano_banana.project.photos.album import Album
from nano_banana.project.photos.studio import Studio
from nano_banana.project.project import Project
from nano_banana.recipe.photo_rules import Severity

MOST = 8
"""Rejections of one subject that are told one by one."""


def hold_photos(project: Project, watch: Watcher, forecast: Forecast | None = None) -> list[Problem]:
    """What the recipe's `photo_rules` warn of in the photos that train; nothing where it has no such rules.

    With a forecast only those count whose training is still to be made. Raises Invalid with what they reject, each at
    the place of the subject's training set, and Unusable where what finds faces is not installed.
    """
    if project.recipe.photo_rules is None:
        return []
    trained = {name for stage in project.recipe.stages if stage.verb == "train" for name in stage.subjects}
    if forecast is not None:
        trained &= {
            record.card.subject for record in forecast.records if record.card.kind == "adapter" and record.missing
        }
    subjects = [subject for name, subject in project.recipe.subjects.items() if name in trained]
    if not subjects:
        return []
    albums = Studio.of_subjects(project, subjects).albums(watch)
    problems = [problem for album in albums for problem in _problems(project, album)]
    if any(not problem.warning for problem in problems):
        raise Invalid(problems)
    return problems


def _problems(project: Project, album: Album) -> Iterator[Problem]:
    """What is rejected, photo by photo, and one warning of each kind; of the rest, how many there are."""
    place = project.loaded.nearest(("subjects", album.name, "training_set"))
    rejected = list(_found(album, Severity.REJECT, place))
    warned = list(_found(album, Severity.WARN, place))
    told = [*rejected[:MOST], *{problem.kind: problem for problem in reversed(warned)}.values()]
    yield from told
    left = len(rejected) + len(warned) - len(told)
    if left:
        more = trouble("photos_more", place=place, count=left, subject=album.name)
        yield replace(more, warning=len(rejected) <= MOST)


def _found(album: Album, severity: Severity, place: Place) -> Iterator[Problem]:
    told = [(album.name, album.findings), *((photo.shown, photo.findings) for photo in album.photos)]
    for path, findings in told:
        for finding in findings:
            if finding.severity is severity:
                warning = severity is not Severity.REJECT
                yield Problem(kind=finding.kind, place=place, data=finding.told(path), warning=warning)
