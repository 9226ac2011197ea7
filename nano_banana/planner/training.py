"""The nodes that takes wait for: one training for each subject."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.catalog.complete import complete
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.roles import TriggerUse
from nano_banana.core.blob import Blob
from nano_banana.core.flow import Flow
from nano_banana.core.json import JSONObject, JSONValue, as_object, as_text, as_whole
from nano_banana.core.node import Card, Node
from nano_banana.planner.photos import photo_set
from nano_banana.planner.workbench import Workbench
from nano_banana.recipe.model import Stage, Subject, Text, Where
from nano_banana.stages.train import Training, train

PREFIX: Where = ("photo_rules", "captions", "prefix")
"""Where the recipe says what begins every caption."""


def root_id(stage: str, subject: str) -> str:
    """The name of the node that trains a subject."""
    return f"{stage}/{subject}"


def training_node(bench: Workbench, stage: Stage, subject: Subject) -> Node:
    """The node that trains one subject's adapter."""
    endpoint = bench.endpoint(stage.endpoint)
    training = _training(bench, stage, subject)
    context = {**bench.contexts.common, "subject": bench.contexts.subjects[subject.name]}
    options = as_object(bench.fill(stage.options, context, (*stage.where, "with")))
    arguments = complete(endpoint, {**_ours(stage, subject, endpoint, len(training.photos)), **options})

    def flow(_results: Mapping[str, Blob]) -> Flow[Blob]:
        return train(bench.site, stage.id, endpoint, training, arguments)

    name = root_id(stage.id, subject.name)
    return Node(id=name, card=Card(kind="adapter", slot=name, stage=stage.id, subject=subject.name), flow=flow)


def _training(bench: Workbench, stage: Stage, subject: Subject) -> Training:
    photos = [
        (bench.digests[photo.path], None if photo.caption is None else bench.digests[photo.caption])
        for photo in photo_set(subject, bench.digests).training
    ]
    context = {**bench.contexts.common, "subject": bench.contexts.subjects[subject.name]}
    caption = stage.data.get("caption")
    words = None if caption is None else Text(text=as_text(caption), where=(*stage.where, "caption"))
    return Training(
        photos=photos,
        caption=None if words is None else bench.render(words, context),
        prefix=_prefix(bench, subject) or None,
    )


def _prefix(bench: Workbench, subject: Subject) -> str:
    """What begins every caption of this subject's photos, by the recipe's `photo_rules`; empty for nothing."""
    rules = bench.recipe.photo_rules
    if rules is None or not rules.prefix:
        return ""
    context = {**bench.contexts.common, "subject": bench.contexts.subjects[subject.name]}
    return bench.render(Text(text=rules.prefix, where=PREFIX), context)


def _ours(stage: Stage, subject: Subject, endpoint: Endpoint, photos: int) -> JSONObject:
    """The fields that the stage fills: the trigger in the trainer's own way, and the steps."""
    fields: dict[str, JSONValue] = {}
    if endpoint.roles.trigger:
        fields[endpoint.roles.trigger] = _trigger(subject, endpoint.roles.trigger_as)
    steps = stage.data.get("steps")
    if steps is not None and endpoint.roles.steps:
        fields[endpoint.roles.steps] = _steps(steps, photos)
    return fields


def _trigger(subject: Subject, use: TriggerUse | None) -> str:
    match use:
        case TriggerUse.CAPTION:
            return f"a photo of {subject.trigger} {subject.noun}"
        case TriggerUse.PHRASE:
            return f"{subject.trigger} {subject.noun}"
        case _:
            return subject.trigger


def _steps(steps: JSONValue, photos: int) -> int:
    """A number as it is, or so many for each photo, within the bounds given."""
    if not isinstance(steps, Mapping):
        return as_whole(steps)
    count = as_whole(steps["per_photo"]) * photos
    count = max(count, as_whole(steps.get("min", count)))
    return min(count, as_whole(steps.get("max", count)))
