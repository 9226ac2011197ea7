"""Compares endpoints with fal's listings; updates the project's copies.

A change matters to a recipe where a request that it makes would not fit any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.arguments import argument_problems, complete_arguments
from nano_banana.catalog.catalog import Catalog, read_text
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.endpoint_format import endpoint_to_yaml
from nano_banana.catalog.endpoint_updates import (
    ChangeType,
    FieldChange,
    field_changes,
    guess_endpoint,
    updated_endpoint,
    without_invalid_defaults,
)
from nano_banana.catalog.openapi_listing import LISTINGS_FILE, EndpointListing, format_listings, read_listings
from nano_banana.features.endpoints.endpoint_prices import fetch_listings
from nano_banana.formats.yaml_reader import parse_yaml
from nano_banana.formats.yaml_values import KeyPath, to_plain
from nano_banana.model.problem import Invalid, Position, Problem, problem
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.recipe.interpolation import is_template_value
from nano_banana.recipe.recipe_model import Stage
from nano_banana.recipe.recipe_sections import Identity
from nano_banana.session.session import Session
from nano_banana.settings.config_file import write_atomically
from nano_banana.stages.stage_registry import kind_of

LISTING_SECONDS = 86_400.0
"""Seconds for which an answer is still shown unasked."""


def refresh_listings(config: FalConfig, store: Path, ids: Sequence[str], *, now: float) -> dict[str, EndpointListing]:
    """Ask fal how it lists these endpoints, and keep it. Raises as `fetch_listings`, and Unusable."""
    found = fetch_listings(config, ids, now=now)
    file = store / LISTINGS_FILE
    write_atomically(file, format_listings({**read_listings(file), **found}).encode(), mode=0o644)
    return found


def kept_listings(store: Path, ids: Sequence[str], *, now: float) -> dict[str, EndpointListing]:
    """Those of these endpoints that fal was asked about in the last day."""
    kept = read_listings(store / LISTINGS_FILE)
    return {name: kept[name] for name in ids if name in kept and 0 <= now - kept[name].as_of < LISTING_SECONDS}


def utc_date(seconds: float) -> str:
    """`2026-11-22`, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


_ID = re.compile(r"[\w.-]+(/[\w.-]+)+")


class EndpointRefresh(Struct, frozen=True, kw_only=True):
    """What became of one endpoint.

    `fate` is `same`, `changed`, `added` (nobody had described it), `gone` (fal has no such endpoint) or
    `undescribed` (fal does not say what it takes); `file` is what was written, None for nothing. `unsure` are the
    keys of an added one that nothing told. `price_lost` says that its price hung on a field that is gone.
    """

    endpoint: str
    fate: str
    file: Path | None = None
    changes: Sequence[FieldChange] = ()
    unsure: Sequence[str] = ()
    deprecated: bool = False
    price_lost: bool = False


def check_endpoint_ids(catalog: Catalog, names: Sequence[str]) -> None:
    """Raise Invalid for what can be no endpoint's id."""
    wrong = [name for name in names if not _ID.fullmatch(name)]
    if wrong:
        raise Invalid([problem("endpoint_strange", suggestions=catalog.near(name), name=name) for name in wrong])


def refresh_endpoints(
    catalog: Catalog, folder: Path, listings: Mapping[str, EndpointListing], *, named: bool
) -> list[EndpointRefresh]:
    """Write `folder/<owner>--<name>.yaml` for what is listed otherwise than it is known.

    Where they were `named`, also for what is the same. Raises Invalid for an endpoint that neither the catalog nor
    fal has, Unusable where a file can't be written.
    """
    lost = [name for name, listing in listings.items() if listing.gone and catalog.get(name) is None]
    if lost:
        raise Invalid([problem("endpoint_strange", suggestions=catalog.near(name), name=name) for name in lost])
    files = _own_files(folder)
    done = [_refresh(catalog, folder, files, listing, named=named) for listing in listings.values()]
    if any(refresh.file for refresh in done):
        Catalog.load(folder)  # what can't be read again is our mistake, and is said at once
    return done


def _refresh(
    catalog: Catalog, folder: Path, files: Mapping[str, Path], listing: EndpointListing, *, named: bool
) -> EndpointRefresh:
    name, known = listing.id, catalog.written(listing.id)
    if listing.gone or listing.fields is None:
        fate = "gone" if listing.gone else "undescribed"
        return EndpointRefresh(endpoint=name, fate=fate, deprecated=listing.deprecated)
    if known is None:
        found = guess_endpoint(listing)
        file = _write(folder, files, without_invalid_defaults(found.endpoint), listing)
        return EndpointRefresh(
            endpoint=name, fate="added", file=file, unsure=found.unsure, deprecated=listing.deprecated
        )
    differs = field_changes(known.fields, listing.fields, adapters_max=known.adapters_max)
    now = updated_endpoint(known, listing.fields)
    return EndpointRefresh(
        endpoint=name,
        fate="changed" if differs else "same",
        file=_write(folder, files, now, listing) if differs or named else None,
        changes=differs,
        deprecated=listing.deprecated,
        price_lost=known.price is not None and now.price is None,
    )


def _write(folder: Path, files: Mapping[str, Path], endpoint: Endpoint, listing: EndpointListing) -> Path:
    file = files.get(endpoint.id) or folder / f"{endpoint.id.replace('/', '--')}.yaml"
    remarks = [
        f"Fields as fal's OpenAPI listed them on {utc_date(listing.as_of)}: nano-banana catalog refresh {endpoint.id}"
    ]
    write_atomically(file, endpoint_to_yaml(endpoint, remarks).encode(), mode=0o644)
    return file


def _own_files(folder: Path) -> dict[str, Path]:
    """Which file of the project's describes which endpoint; they were read before, so they can be."""
    found = {}
    for path in sorted(folder.glob("*.y*ml")):
        told = to_plain(parse_yaml(read_text(path), file=str(path)))
        if isinstance(told, Mapping):
            found[str(told.get("id"))] = path
    return found


_PROBLEM_KINDS = {
    ChangeType.NEW: "listed_field_needed",
    ChangeType.GONE: "listed_field_gone",
    ChangeType.TYPE: "listed_field_type",
    ChangeType.REQUIRED: "listed_field_needed",
    ChangeType.RANGE: "listed_field_range",
    ChangeType.CHOICES: "listed_field_choices",
}


class ListingComparison(Struct, frozen=True, kw_only=True):
    """`problems` are warnings; `others` counts by endpoint what changed and is no matter to this recipe.

    `as_of` is when fal was asked (the longest ago of all), in seconds since 1970; None where it was not.
    """

    problems: Sequence[Problem]
    others: Mapping[str, int]
    as_of: float | None


def paid_endpoints(session: Session) -> list[str]:
    """The paid endpoints of the recipe, each once."""
    return list(dict.fromkeys(stage.endpoint for stage in session.recipe.asking))


def compare_with_listings(session: Session, listings: Mapping[str, EndpointListing]) -> ListingComparison:
    """What fal's listings mean for this recipe: endpoints that are gone or on their way out, fields that changed.

    A change matters where a request that the recipe makes would not fit any more.
    """
    if not listings:
        return ListingComparison(problems=(), others={}, as_of=None)
    remarks = [remark for stage in session.recipe.asking for remark in _listing_remarks(session, stage, listings)]
    told = {(remark.listing.id, change.field, change.sort) for remark in remarks if (change := remark.change)}
    others = {
        name: sum((name, change.field, change.sort) not in told for change in _changes(session, listing))
        for name, listing in listings.items()
    }
    return ListingComparison(
        problems=sorted(
            (_remark_problem(remark, session.loaded.nearest(remark.where)) for remark in remarks),
            key=lambda problem: problem.order,
        ),
        others={name: count for name, count in others.items() if count},
        as_of=min(listing.as_of for listing in listings.values()),
    )


class _ListingRemark(Struct, frozen=True, kw_only=True):
    """Something about a stage's endpoint: a change of a field, or (None) of all of it."""

    listing: EndpointListing
    where: KeyPath
    change: FieldChange | None = None


def _listing_remarks(
    session: Session, stage: Stage, listings: Mapping[str, EndpointListing]
) -> Iterator[_ListingRemark]:
    listing = listings.get(stage.endpoint)
    if listing is None:
        return
    using = (*stage.where, kind_of(stage).endpoint_key)
    if listing.gone or listing.deprecated:
        yield _ListingRemark(listing=listing, where=using)
    endpoint = session.catalog.get(stage.endpoint)
    shown = any(session.recipe.shots[name].identity is Identity.REFERENCE for name in stage.shots)
    for change in _changes(session, listing):
        if endpoint is not None and _matters(change, stage, endpoint, listing, shown=shown):
            where = (*stage.where, "with", change.field) if change.field in stage.options else using
            yield _ListingRemark(listing=listing, where=where, change=change)


def _matters(change: FieldChange, stage: Stage, endpoint: Endpoint, listing: EndpointListing, *, shown: bool) -> bool:
    name, filled = change.field, kind_of(stage).fields_set(stage, endpoint, references=shown)
    if not change.harmful or change.sort is ChangeType.NEW:
        return change.harmful
    sent = complete_arguments(endpoint, stage.options)
    if change.sort is ChangeType.REQUIRED:
        return name not in sent and name not in filled
    if change.sort is ChangeType.GONE or name in filled:
        return name in stage.options or name in filled
    now = replace(endpoint, fields=listing.fields or {})
    wrong = argument_problems(now, {name: sent[name]}, deferred=is_template_value) if name in sent else []
    return any(misfit.path[:1] == (name,) and misfit.kind not in {"field_missing", "field_is_ours"} for misfit in wrong)


def _changes(session: Session, listing: EndpointListing) -> list[FieldChange]:
    endpoint = session.catalog.get(listing.id)
    if endpoint is None or listing.fields is None:
        return []
    return field_changes(endpoint.fields, listing.fields, adapters_max=endpoint.adapters_max)


def _remark_problem(remark: _ListingRemark, place: Position) -> Problem:
    listing, change = remark.listing, remark.change
    about = {"endpoint": listing.id, "as_of": utc_date(listing.as_of)}
    if change is None:
        kind = "endpoint_vanished" if listing.gone else "endpoint_deprecated"
        return Problem(kind=kind, position=place, data=about, warning=True)
    told = {**about, "field": change.field, "before": change.before, "after": change.after}
    return Problem(kind=_PROBLEM_KINDS[change.sort], position=place, data=told, warning=True)
