"""How endpoints were listed when their service was last asked, as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from nano_banana.catalog.build import build
from nano_banana.catalog.describe import describe_field
from nano_banana.catalog.listing import Listing
from nano_banana.core.json import JSONObject, JSONValue

FILE = "listings.json"
"""The file's name in the store's folder."""


def listings_text(listings: Mapping[str, Listing]) -> str:
    """The file's text."""
    return json.dumps({"listings": {name: _told(listing) for name, listing in sorted(listings.items())}}) + "\n"


def read_listings(path: Path) -> dict[str, Listing]:
    """The listings in the file. None where it is not there or not whole: they can be asked for again."""
    try:
        rows = json.loads(path.read_text("utf-8"))["listings"]
        return {name: _listing(name, row) for name, row in rows.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _told(listing: Listing) -> JSONValue:
    fields: JSONValue = None
    if listing.fields is not None:
        fields = {name: describe_field(field) for name, field in listing.fields.items()}
    return {
        "as_of": listing.as_of,
        "gone": listing.gone,
        "deprecated": listing.deprecated,
        "fields": fields,
        "makes": list(listing.makes),
    }


def _listing(name: str, row: JSONObject) -> Listing:
    fields, makes = row["fields"], tuple(cast("list[str]", row["makes"]))
    made = None if fields is None else build({"id": name, "does": "other", "makes": [], "fields": fields})
    return Listing(
        id=name,
        as_of=float(cast(float, row["as_of"])),
        gone=row["gone"] is True,
        deprecated=row["deprecated"] is True,
        fields=None if made is None else made.fields,
        makes=makes,
    )
