"""Adapters that a recipe takes from the shelf, and those a run adds to it.

Every training lands on the shelf after a run, cached or not, with the likeness that the run's gates measured.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

import msgspec
from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.provider_registry import ProviderSpec, find_provider
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.nodes import NodeStatus
from nano_banana.model.problem import Invalid, Position, Unusable, problem
from nano_banana.provenance.generation_record import CallRecord
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.recipe_model import FindShelfAdapter, Recipe, ShelfAdapter, Stage, no_shelf
from nano_banana.session.lock_file import locked_training_set
from nano_banana.session.run_execution import RunOutcome
from nano_banana.session.run_records import NodeRecord
from nano_banana.store.adapter_shelf import SHELF_FILE, AdapterCard, AdapterShelf, ShelvedAdapter
from nano_banana.store.local_store import Store

LOCAL_FAMILY = "local"
"""Both the provider and the family of what it trains."""


def shelf_offers(store: Path, files: RecipeFiles) -> FindShelfAdapter:
    """A function that looks up adapters on the shelf of the store in a folder; it opens the store for each look-up.

    The shelf becomes one of the run's `files`, so that a later run notices a changed shelf.
    """

    def offer(reference: str) -> ShelfAdapter:
        # Noted before it is read, so that a change in between counts.
        files.exists(store.absolute() / SHELF_FILE, confined=False)
        if not store.is_dir():
            return no_shelf(reference)
        with Store.open(store) as opened:
            return _offered(opened.shelf, reference)

    return offer


def check_adapter_providers(recipe: Recipe, provider: ProviderSpec, nearest: Callable[[KeyPath], Position]) -> None:
    """Raise Invalid for adapters from the shelf that this provider can't draw with.

    A provider with its own adapter family draws with that family only, and no other provider does.
    """
    wrong = [
        problem(
            "adapter_provider",
            position=nearest(("adapters", adapter.name, "model")),
            model=adapter.model,
            made_for=adapter.provider,
            provider=provider.name,
        )
        for adapter in recipe.adapters.values()
        if adapter.provider not in ("", provider.name) and (provider.adapter_family or _own_family(adapter.provider))
    ]
    if wrong:
        raise Invalid(wrong)


def _own_family(provider: str) -> str:
    spec = find_provider(provider)
    return "" if spec is None else spec.adapter_family


def _offered(shelf: AdapterShelf, reference: str) -> ShelfAdapter:
    found = shelf.get(reference)
    try:
        path = shelf.path(found)
    except Unusable as error:
        if {problem.kind for problem in error.problems} & {"blob_missing", "blob_damaged"}:
            raise Invalid([problem("shelf_lost", model=found.reference)]) from error
        raise
    is_local = found.card.base == LOCAL_FAMILY
    return ShelfAdapter(
        model=found.reference,
        path=path,
        digest=found.digest,
        base="" if is_local else found.card.base,
        provider=LOCAL_FAMILY if is_local else "fal",
    )


def shelve_adapters(
    shelf: AdapterShelf,
    recipe: Recipe,
    catalog: Catalog,
    outcome: RunOutcome,
    *,
    clock: Callable[[], float] = time.time,
) -> list[ShelvedAdapter]:
    """Put each trained adapter on the shelf under its subject's name, unless it is there already.

    Its card gets the likeness that this run measured. Returns the shelved adapters in the run's order. `clock` gives
    seconds since 1970.
    """
    trained = [
        record for record in outcome.records if record.card.kind == "adapter" and record.status is NodeStatus.DONE
    ]
    if not trained:
        return []
    known = {(found.digest, found.card.subject): found for found in shelf.all()}
    kept = []
    for record in trained:
        if record.result is None:
            continue
        subject, scores = record.card.subject, measured_likenesses(recipe, record, outcome.records)
        found = known.get((record.result.digest, subject))
        if found is None:
            card = training_card(recipe, catalog, record)
            card = replace(card, made_at=clock(), run=outcome.run, recipe=recipe.name)
            found = shelf.keep(subject, record.result, card, anywhere=True)
        if scores:
            measured = replace(found.card, likeness=round(median(scores), 4), judged=len(scores))
            found = shelf.amend(found, measured)
        kept.append(found)
    return kept


def training_card(recipe: Recipe, catalog: Catalog, record: NodeRecord) -> AdapterCard:
    """The adapter's card, from its training's calls and the recipe."""
    packing, *_, training = msgspec.convert(json.loads(record.calls), list[CallRecord])
    photos = locked_training_set(packing.inputs)
    subject = recipe.subjects[record.card.subject]
    endpoint = catalog.get(training.endpoint)
    return AdapterCard(
        base=_own_family(training.provider) or (endpoint and endpoint.trains) or "",
        provider=training.provider,
        subject=subject.name,
        trigger=subject.trigger,
        noun=subject.noun,
        trainer=training.endpoint,
        settings=training.arguments,
        training_set=photos.sha256,
        photos=photos.photos,
        cost_usd=training.cost_usd,
    )


def measured_likenesses(recipe: Recipe, trained: NodeRecord, records: Sequence[NodeRecord]) -> list[float]:
    """The likenesses to held-out photos of all first attempts drawn with an adapter, also of rejected ones."""
    subject = trained.card.subject
    gates = {
        record.card.stage
        for record in records
        if record.card.kind == "person" and record.card.subject == subject and record.person.get("held_out") is True
    }
    gates = {gate for gate in gates if trained.card.stage in set(_adapters_above(recipe, recipe.stage(gate)))}
    return [
        ruled.score
        for record in records
        if gates and record.card.cast == (subject,)
        for ruled in record.verdicts
        if ruled.stage in gates and not ruled.attempt.number and ruled.score is not None
    ]


def _adapters_above(recipe: Recipe, stage: Stage) -> Iterator[str]:
    """The adapters that pictures were drawn with before a stage."""
    yield from (name for name, _ in stage.adapters)
    for source in stage.sources:
        yield from _adapters_above(recipe, recipe.stage(source.stage))
