"""What a recipe writes down and never uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nano_banana.core.problem import Place, Problem
from nano_banana.recipe.model import Shot, Stage, asking
from nano_banana.recipe.resolve.reading import Reading

UNUSED = frozenset({"template_unused", "shot_unused", "adapter_unused", "no_stages"})
"""Warnings that say little beside an error: what seems unused may be what an unknown name meant."""


def check_unused(reading: Reading, shots: Mapping[str, Shot], stages: Iterable[Stage]) -> None:
    """Warn of shots that no stage draws, of trainings that no stage draws with, and of a recipe without work.

    A recipe that only trains is one; what another file holds is there for other recipes too.
    """
    stages = list(stages)
    if not stages:
        _warn(reading, "no_stages", reading.document.key_place(("name",)), "")
        return
    drawn = {shot for stage in stages for shot in stage.shots}
    for name, shot in shots.items():
        if name not in drawn:
            _warn(reading, "shot_unused", reading.document.key_place(shot.where), name)
    worn = {name for stage in asking(stages) for name, _ in stage.adapters}
    for stage in stages:
        if stage.verb == "train" and stage.id not in worn and drawn:
            _warn(reading, "adapter_unused", reading.document.nearest((*stage.where, "id")), stage.id)


def _warn(reading: Reading, kind: str, place: Place, name: str) -> None:
    if place.file == reading.document.texts.shown:
        reading.add(Problem(kind=kind, place=place, data={"name": name}, warning=True))
