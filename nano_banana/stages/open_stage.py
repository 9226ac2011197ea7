"""The open stage: brings existing picture files in as takes."""

from __future__ import annotations

from typing import Annotated

from nano_banana.formats.struct_schema import described
from nano_banana.model.flow import Flow
from nano_banana.recipe.naming import Names
from nano_banana.recipe.recipe_model import PICTURE_AXIS, Stage
from nano_banana.stages.stage_calls import StageOutput, call_for_picture, compute_call
from nano_banana.stages.stage_kind import ImaginedReply, StageInput, StageKind, StageParameters
from nano_banana.stages.take_context import PlanContext, StageLink, StagePath, TakeContext, Upstream


class OpenParameters(StageParameters, frozen=True, kw_only=True):
    """Brings in the picture files of the named shots (`pictures: […]`), upright and without metadata.

    Every other stage can work on them. A take is named for its file: `touched/beach/s1`.
    """

    open: Annotated[Names, described("The shots with `pictures`: a name, a list of names, or `all`.")]


class OpenStage(StageKind):
    """Opens the picture files of shots, upright and without metadata."""

    verb = "open"
    parameters = OpenParameters
    example = """\
shots:
  holiday:
    pictures: [photos/beach.jpg, photos/town/*.jpg]
stages:
  - {id: photos, open: holiday}
  - {id: larger, upscale: photos, using: fal-ai/seedvr/upscale/image}
"""
    input = StageInput.PICTURE_SHOTS
    changes_pixels = False
    compute_replies = {"open": ImaginedReply()}

    def link(self, plan: PlanContext, path: StagePath, stage: Stage) -> StageLink:
        """Ask this machine for the file's picture, as other stages take it."""
        files = {key: plan.blobs[file] for key, file in path.shot.pictures.items()}

        def link(_upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
            file = files[context.take.cell[PICTURE_AXIS].key]
            return call_for_picture(stage.id, compute_call("open", {}, {"file": file}))

        return link
