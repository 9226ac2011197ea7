"""The upscale stage: every picture larger."""

from __future__ import annotations

from nano_banana.stages.kind import NAMES
from nano_banana.stages.kind import USING
from nano_banana.stages.kind import WITH
from nano_banana.stages.kind import Kind

KIND = Kind(
    verb="upscale",
    about="Enlarges every picture of a collection.",
    params={
        "upscale": {
            **NAMES,
            "description": "The collection: a stage's id, `stage.shot` or `stage.accepted`; or a list.",
        },
        "using": {**USING, "description": "The upscaler, for example `fal-ai/seedvr/upscale/image`."},
        "with": WITH,
    },
    required=("upscale", "using"),
    needs=("image",),
    strict=True,
)
