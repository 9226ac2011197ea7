"""The mark stage: 32 invisible bits in the pixels of every picture."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from nano_banana.formats.struct_schema import described
from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow
from nano_banana.model.json_values import JSONObject
from nano_banana.recipe.recipe_model import Stage
from nano_banana.stages.stage_calls import StageOutput, call_for_picture, compute_call
from nano_banana.stages.stage_kind import Collections, ImaginedReply, StageCheck, StageKind, StageParameters
from nano_banana.stages.take_context import PlanContext, StageLink, StagePath, TakeContext, picture_link


class MarkParameters(StageParameters, frozen=True, kw_only=True):
    """Writes an invisible mark into the pixels of every picture of a collection; put it last."""

    mark: Collections
    mark_id: Annotated[
        Annotated[str, Meta(pattern="^[0-9a-fA-F]{8}$")] | None,
        described("Your own 32 bits as 8 hex digits, in quotes; without it, those of this program."),
    ] = None


class MarkStage(StageKind):
    """Writes an invisible watermark into pictures."""

    verb = "mark"
    parameters = MarkParameters
    example = """\
stages:
  - id: marked
    mark: finish
    mark_id: "c0ffee42"
"""
    compute_replies = {"imprint": ImaginedReply()}

    def check(self, stage: Stage, check: StageCheck) -> None:
        """Warn about later stages that change marked pictures."""
        for other in check.stages:
            kind = check.kind(other)
            if kind is not self and kind.changes_pixels and stage in check.before(other):
                check.context.warn("mark_not_last", other.where, stage=other.id, mark=stage.id)

    def link(self, plan: PlanContext, path: StagePath, stage: Stage) -> StageLink:
        """Write `mark_id`, or this program's own mark, into the picture."""
        mark_id = stage.parameters(MarkParameters).mark_id
        arguments: JSONObject = {} if mark_id is None else {"message": mark_id.lower()}

        def work(_context: TakeContext, picture: Blob) -> Flow[StageOutput]:
            return call_for_picture(stage.id, compute_call("imprint", arguments, {"image": picture}))

        return picture_link(work)
