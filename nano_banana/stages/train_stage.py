"""The train stage: photos in, one adapter per subject out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.model.json_values import JSONObject
from nano_banana.stages.stage_kind import NAMES, TEXT, USING, WITH, CallTarget, StageKind, compute_call, primary_output

KIND = StageKind(
    verb="train",
    about="Trains one adapter for each subject from its training set.",
    params={
        "train": {**NAMES, "description": "The subjects to train: a name, a list of names, or `all`."},
        "using": {**USING, "description": "The trainer, for example `fal-ai/flux-lora-portrait-trainer`."},
        "steps": {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {
                    "type": "object",
                    "properties": {
                        "per_photo": {"type": "integer", "minimum": 1, "description": "Steps for each photo."},
                        "min": {"type": "integer", "minimum": 1, "description": "Never fewer."},
                        "max": {"type": "integer", "minimum": 1, "description": "Never more."},
                    },
                    "required": ["per_photo"],
                    "additionalProperties": False,
                },
            ],
            "description": "Training steps: a number, or so many for each photo within bounds.",
        },
        "caption": {
            **TEXT,
            "description": "A template for the caption of photos that have no `.txt` file beside them.",
        },
        "with": WITH,
    },
    required=("train", "using"),
    needs=("archive",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """What one adapter is trained from: photos with their captions (None: no caption file).

    `caption` is that of photos without one; `prefix` begins every caption.
    """

    photos: Sequence[tuple[Blob, Blob | None]]
    caption: str | None = None
    prefix: str | None = None


def train(
    site: CallTarget, stage: str, endpoint: Endpoint, training: TrainingData, arguments: JSONObject
) -> Flow[Blob]:
    """Pack the training set, train, and return the adapter.

    Photos are put in the order of their digests, so that renaming or sorting them changes nothing.
    """
    pairs = sorted(training.photos, key=lambda pair: pair[0].digest)
    inputs = {f"photos/{at}": photo for at, (photo, _) in enumerate(pairs)}
    inputs |= {f"captions/{at}": caption for at, (_, caption) in enumerate(pairs) if caption is not None}
    words = {"caption": training.caption, "prefix": training.prefix}
    packing: JSONObject = {name: text for name, text in words.items() if text is not None}
    packed = yield from ask(stage, compute_call("training-zip", packing, inputs))
    call = site.call(endpoint.id, arguments, {str(endpoint.roles.archive): packed.files["archive"]})
    reply = yield from ask(stage, call)
    adapter = primary_output(endpoint, reply)
    yield Made(stage=stage, blob=adapter, call=call)
    return adapter
