"""Prices and fields of endpoints, compared with fal's and updated.

A changed field matters to a recipe if a request that it makes would not fit any more.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.arguments import argument_problems, complete_arguments
from nano_banana.catalog.catalog import Catalog, read_text
from nano_banana.catalog.endpoint import Endpoint, Price, endpoint_digest, endpoint_to_json, endpoint_to_yaml
from nano_banana.catalog.endpoint_updates import (
    ChangeType,
    FieldChange,
    field_changes,
    guess_endpoint,
    updated_endpoint,
    without_invalid_defaults,
)
from nano_banana.catalog.openapi_listing import (
    LISTINGS_FILE,
    EndpointListing,
    format_listings,
    parse_listing,
    read_listings,
)
from nano_banana.catalog.pricing import QUOTES_FILE, PriceQuote, format_quotes, is_doubtful, is_usable, read_quotes
from nano_banana.formats.yaml_reader import parse_yaml
from nano_banana.formats.yaml_values import KeyPath, to_plain
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, Problem, problem
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.recipe.interpolation import is_template_value
from nano_banana.recipe.recipe_model import Stage
from nano_banana.recipe.recipe_sections import Identity
from nano_banana.session.session import Session
from nano_banana.settings.config_file import write_atomically
from nano_banana.stages.stage_registry import kind_of

LISTING_SECONDS = 86_400.0
"""Seconds for which a listing is shown without asking again."""


def refresh_prices(config: FalConfig, store: Path, ids: Sequence[str], *, now: float) -> int:
    """Ask fal what these endpoints cost, keep it in the store's folder, and return how many have a price.

    `now` is in seconds since 1970. Raises Refused (no key, or one without the right), CallFailed (no answer), Unusable
    (can't be written).
    """
    from nano_banana.providers.fal.fal_platform_api import ask_platform

    quotes = {
        name: PriceQuote(amount=price.amount, unit=price.unit, currency=price.currency, as_of=utc_date(now))
        for name, price in asyncio.run(ask_platform(config, lambda platform: platform.prices(ids))).items()
    }
    file = store / QUOTES_FILE
    kept = {name: quote for name, quote in read_quotes(file).items() if name not in ids}
    write_atomically(file, format_quotes({**kept, **quotes}).encode(), mode=0o644)
    return len(quotes)


def refresh_listings(config: FalConfig, store: Path, ids: Sequence[str], *, now: float) -> dict[str, EndpointListing]:
    """Ask fal how it lists these endpoints, and keep it; an unknown one is `gone`. Raises as `refresh_prices` does."""
    from nano_banana.providers.fal.fal_platform_api import ask_platform

    found = asyncio.run(ask_platform(config, lambda platform: platform.models(ids)))
    listings = {
        name: parse_listing(name, found[name].openapi, as_of=now, deprecated=found[name].status == "deprecated")
        if name in found
        else EndpointListing(id=name, as_of=now, gone=True)
        for name in ids
    }
    file = store / LISTINGS_FILE
    write_atomically(file, format_listings({**read_listings(file), **listings}).encode(), mode=0o644)
    return listings


def kept_listings(store: Path, ids: Sequence[str], *, now: float) -> dict[str, EndpointListing]:
    """The listings of these endpoints that are less than a day old."""
    kept = read_listings(store / LISTINGS_FILE)
    return {name: kept[name] for name in ids if name in kept and 0 <= now - kept[name].as_of < LISTING_SECONDS}


def utc_date(seconds: float) -> str:
    """`2026-11-22`, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


class PriceRow(Struct, frozen=True, kw_only=True):
    """One endpoint's prices: `written` in its file, `quoted` by fal, and `price`, which plans use.

    `used` says that the quote is per the file's unit, `doubtful` that it differs much from the file's price, `own` that
    the project describes the endpoint.
    """

    endpoint: str
    written: Price | None
    quoted: PriceQuote | None
    price: Price | None
    used: bool
    doubtful: bool
    own: bool


def price_rows(catalog: Catalog, ids: Sequence[str]) -> list[PriceRow]:
    """A row for each of these endpoints that the catalog has."""
    rows = []
    for name in ids:
        written, now, quote = catalog.written(name), catalog.get(name), catalog.quotes.get(name)
        if written is None or now is None:
            continue
        rows.append(
            PriceRow(
                endpoint=name,
                written=written.price,
                quoted=quote,
                price=now.price,
                used=quote is not None and is_usable(written.price, quote),
                doubtful=quote is not None and is_doubtful(written.price, quote),
                own=catalog.is_own(name),
            )
        )
    return rows


def check_endpoints_known(catalog: Catalog, names: Iterable[str]) -> Sequence[str]:
    """The names, each once. Raises Invalid with each that the catalog lacks."""
    names = tuple(dict.fromkeys(names))
    wrong = [
        problem("endpoint_unlisted", suggestions=catalog.near(name), name=name)
        for name in names
        if not catalog.get(name)
    ]
    if wrong:
        raise Invalid(wrong)
    return names


def endpoint_json(catalog: Catalog, name: str) -> JSONObject:
    """A known endpoint as its file would have it, at its newest price; whether the project describes it; its digest."""
    endpoint = catalog.get(name)
    if endpoint is None:
        raise KeyError(name)
    return {**endpoint_to_json(endpoint), "own": catalog.is_own(name), "digest": endpoint_digest(endpoint)}


_ID = re.compile(r"[\w.-]+(/[\w.-]+)+")


class EndpointRefresh(Struct, frozen=True, kw_only=True):
    """The update of one endpoint.

    `fate` is `same`, `changed`, `added` (it had no description), `gone` (fal has no such endpoint) or `undescribed`
    (fal doesn't list its fields); `file` is what was written, if anything. `unsure` are guessed keys of an added one.
    `price_lost` says that its price depended on a field that is gone.
    """

    endpoint: str
    fate: str
    file: Path | None = None
    changes: Sequence[FieldChange] = ()
    unsure: Sequence[str] = ()
    deprecated: bool = False
    price_lost: bool = False


def check_endpoint_ids(catalog: Catalog, names: Sequence[str]) -> None:
    """Raise Invalid for names that can't be an endpoint's id."""
    wrong = [name for name in names if not _ID.fullmatch(name)]
    if wrong:
        raise Invalid([problem("endpoint_strange", suggestions=catalog.near(name), name=name) for name in wrong])


def refresh_endpoints(
    catalog: Catalog, folder: Path, listings: Mapping[str, EndpointListing], *, named: bool
) -> list[EndpointRefresh]:
    """Write `folder/<owner>--<name>.yaml` for each endpoint whose listing differs from the catalog.

    If they were `named`, also for those that don't differ. Raises Invalid for an endpoint that neither the catalog nor
    fal has, Unusable if a file can't be written.
    """
    lost = [name for name, listing in listings.items() if listing.gone and catalog.get(name) is None]
    if lost:
        raise Invalid([problem("endpoint_strange", suggestions=catalog.near(name), name=name) for name in lost])
    files = _own_files(folder)
    done = [_refresh(catalog, folder, files, listing, named=named) for listing in listings.values()]
    if any(refresh.file for refresh in done):
        Catalog.load(folder)  # fails at once if we wrote what we can't read
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
    """The project's files by the id of the endpoint that they describe. They are valid: the catalog has read them."""
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
    """`problems` are warnings; `others` counts by endpoint the changes that don't matter to this recipe.

    `as_of` is the time of the oldest listing, in seconds since 1970; None if there is none.
    """

    problems: Sequence[Problem]
    others: Mapping[str, int]
    as_of: float | None


def paid_endpoints(session: Session) -> list[str]:
    """The paid endpoints of the recipe, each once."""
    return list(dict.fromkeys(stage.endpoint for stage in session.recipe.asking))


def compare_with_listings(session: Session, listings: Mapping[str, EndpointListing]) -> ListingComparison:
    """What fal's listings mean for this recipe: endpoints that are gone or deprecated, and changed fields."""
    warnings = [
        (stage.endpoint, *found)
        for stage in session.recipe.asking
        for found in _listing_warnings(session, stage, listings)
    ]
    told = {(name, change.field, change.sort) for name, change, _ in warnings if change}
    others = {
        name: sum((name, change.field, change.sort) not in told for change in _changes(session, listing))
        for name, listing in listings.items()
    }
    return ListingComparison(
        problems=sorted((problem for *_, problem in warnings), key=lambda problem: problem.order),
        others={name: count for name, count in others.items() if count},
        as_of=min((listing.as_of for listing in listings.values()), default=None),
    )


def _listing_warnings(
    session: Session, stage: Stage, listings: Mapping[str, EndpointListing]
) -> Iterator[tuple[FieldChange | None, Problem]]:
    """Warnings about a stage's endpoint, each with the change of a field; None for one about the whole endpoint."""
    listing = listings.get(stage.endpoint)
    if listing is None:
        return
    using = (*stage.where, kind_of(stage).endpoint_key)

    def warning(kind: str, where: KeyPath, **data: JSONValue) -> Problem:
        about: JSONObject = {"endpoint": listing.id, "as_of": utc_date(listing.as_of), **data}
        return Problem(kind=kind, position=session.loaded.nearest(where), data=about, warning=True)

    if listing.gone or listing.deprecated:
        yield None, warning("endpoint_vanished" if listing.gone else "endpoint_deprecated", using)
    endpoint = session.catalog.get(stage.endpoint)
    shown = any(session.recipe.shots[name].identity is Identity.REFERENCE for name in stage.shots)
    for change in _changes(session, listing):
        if endpoint is not None and _matters(change, stage, endpoint, listing, shown=shown):
            where = (*stage.where, "with", change.field) if change.field in stage.options else using
            told = {"field": change.field, "before": change.before, "after": change.after}
            yield change, warning(_PROBLEM_KINDS[change.sort], where, **told)


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
