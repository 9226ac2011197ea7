"""What a run needs of a recipe: its files, providers, prices and kinds."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Task
from nano_banana.catalog.provider_registry import ProviderSpec, description_revision, find_provider, provider_revision
from nano_banana.formats.file_stamps import FileStamp, stamp_or_none
from nano_banana.model.call import Call
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.nodes import NodeStatus
from nano_banana.model.problem import Invalid, problem
from nano_banana.planner.cost_forecast import price_function
from nano_banana.planner.takes import Selection
from nano_banana.recipe.recipe_model import KeyPath, Recipe, Stage
from nano_banana.recipe.training_photos import picture_media_type
from nano_banana.session.forecasting import Forecast
from nano_banana.session.manifest import MANIFEST
from nano_banana.session.run_execution import RunOutcome
from nano_banana.session.run_records import NodeRecord
from nano_banana.session.run_request import RunRequest, RunTrace
from nano_banana.stages.stage_calls import CallTarget

OCTET_STREAM = "application/octet-stream"
_MEDIA = {".txt": "text/plain", ".safetensors": OCTET_STREAM}


def input_places(recipe: Recipe) -> Mapping[Path, KeyPath]:
    """Every file of the user's that calls take in, and where the recipe names it."""
    found: dict[Path, KeyPath] = {}
    for name, subject in recipe.subjects.items():
        where: KeyPath = ("subjects", name, "training_set")
        found |= {path: where for photo in subject.photos for path in (photo.path, photo.caption) if path}
    found |= {adapter.path: ("adapters", name) for name, adapter in recipe.adapters.items()}
    for name, subject in recipe.subjects.items():
        found |= dict.fromkeys(subject.references, ("subjects", name, "references"))
    for stage in recipe.asking:
        found |= {path: (*stage.where, key) for key, path in stage.files.items()}
    for name, shot in recipe.shots.items():
        found |= dict.fromkeys(shot.pictures.values(), ("shots", name, "pictures"))
    return found


def input_files(recipe: Recipe) -> Mapping[Path, str]:
    """Every file of the user's that calls take in, with its media type."""
    return {path: media_of(path) for path in input_places(recipe)}


def media_of(path: Path) -> str:
    """A file's media type, by its name or its first bytes."""
    try:
        return _MEDIA.get(path.suffix.casefold()) or picture_media_type(path) or OCTET_STREAM
    except OSError:
        # Whoever reads it says why that can't be done.
        return OCTET_STREAM


def requested_selection(request: RunRequest) -> Selection:
    """Which takes are wanted."""
    return Selection(only=request.only, sample=request.sample)


def manifest_head(recipe: Recipe, provider: str, folder: Path) -> JSONObject:
    """What the manifest in `folder` says of the run as a whole; consent is kept with the pictures that it allows."""
    subjects: dict[str, JSONValue] = {
        name: {"noun": subject.noun, "trigger": subject.trigger, "consent": subject.consent}
        for name, subject in recipe.subjects.items()
    }
    file = os.path.relpath(recipe.path.absolute(), folder.absolute())
    return {"manifest": 1, "recipe": recipe.name, "file": file, "provider": provider, "subjects": subjects}


def check_endpoints_answered(spec: ProviderSpec, asked: Sequence[Stage], catalog: Catalog) -> None:
    """Raise Invalid if the provider can't answer the endpoints of these stages."""
    names = sorted({stage.endpoint for stage in asked})
    if spec.reads_descriptions and (lost := [name for name in names if catalog.get(name) is None]):
        raise Invalid([problem("local_undescribed", names=", ".join(lost))])
    if foreign := [name for name in names if not spec.answers(name)]:
        known = ", ".join(spec.endpoints)
        raise Invalid([problem("endpoints_unanswered", provider=spec.name, names=", ".join(foreign), known=known)])


def oldest_price_date(recipe: Recipe, catalog: Catalog) -> str | None:
    """The date of the oldest price of the recipe's endpoints; None where none has a price."""
    endpoints = [catalog.get(stage.endpoint) for stage in recipe.asking]
    return min((found.price.as_of for found in endpoints if found is not None and found.price), default=None)


def call_target(recipe: Recipe, catalog: Catalog, spec: ProviderSpec, *, emulated: bool) -> CallTarget:
    """Where the paid calls go. What an emulator draws has another revision, so it never passes for the service's."""
    revision = provider_revision(spec, emulated=emulated)
    if not spec.reads_descriptions:
        return CallTarget(provider=spec.name, revision=revision)
    endpoints = [catalog.get(stage.endpoint) for stage in recipe.asking]
    meanings = {endpoint.id: description_revision(spec, endpoint) for endpoint in endpoints if endpoint is not None}
    return CallTarget(provider=spec.name, revision=revision, meanings=meanings)


def call_kind(catalog: Catalog) -> Callable[[Call], str]:
    """A function that sorts calls by the limit that holds for them: `train`, `image` or `compute`."""

    def kind_of(call: Call) -> str:
        spec = find_provider(call.provider)
        if spec is not None and spec.limit:
            return spec.limit
        endpoint = catalog.get(call.endpoint)
        return "train" if endpoint is not None and endpoint.does is Task.TRAIN else "image"

    return kind_of


def max_price(catalog: Catalog) -> Callable[[Call], float | None]:
    """A function that says the most that a call may cost, in USD; None where nobody knows."""
    money_of = price_function(catalog)

    def price(call: Call) -> float | None:
        money = money_of(call)
        return None if money is None else money.high

    return price


def in_recipe_order(forecast: Forecast, outcome: RunOutcome) -> RunOutcome:
    """The outcome with its records as the recipe has them, not as they happened to end.

    What the run never came to is stopped.
    """
    ended = {record.id: record for record in outcome.records}
    records = [ended.get(record.id) or _stopped(record) for record in forecast.records]
    return replace(outcome, records=records)


def _stopped(record: NodeRecord) -> NodeRecord:
    return replace(record, status=NodeStatus.STOPPED, pictures=(), problems=(), keys={}, calls="[]")


def trace_of_run(
    outcome: RunOutcome, *, read: Mapping[Path, FileStamp | None], environment: Mapping[str, str]
) -> RunTrace:
    """What the next run compares to see that nothing changed; its summary is for whoever writes it down.

    `read` is how files looked before they were read: one that was edited during the run has changed since.
    """
    return RunTrace(
        read={str(path): stamp for path, stamp in read.items()},
        environment=environment,
        folder=str(outcome.folder),
        written={**outcome.files, MANIFEST: stamp_or_none(outcome.folder / MANIFEST)},
        summary={},
    )
