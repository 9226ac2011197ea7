"""The upscale and restore stages: one picture made better."""

from __future__ import annotations

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow
from nano_banana.recipe.recipe_model import Stage
from nano_banana.stages.stage_calls import StageOutput, call_for_picture
from nano_banana.stages.stage_kind import COLLECTION, USING, WITH, StageKind
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


class UpscaleStage(EnhanceStage):
    """Enlarges pictures."""

    verb = "upscale"
    description = "Enlarges every picture of a collection."
    parameters = {
        "upscale": COLLECTION,
        "using": {**USING, "description": "The upscaler, for example `fal-ai/seedvr/upscale/image`."},
        "with": WITH,
    }
    required = ("upscale", "using")
    example = """\
stages:
  - id: finish
    upscale: picks
    using: fal-ai/seedvr/upscale/image
    with: {upscale_factor: 2}
"""


class RestoreStage(EnhanceStage):
    """Restores faces."""

    verb = "restore"
    description = "Restores the faces in every picture of a collection; judge them again, it changes faces."
    parameters = {
        "restore": COLLECTION,
        "using": {**USING, "description": "The restorer, for example `fal-ai/codeformer`."},
        "with": WITH,
    }
    required = ("restore", "using")
    example = """\
stages:
  - id: clear
    restore: takes
    using: fal-ai/codeformer
    with: {fidelity: 0.8}
"""
