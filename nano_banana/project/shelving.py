"""Puts what a run trained on the shelf, with what the run knows of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import median
from typing import cast

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.json import JSONObject, as_number, as_object, as_text
from nano_banana.core.result import Status
from nano_banana.project.training_set import training_set
from nano_banana.recipe.model import Stage
from nano_banana.recipe.recipe import Recipe
from nano_banana.reports.record import Record
from nano_banana.shelf.card import Card, Shelved
from nano_banana.shelf.shelf import Shelf
from nano_banana.workshop.order import Outcome

LOCAL = "local"
"""The family of what the local provider trains, which it alone can draw with."""


def shelve(
    shelf: Shelf, recipe: Recipe, catalog: Catalog, outcome: Outcome, *, clock: Callable[[], float] = time.time
) -> list[Shelved]:
    """Put each adapter that was trained on the shelf under its subject's name, unless it is there already.

    What is there is told the likeness that this run measured. Returns what is there now, in the run's order. `clock`
    gives seconds since 1970.
    """
    trained = [record for record in outcome.records if record.card.kind == "adapter" and record.status is Status.DONE]
    if not trained:
        return []
    known = {(found.digest, found.card.subject): found for found in shelf.all()}
    kept = []
    for record in trained:
        if record.result is None:
            continue
        subject, scores = record.card.subject, likenesses(recipe, record, outcome.records)
        found = known.get((record.result.digest, subject))
        if found is None:
            card = card_of_training(recipe, catalog, record)
            card = replace(card, made_at=clock(), run=outcome.run, recipe=recipe.name)
            found = shelf.keep(subject, record.result, card, anywhere=True)
        if scores:
            measured = replace(found.card, likeness=round(median(scores), 4), judged=len(scores))
            found = shelf.amend(found, measured)
        kept.append(found)
    return kept


def card_of_training(recipe: Recipe, catalog: Catalog, record: Record) -> Card:
    """What a training's calls and its recipe tell of the adapter."""
    calls = cast("Sequence[JSONObject]", json.loads(record.calls))
    packing, training = calls[0], calls[-1]
    inputs = {place: as_text(digest) for place, digest in as_object(packing["inputs"]).items()}
    photos = training_set(inputs)
    subject = recipe.subjects[record.card.subject]
    provider, trainer, cost = as_text(training["provider"]), as_text(training["endpoint"]), training["cost_usd"]
    endpoint = catalog.get(trainer)
    family = endpoint.trains if endpoint is not None and endpoint.trains else ""
    return Card(
        base=LOCAL if provider == LOCAL else family,
        provider=provider,
        subject=subject.name,
        trigger=subject.trigger,
        noun=subject.noun,
        trainer=trainer,
        settings=as_object(training["arguments"]),
        training_set=photos.sha256,
        photos=photos.photos,
        cost_usd=None if cost is None else as_number(cost),
    )


def likenesses(recipe: Recipe, trained: Record, records: Sequence[Record]) -> list[float]:
    """The likenesses to held-out photos of every first try drawn with one adapter; refused ones are among them."""
    subject = trained.card.subject
    gates = {
        record.card.stage
        for record in records
        if record.card.kind == "person" and record.card.subject == subject and record.person.get("held_out") is True
    }
    gates = {gate for gate in gates if trained.card.stage in set(_worn_above(recipe, recipe.stage(gate)))}
    return [
        ruled.score
        for record in records
        if gates and record.card.cast == (subject,)
        for ruled in record.verdicts
        if ruled.stage in gates and not ruled.attempt.number and ruled.score is not None
    ]


def _worn_above(recipe: Recipe, stage: Stage) -> Iterator[str]:
    """The adapters that pictures were drawn with by the time they come to a stage."""
    yield from (name for name, _ in stage.adapters)
    for source in stage.sources:
        yield from _worn_above(recipe, recipe.stage(source.stage))
