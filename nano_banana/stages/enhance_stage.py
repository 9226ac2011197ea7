"""The upscale and restore stages: one picture made better."""

from __future__ import annotations

from typing import Annotated

from msgspec import field

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.formats.struct_schema import described
from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow
from nano_banana.recipe.naming import Text
from nano_banana.recipe.recipe_model import Stage
from nano_banana.stages.stage_calls import StageOutput, call_for_picture
from nano_banana.stages.stage_kind import Collections, Options, StageKind, StageParameters
from nano_banana.stages.take_context import PlanContext, StageLink, StagePath, TakeContext, picture_link


class EnhanceStage(StageKind):
    """Sends each picture to an endpoint of the kind's own task."""

    required_roles = ("image",)
    same_task_only = True

    def filled_fields(self, stage: Stage, endpoint: Endpoint, *, references: bool = False) -> set[str | None]:
        """The picture and the seed."""
        return {endpoint.roles.image, endpoint.roles.seed}

    def link(self, plan: PlanContext, path: StagePath, stage: Stage) -> StageLink:
        """Send the picture to the endpoint."""
        endpoint = plan.endpoint(stage.endpoint)
        fields, seed = plan.stage_fields(stage, endpoint), endpoint.roles.seed
        place = endpoint.roles.image or f"{endpoint.roles.images}/0"

        def work(context: TakeContext, picture: Blob) -> Flow[StageOutput]:
            arguments = {**fields(context.variables), **({seed: context.take.seed} if seed else {})}
            call = plan.target.call(endpoint.id, arguments, {place: picture})
            return call_for_picture(stage.id, call, endpoint)

        return picture_link(work)


class UpscaleParameters(StageParameters, frozen=True, kw_only=True):
    """Enlarges every picture of a collection."""

    upscale: Collections
    using: Annotated[Text, described("The upscaler, for example `fal-ai/seedvr/upscale/image`.")]
    options: Options = field(name="with", default_factory=dict)


class UpscaleStage(EnhanceStage):
    """Enlarges pictures."""

    verb = "upscale"
    parameters = UpscaleParameters
    example = """\
stages:
  - id: finish
    upscale: picks
    using: fal-ai/seedvr/upscale/image
    with: {upscale_factor: 2}
"""


class RestoreParameters(StageParameters, frozen=True, kw_only=True):
    """Restores the faces in every picture of a collection; judge them again, it changes faces."""

    restore: Collections
    using: Annotated[Text, described("The restorer, for example `fal-ai/codeformer`.")]
    options: Options = field(name="with", default_factory=dict)


class RestoreStage(EnhanceStage):
    """Restores faces."""

    verb = "restore"
    parameters = RestoreParameters
    example = """\
stages:
  - id: clear
    restore: takes
    using: fal-ai/codeformer
    with: {fidelity: 0.8}
"""
