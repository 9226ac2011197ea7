"""How fal lists endpoints, asked and kept in the store's folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from nano_banana.catalog.listing import Listing
from nano_banana.catalog.listings import FILE, listings_text, read_listings
from nano_banana.config_file import write_atomically
from nano_banana.workshop.crew import Access
from nano_banana.workshop.platform import fetch_listings

FRESH = 86_400.0
"""Seconds for which an answer is still shown unasked."""


def ask_listings(access: Access, store: Path, ids: Sequence[str], *, now: float) -> dict[str, Listing]:
    """Ask fal how it lists these endpoints, and keep it. Raises as `fetch_listings`, and Unusable."""
    found = fetch_listings(access, ids, now=now)
    file = store / FILE
    write_atomically(file, listings_text({**read_listings(file), **found}).encode(), mode=0o644)
    return found


def kept_listings(store: Path, ids: Sequence[str], *, now: float) -> dict[str, Listing]:
    """Those of these endpoints that fal was asked about in the last day."""
    kept = read_listings(store / FILE)
    return {name: kept[name] for name in ids if name in kept and 0 <= now - kept[name].as_of < FRESH}


def day_of(seconds: float) -> str:
    """`2026-11-22`, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
