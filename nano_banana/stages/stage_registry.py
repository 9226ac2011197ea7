"""Every kind of stage, by its verb: ours and installed ones."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

from nano_banana.recipe.recipe_model import Stage
from nano_banana.stages.stage_kind import StageKind

_OURS: Mapping[str, str] = {
    "train": "train_stage:TrainStage",
    "generate": "generate_stage:GenerateStage",
    "open": "open_stage:OpenStage",
    "inpaint": "inpaint_stage:InpaintStage",
    "gate": "gate_stage:GateStage",
    "choose": "choose_stage:ChooseStage",
    "upscale": "enhance_stage:UpscaleStage",
    "restore": "enhance_stage:RestoreStage",
    "mark": "mark_stage:MarkStage",
    "call": "call_stage:CallStage",
}
"""Loaded by name, as installed ones are: a kind may look at the others, but none imports this table."""


@cache
def stage_kinds() -> Mapping[str, StageKind]:
    """Every stage kind by its verb."""
    found: dict[str, StageKind] = {}
    for verb, target in _OURS.items():
        module, _, name = target.partition(":")
        kind = getattr(importlib.import_module(f"nano_banana.stages.{module}"), name)
        found[verb] = kind()
    return found


def kind_of(stage: Stage) -> StageKind:
    """The kind of a stage of a recipe that was loaded."""
    return stage_kinds()[stage.verb]
