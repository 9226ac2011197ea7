"""The train stage: photos in, one adapter per subject out.

A subject's photos are split by digest, not by name or place: that is as good as a random draw, and renaming photos
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from nano_banana.catalog.arguments import ArgumentProblem, complete_arguments
from nano_banana.catalog.endpoint import Endpoint, TriggerUse
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.model.json_values import JSONObject, JSONValue, as_object, as_text, as_whole
from nano_banana.model.nodes import Node, NodeInfo
from nano_banana.recipe.naming import NAMES, TEXT
from nano_banana.recipe.recipe_model import Photo, Stage, Subject, TemplateText
from nano_banana.stages.stage_calls import CallTarget, compute_call, primary_output
from nano_banana.stages.stage_kind import USING, WITH, ImaginedReply, StageCheck, StageInput, StageKind
from nano_banana.stages.take_context import PlanContext, root_id


class PhotoSplit(Struct, frozen=True, kw_only=True):
    """A subject's photos, each in one part only. `held_out` judge likeness and never train."""

    training: tuple[Photo, ...]
    held_out: tuple[Photo, ...]


def split_photos(subject: Subject, blobs: Mapping[Path, Blob]) -> PhotoSplit:
    """Hold out the photos that the recipe names, or as many as it says, in the order of their digests."""
    held = set(subject.held_out)
    if subject.hold_out:
        paths = sorted((photo.path for photo in subject.photos), key=lambda path: blobs[path].digest)
        held |= set(paths[: subject.hold_out])
    return PhotoSplit(
        training=tuple(photo for photo in subject.photos if photo.path not in held),
        held_out=tuple(photo for photo in subject.photos if photo.path in held),
    )


CAPTION_PREFIX_PATH: KeyPath = ("photo_rules", "captions", "prefix")
"""Where the recipe says what begins every caption."""


class TrainStage(StageKind):
    """Trains an adapter for each subject."""

    verb = "train"
    description = "Trains one adapter for each subject from its training set."
    parameters = {
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
    }
    required = ("train", "using")
    example = """\
stages:
  - id: likeness
    train: all
    using: fal-ai/flux-lora-portrait-trainer
    steps: {per_photo: 120, min: 1000, max: 2500}
    caption: "a photo of {{ subject.trigger }} {{ subject.noun }}"
    with: {learning_rate: 9.0e-5}
"""
    input = StageInput.SUBJECTS
    required_roles = ("archive",)
    compute_replies = {"training-zip": ImaginedReply(files=("archive",), media="application/zip")}

    def templates(self, stage: Stage) -> Iterator[TemplateText]:
        """Also the template of captions."""
        yield from super().templates(stage)
        if isinstance(caption := stage.data.get("caption"), str):
            yield TemplateText(text=caption, where=(*stage.where, "caption"))

    def filled_fields(self, stage: Stage, endpoint: Endpoint, *, references: bool = False) -> set[str | None]:
        """The photos, the trigger and the steps."""
        roles = endpoint.roles
        return {roles.archive, roles.trigger, roles.steps if "steps" in stage.data else None}

    def argument_problem_kind(self, stage: Stage, endpoint: Endpoint, found: ArgumentProblem) -> str:
        """Steps may be under `steps` or under `with`."""
        twice = found.kind == "field_is_ours" and found.path[0] == endpoint.roles.steps
        return "steps_twice" if twice else found.kind

    def check_endpoint(self, stage: Stage, endpoint: Endpoint, check: StageCheck) -> None:
        """Note steps that are out of range, or that the trainer has no field for."""
        steps, where = stage.data.get("steps"), (*stage.where, "steps")
        if steps is None:
            return
        field = endpoint.field_for(endpoint.roles.steps)
        if field is None:
            check.context.wrong_key("no_steps", where, endpoint=endpoint.id)
            return
        bounds = as_object(steps) if isinstance(steps, Mapping) else {"": steps}
        for name, count in bounds.items():
            if name != "per_photo" and as_whole(count) >= 1:
                check.value(endpoint, field, count, (*where, name) if name else where)
        low, high = bounds.get("min"), bounds.get("max")
        if isinstance(low, int) and isinstance(high, int) and low > high:
            check.context.wrong("steps_crossed", where, low=low, high=high)

    def root_node(self, plan: PlanContext, stage: Stage, subject: Subject) -> Node:
        """The node that trains one subject's adapter."""
        endpoint, variables = plan.endpoint(stage.endpoint), plan.contexts.for_subject(subject.name)
        training = _training_data(plan, stage, subject)
        options = as_object(plan.fill(stage.options, variables, (*stage.where, "with")))
        fields = _stage_fields(stage, subject, endpoint, len(training.photos))
        arguments = complete_arguments(endpoint, {**fields, **options})

        def flow(_results: Mapping[str, Blob]) -> Flow[Blob]:
            return train(plan.target, stage.id, endpoint, training, arguments)

        name = root_id(stage.id, subject.name)
        return Node(id=name, info=NodeInfo(kind="adapter", slot=name, stage=stage.id, subject=subject.name), flow=flow)


class TrainingData(Struct, frozen=True, kw_only=True):
    """What one adapter is trained from: photos, each with its caption file or None.

    `caption` is for photos without a caption file; `prefix` begins every caption.
    """

    photos: Sequence[tuple[Blob, Blob | None]]
    caption: str | None = None
    prefix: str | None = None


def _training_data(plan: PlanContext, stage: Stage, subject: Subject) -> TrainingData:
    rules = plan.recipe.photo_rules

    def render(text: JSONValue, where: KeyPath) -> str | None:
        if not text:
            return None
        return plan.render(TemplateText(text=as_text(text), where=where), plan.contexts.for_subject(subject.name))

    return TrainingData(
        photos=[
            (plan.blobs[photo.path], None if photo.caption is None else plan.blobs[photo.caption])
            for photo in split_photos(subject, plan.blobs).training
        ],
        caption=render(stage.data.get("caption"), (*stage.where, "caption")),
        prefix=render(rules.captions.prefix if rules else None, CAPTION_PREFIX_PATH) or None,
    )


def _stage_fields(stage: Stage, subject: Subject, endpoint: Endpoint, photos: int) -> JSONObject:
    """The fields that the stage fills: the trigger as the trainer wants it, and the steps."""
    fields: dict[str, JSONValue] = {}
    if endpoint.roles.trigger:
        fields[endpoint.roles.trigger] = _trigger_text(subject, endpoint.roles.trigger_as)
    steps = stage.data.get("steps")
    if steps is not None and endpoint.roles.steps:
        fields[endpoint.roles.steps] = _step_count(steps, photos)
    return fields


def _trigger_text(subject: Subject, use: TriggerUse | None) -> str:
    match use:
        case TriggerUse.CAPTION:
            return f"a photo of {subject.trigger} {subject.noun}"
        case TriggerUse.PHRASE:
            return f"{subject.trigger} {subject.noun}"
        case _:
            return subject.trigger


def _step_count(steps: JSONValue, photos: int) -> int:
    """A number as it is, or so many for each photo, within the bounds given."""
    if not isinstance(steps, Mapping):
        return as_whole(steps)
    count = as_whole(steps["per_photo"]) * photos
    count = max(count, as_whole(steps.get("min", count)))
    return min(count, as_whole(steps.get("max", count)))


def train(
    target: CallTarget, stage: str, endpoint: Endpoint, training: TrainingData, arguments: JSONObject
) -> Flow[Blob]:
    """Pack the training set, train, and return the adapter. Names and order of the photos change nothing."""
    pairs = sorted(training.photos, key=lambda pair: pair[0].digest)
    inputs = {f"photos/{at}": photo for at, (photo, _) in enumerate(pairs)}
    inputs |= {f"captions/{at}": caption for at, (_, caption) in enumerate(pairs) if caption is not None}
    words = {"caption": training.caption, "prefix": training.prefix}
    packing: JSONObject = {name: text for name, text in words.items() if text is not None}
    packed = yield from ask(stage, compute_call("training-zip", packing, inputs))
    call = target.call(endpoint.id, arguments, {str(endpoint.roles.archive): packed.files["archive"]})
    reply = yield from ask(stage, call)
    adapter = primary_output(endpoint, reply)
    yield Made(stage=stage, blob=adapter, call=call)
    return adapter
