"""Whether adapters fit the endpoint they are drawn with."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.json import as_items, as_object
from nano_banana.recipe.model import AdapterFile, Shot, Stage
from nano_banana.recipe.resolve.prompts import ALL
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.resolve.triggers import wears


def check_adapters(
    reading: Reading,
    stage: Stage,
    endpoint: Endpoint,
    stages: Mapping[str, Stage],
    adapters: Mapping[str, AdapterFile],
) -> None:
    """Note adapters that the endpoint does not take: any, so many, or of that family."""
    where = (*stage.where, "adapters")
    if stage.adapters and not endpoint.roles.adapters:
        reading.wrong_key("takes_no_adapters", where, endpoint=endpoint.id)
        return
    most = endpoint.adapters_max
    if most is not None and len(stage.adapters) > most:
        reading.wrong_key("too_many_adapters", where, endpoint=endpoint.id, most=most, found=len(stage.adapters))
    for name, _ in stage.adapters:
        base = _base_of(reading, name, stages, adapters)
        if base and endpoint.base and base != endpoint.base:
            at = (*where, name)
            reading.wrong_key("adapter_base", at, name=name, base=base, endpoint=endpoint.id, needs=endpoint.base)


def _base_of(
    reading: Reading, name: str, stages: Mapping[str, Stage], adapters: Mapping[str, AdapterFile]
) -> str | None:
    if name in adapters:
        return adapters[name].base
    trainer = reading.catalog.get(stages[name].endpoint)
    return None if trainer is None else trainer.trains


def check_cast(reading: Reading, stage: Stage, stages: Mapping[str, Stage], drawn: list[Shot]) -> None:
    """Note shots of nobody, or of somebody whom the train stage behind an adapter does not train."""
    written = reading.section("shots")
    for name, _ in stage.adapters:
        trainer = stages.get(name)
        if trainer is None:
            continue
        where = (*stage.where, "adapters", name)
        for shot in drawn:
            if not wears(stage, shot):
                continue
            if "cast" not in as_object(written[shot.name]) and stage.where[-1] != "repair":
                reading.wrong_key("no_cast", shot.where, adapter=name, shot=shot.name, somebody=reading.somebody)
            for subject in shot.cast:
                if subject not in trainer.subjects and _all_known(reading, trainer):
                    reading.wrong_key("not_trained", where, stage=name, subject=subject, shot=shot.name)


def _all_known(reading: Reading, trainer: Stage) -> bool:
    """Whether every name that the stage trains is known; an unknown one is probably the one that is missed."""
    named = as_items(trainer.data[trainer.verb])
    return named == (ALL,) or all(name in reading.section("subjects") for name in named)
