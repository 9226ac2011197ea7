"""A recipe compared with its endpoints as fal lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nano_banana.catalog.changes import FieldChange, Sort, changes
from nano_banana.catalog.check import misfits
from nano_banana.catalog.complete import complete
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.listing import Listing
from nano_banana.core.problem import Place, Problem
from nano_banana.project.listings import day_of
from nano_banana.project.project import Project
from nano_banana.recipe.document import load_document
from nano_banana.recipe.environ import Environ
from nano_banana.recipe.model import Identity, Stage, Where
from nano_banana.recipe.resolve.checks import filled_by, is_template

_KINDS = {
    Sort.NEW: "listed_field_needed",
    Sort.GONE: "listed_field_gone",
    Sort.TYPE: "listed_field_type",
    Sort.REQUIRED: "listed_field_needed",
    Sort.RANGE: "listed_field_range",
    Sort.CHOICES: "listed_field_choices",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """`problems` are warnings; `others` counts by endpoint what changed and is no matter to this recipe.

    `as_of` is when fal was asked (the longest ago of all), in seconds since 1970; None where it was not.
    """

    problems: Sequence[Problem]
    others: Mapping[str, int]
    as_of: float | None


def endpoints_of(project: Project) -> list[str]:
    """The paid endpoints of the recipe, each once."""
    return list(dict.fromkeys(stage.endpoint for stage in project.recipe.asking))


def compare(project: Project, listings: Mapping[str, Listing], environ: Mapping[str, str]) -> Compared:
    """What fal's listings mean for this recipe: endpoints that are gone or on their way out, fields that changed.

    A change matters where a request that the recipe makes would not fit any more.
    """
    if not listings:
        return Compared(problems=(), others={}, as_of=None)
    wish = project.wish
    document = load_document(wish.recipe, files=project.loaded.files, sets=wish.sets, environ=Environ(environ))
    remarks = [remark for stage in project.recipe.asking for remark in _remarks(project, stage, listings)]
    told = {(remark.listing.id, change.field, change.sort) for remark in remarks if (change := remark.change)}
    others = {
        name: sum((name, change.field, change.sort) not in told for change in _changes(project, listing))
        for name, listing in listings.items()
    }
    return Compared(
        problems=sorted(
            (_problem(remark, document.nearest(remark.where)) for remark in remarks), key=lambda problem: problem.order
        ),
        others={name: count for name, count in others.items() if count},
        as_of=min(listing.as_of for listing in listings.values()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remark:
    """Something about a stage's endpoint: a change of a field, or (None) of all of it."""

    listing: Listing
    where: Where
    change: FieldChange | None = None


def _remarks(project: Project, stage: Stage, listings: Mapping[str, Listing]) -> Iterator[_Remark]:
    listing = listings.get(stage.endpoint)
    if listing is None:
        return
    using = (*stage.where, "call" if stage.verb == "call" else "using")
    if listing.gone or listing.deprecated:
        yield _Remark(listing=listing, where=using)
    endpoint = project.catalog.get(stage.endpoint)
    shown = any(project.recipe.shots[name].identity is Identity.REFERENCE for name in stage.shots)
    for change in _changes(project, listing):
        if endpoint is not None and _matters(change, stage, endpoint, listing, shown=shown):
            where = (*stage.where, "with", change.field) if change.field in stage.options else using
            yield _Remark(listing=listing, where=where, change=change)


def _matters(change: FieldChange, stage: Stage, endpoint: Endpoint, listing: Listing, *, shown: bool) -> bool:
    name, filled = change.field, filled_by(stage, endpoint, shown=shown)
    if not change.harmful or change.sort is Sort.NEW:
        return change.harmful
    sent = complete(endpoint, stage.options)
    if change.sort is Sort.REQUIRED:
        return name not in sent and name not in filled
    if change.sort is Sort.GONE or name in filled:
        return name in stage.options or name in filled
    now = replace(endpoint, fields=listing.fields or {})
    wrong = misfits(now, {name: sent[name]}, deferred=is_template) if name in sent else []
    return any(misfit.path[:1] == (name,) and misfit.kind not in {"field_missing", "field_is_ours"} for misfit in wrong)


def _changes(project: Project, listing: Listing) -> list[FieldChange]:
    endpoint = project.catalog.get(listing.id)
    if endpoint is None or listing.fields is None:
        return []
    return changes(endpoint.fields, listing.fields, adapters_max=endpoint.adapters_max)


def _problem(remark: _Remark, place: Place) -> Problem:
    listing, change = remark.listing, remark.change
    about = {"endpoint": listing.id, "as_of": day_of(listing.as_of)}
    if change is None:
        kind = "endpoint_vanished" if listing.gone else "endpoint_deprecated"
        return Problem(kind=kind, place=place, data=about, warning=True)
    told = {**about, "field": change.field, "before": change.before, "after": change.after}
    return Problem(kind=_KINDS[change.sort], place=place, data=told, warning=True)
