"""The restore stage: faces made clear again."""

from __future__ import annotations

from nano_banana.stages.kind import NAMES
from nano_banana.stages.kind import USING
from nano_banana.stages.kind import WITH
from nano_banana.stages.kind import Kind

KIND = Kind(
    verb="restore",
    about="Restores the faces in every picture of a collection; judge them again, it changes faces.",
    params={
        "restore": {
            **NAMES,
            "description": "The collection: a stage's id, `stage.shot` or `stage.accepted`; or a list.",
        },
        "using": {**USING, "description": "The restorer, for example `fal-ai/codeformer`."},
        "with": WITH,
    },
    required=("restore", "using"),
    needs=("image",),
    strict=True,
)
