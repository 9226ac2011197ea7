"""Every kind of stage, by its verb."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.stages import (
    call_stage,
    choose_stage,
    enhance_stage,
    gate_stage,
    generate_stage,
    inpaint_stage,
    mark_stage,
    train_stage,
)
from nano_banana.stages import open_stage as opening
from nano_banana.stages.stage_kind import StageKind

STAGE_KINDS: Mapping[str, StageKind] = {
    kind.verb: kind
    for kind in (
        train_stage.KIND,
        generate_stage.KIND,
        opening.KIND,
        inpaint_stage.KIND,
        gate_stage.KIND,
        choose_stage.KIND,
        enhance_stage.UPSCALE,
        enhance_stage.RESTORE,
        mark_stage.KIND,
        call_stage.KIND,
    )
}
