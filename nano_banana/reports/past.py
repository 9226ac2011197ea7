"""What passed a gate before, by template: remembered for the next plan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nano_banana.core.json import JSONObject, as_object, as_whole
from nano_banana.core.node import Card
from nano_banana.core.verdict import Ruling
from nano_banana.reports.record import Record
from nano_banana.reports.ruled import FIRST_TRY, Ruled, kind_of
from nano_banana.store.store import Store

KINDS = (FIRST_TRY, "retry", "repair")
"""Sorts of attempts; others are counted with the first tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How many pictures were judged, and how many of them were not refused."""

    judged: int = 0
    passed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What passed of first tries, of new seeds, and of repairs."""

    first: Rates
    retry: Rates
    repair: Rates


def template_key(recipe: str, card: Card) -> str:
    """What a take's prompt goes by: its template's name, or the recipe's and the shot's where it is the shot's own."""
    return f"{recipe}/{card.shot}" if card.template in ("", card.shot) else card.template


def past(store: Store, keys: Iterable[str]) -> dict[tuple[str, str], Past]:
    """What passed before, by the template's key and the gate's stage; what was never judged is not there."""
    return {
        (key, stage): Past(**{kind: Rates(**counts) for kind, counts in kinds.items()})
        for key in dict.fromkeys(keys)
        for stage, kinds in _read(store, key).items()
    }


def remember(store: Store, recipe: str, records: Iterable[Record]) -> None:
    """Add what this run saw for the first time: a picture counts once, however often it is judged again."""
    found: dict[str, Counter[tuple[str, str, str]]] = {}
    for record in records:
        counts = found.setdefault(template_key(recipe, record.card), Counter())
        for ruled in record.verdicts:
            if ruled.fresh:
                counts.update(_counted(ruled))
    for key, counts in found.items():
        if counts:
            _add(store, key, counts)


def _counted(ruled: Ruled) -> list[tuple[str, str, str]]:
    kind = kind_of(ruled.attempt.label)
    kind = kind if kind in KINDS else FIRST_TRY
    passed = [] if ruled.ruling is Ruling.REJECTED else [(ruled.stage, kind, "passed")]
    return [(ruled.stage, kind, "judged"), *passed]


def _add(store: Store, key: str, counts: Counter[tuple[str, str, str]]) -> None:
    known = _read(store, key)
    stages = dict.fromkeys([*known, *(stage for stage, _, _ in counts)])
    told: JSONObject = {
        stage: {
            kind: {
                name: known.get(stage, {}).get(kind, {}).get(name, 0) + counts[stage, kind, name]
                for name in ("judged", "passed")
            }
            for kind in KINDS
        }
        for stage in stages
    }
    store.note(_note(key), json.dumps(told))


def _read(store: Store, key: str) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
    """The counts by stage and kind; none where nothing is noted, or it is of another make."""
    try:
        told = as_object(json.loads(store.notes(_note(key)) or "{}"))
        return {
            stage: {
                kind: {name: as_whole(as_object(as_object(kinds)[kind])[name]) for name in ("judged", "passed")}
                for kind in KINDS
            }
            for stage, kinds in told.items()
        }
    except (ValueError, KeyError, TypeError):
        return {}


def _note(key: str) -> str:
    return f"acceptance/{key}"
