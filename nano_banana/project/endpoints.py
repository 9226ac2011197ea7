"""The project's own copies of endpoints, written from how fal lists them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.catalog.catalog import Catalog, read_text
from nano_banana.catalog.changes import FieldChange, changes
from nano_banana.catalog.describe import endpoint_text
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.guess import guess
from nano_banana.catalog.listing import Listing
from nano_banana.catalog.refreshed import refreshed, sound
from nano_banana.catalog.text import parse
from nano_banana.config_file import write_atomically
from nano_banana.core.errors import Invalid, trouble
from nano_banana.project.listings import day_of

_ID = re.compile(r"[\w.-]+(/[\w.-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
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


def check_ids(catalog: Catalog, names: Sequence[str]) -> None:
    """Raise Invalid for what can be no endpoint's id."""
    wrong = [name for name in names if not _ID.fullmatch(name)]
    if wrong:
        raise Invalid([trouble("endpoint_strange", hint=catalog.near(name), name=name) for name in wrong])


def refresh_endpoints(catalog: Catalog, folder: Path, listings: Mapping[str, Listing], *, named: bool) -> list[Refresh]:
    """Write `folder/<owner>--<name>.yaml` for what is listed otherwise than it is known.

    Where they were `named`, also for what is the same. Raises Invalid for an endpoint that neither the catalog nor
    fal has, Unusable where a file can't be written.
    """
    lost = [name for name, listing in listings.items() if listing.gone and catalog.get(name) is None]
    if lost:
        raise Invalid([trouble("endpoint_strange", hint=catalog.near(name), name=name) for name in lost])
    files = _files(folder)
    done = [_refresh(catalog, folder, files, listing, named=named) for listing in listings.values()]
    if any(refresh.file for refresh in done):
        Catalog.load(folder)  # what can't be read again is our mistake, and is said at once
    return done


def _refresh(catalog: Catalog, folder: Path, files: Mapping[str, Path], listing: Listing, *, named: bool) -> Refresh:
    name, known = listing.id, catalog.written(listing.id)
    if listing.gone or listing.fields is None:
        fate = "gone" if listing.gone else "undescribed"
        return Refresh(endpoint=name, fate=fate, deprecated=listing.deprecated)
    if known is None:
        found = guess(listing)
        file = _write(folder, files, sound(found.endpoint), listing)
        return Refresh(endpoint=name, fate="added", file=file, unsure=found.unsure, deprecated=listing.deprecated)
    differs = changes(known.fields, listing.fields, adapters_max=known.adapters_max)
    now = refreshed(known, listing.fields)
    return Refresh(
        endpoint=name,
        fate="changed" if differs else "same",
        file=_write(folder, files, now, listing) if differs or named else None,
        changes=differs,
        deprecated=listing.deprecated,
        price_lost=known.price is not None and now.price is None,
    )


def _write(folder: Path, files: Mapping[str, Path], endpoint: Endpoint, listing: Listing) -> Path:
    file = files.get(endpoint.id) or folder / f"{endpoint.id.replace('/', '--')}.yaml"
    remarks = [
        f"Fields as fal's OpenAPI listed them on {day_of(listing.as_of)}: nano-banana catalog refresh {endpoint.id}"
    ]
    write_atomically(file, endpoint_text(endpoint, remarks).encode(), mode=0o644)
    return file


def _files(folder: Path) -> dict[str, Path]:
    """Which file of the project's describes which endpoint; they were read before, so they can be."""
    found = {}
    for path in sorted(folder.glob("*.y*ml")):
        told = parse(read_text(path), file=str(path)).value
        if isinstance(told, Mapping):
            found[str(told.get("id"))] = path
    return found
