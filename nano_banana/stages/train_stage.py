"""The train stage: photos in, one adapter per subject out.

A subject's photos are split by digest, not by name or place: that is as good as a random draw, and renaming photos
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct, field

from nano_banana.catalog.arguments import ArgumentProblem, complete_arguments
from nano_banana.catalog.endpoint import Endpoint, TriggerUse
from nano_banana.formats.struct_schema import Section, described
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.call import Blob
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.nodes import Node, NodeInfo
from nano_banana.recipe.naming import Names, Text
from nano_banana.recipe.recipe_model import Photo, Stage, Subject, TemplateText
from nano_banana.stages.stage_calls import CallTarget, compute_call, primary_output
from nano_banana.stages.stage_kind import ImaginedReply, Options, StageCheck, StageInput, StageKind, StageParameters
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


_Steps: TypeAlias = Annotated[int, Meta(ge=1)]


class StepsSection(Section, frozen=True):
    """So many steps for each photo, within bounds."""

    per_photo: Annotated[_Steps, described("Steps for each photo.")]
    min: Annotated[_Steps | None, described("Never fewer.")] = None
    max: Annotated[_Steps | None, described("Never more.")] = None

    def count(self, photos: int) -> int:
        """The steps for so many photos."""
        count = self.per_photo * photos
        count = max(count, count if self.min is None else self.min)
        return min(count, count if self.max is None else self.max)


class TrainParameters(StageParameters, frozen=True, kw_only=True):
    """Trains one adapter for each subject from its training set."""

    train: Annotated[Names, described("The subjects to train: a name, a list of names, or `all`.")]
    using: Annotated[Text, described("The trainer, for example `fal-ai/flux-lora-portrait-trainer`.")]
    steps: Annotated[
        _Steps | StepsSection | None,
        described("Training steps: a number, or so many for each photo within bounds."),
    ] = None
    caption: Annotated[
        Text | None, described("A template for the caption of photos that have no `.txt` file beside them.")
    ] = None
    options: Options = field(name="with", default_factory=dict)


class TrainStage(StageKind):
    """Trains an adapter for each subject."""

    verb = "train"
    parameters = TrainParameters
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
        if caption := caption_template(stage):
            yield caption

    def filled_fields(self, stage: Stage, endpoint: Endpoint, *, references: bool = False) -> set[str | None]:
        """The photos, the trigger and the steps."""
        roles = endpoint.roles
        return {roles.archive, roles.trigger, roles.steps if stage.parameters(TrainParameters).steps else None}

    def argument_problem_kind(self, stage: Stage, endpoint: Endpoint, found: ArgumentProblem) -> str:
        """Steps may be under `steps` or under `with`."""
        twice = found.kind == "field_is_ours" and found.path[0] == endpoint.roles.steps
        return "steps_twice" if twice else found.kind

    def check_endpoint(self, stage: Stage, endpoint: Endpoint, check: StageCheck) -> None:
        """Note steps that are out of range, or that the trainer has no field for."""
        steps, where = stage.parameters(TrainParameters).steps, (*stage.where, "steps")
        if steps is None:
            return
        field = endpoint.field_for(endpoint.roles.steps)
        if field is None:
            check.context.wrong_key("no_steps", where, endpoint=endpoint.id)
            return
        bounds = {"": steps} if isinstance(steps, int) else {"min": steps.min, "max": steps.max}
        for name, count in bounds.items():
            if count is not None and count >= 1:
                check.value(endpoint, field, count, (*where, name) if name else where)
        low, high = bounds.get("min"), bounds.get("max")
        if low is not None and high is not None and low > high:
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
    rules, caption, variables = (
        plan.recipe.photo_rules,
        caption_template(stage),
        plan.contexts.for_subject(subject.name),
    )
    prefix = rules.captions.prefix if rules else None
    return TrainingData(
        photos=[
            (plan.blobs[photo.path], None if photo.caption is None else plan.blobs[photo.caption])
            for photo in split_photos(subject, plan.blobs).training
        ],
        caption=plan.render(caption, variables) if caption else None,
        prefix=plan.render(TemplateText(text=prefix, where=CAPTION_PREFIX_PATH), variables) or None if prefix else None,
    )


def caption_template(stage: Stage) -> TemplateText | None:
    """The template of the captions of photos that have no caption file, if the stage has one."""
    caption = stage.parameters(TrainParameters).caption
    return TemplateText(text=caption, where=(*stage.where, "caption")) if caption else None


def _stage_fields(stage: Stage, subject: Subject, endpoint: Endpoint, photos: int) -> JSONObject:
    """The fields that the stage fills: the trigger as the trainer wants it, and the steps."""
    fields: dict[str, JSONValue] = {}
    if endpoint.roles.trigger:
        phrase = f"{subject.trigger} {subject.noun}"
        phrases = {TriggerUse.CAPTION: f"a photo of {phrase}", TriggerUse.PHRASE: phrase}
        use = endpoint.roles.trigger_as
        fields[endpoint.roles.trigger] = subject.trigger if use is None else phrases.get(use, subject.trigger)
    steps = stage.parameters(TrainParameters).steps
    if steps is not None and endpoint.roles.steps:
        fields[endpoint.roles.steps] = steps if isinstance(steps, int) else steps.count(photos)
    return fields


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
