"""Quoted prices by endpoint, as a dated file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from nano_banana.catalog.quote import Quote
from nano_banana.core.json import JSONValue

FILE = "prices.json"
"""The file's name in the store's folder."""


def quotes_text(quotes: Mapping[str, Quote]) -> str:
    """The file's text."""
    rows = {
        name: {"amount": quote.amount, "unit": quote.unit, "currency": quote.currency, "as_of": quote.as_of}
        for name, quote in sorted(quotes.items())
    }
    return json.dumps({"prices": rows}, indent=1) + "\n"


def read_quotes(path: Path) -> dict[str, Quote]:
    """The quotes in the file. None where it is not there or not whole: it can be fetched again."""
    try:
        told: JSONValue = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    rows = told.get("prices") if isinstance(told, dict) else None
    found = {name: _quote(row) for name, row in rows.items()} if isinstance(rows, dict) else {}
    return {name: quote for name, quote in found.items() if quote is not None}


def _quote(row: JSONValue) -> Quote | None:
    if not isinstance(row, dict):
        return None
    amount, unit, currency, as_of = (row.get(key) for key in ("amount", "unit", "currency", "as_of"))
    if not isinstance(amount, int | float) or not isinstance(unit, str) or not isinstance(as_of, str):
        return None
    return Quote(amount=float(amount), unit=unit, currency=str(currency), as_of=as_of)
