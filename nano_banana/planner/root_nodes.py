"""The nodes that takes wait for: trainings, and people to compare with.

A subject's photos are split by digest, not by name or place: that is as good as a random draw, and renaming photos
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from nano_banana.catalog.arguments import complete_arguments
from nano_banana.catalog.endpoint import Endpoint, TriggerUse
from nano_banana.model.call import Blob
from nano_banana.model.flow import Ask, Flow, ask
from nano_banana.model.json_values import JSONObject, JSONValue, as_object, as_text, as_whole
from nano_banana.model.nodes import Group, Node, NodeInfo
from nano_banana.model.problem import CallFailed, Invalid, Problem
from nano_banana.planner.take_context import PlanContext
from nano_banana.planner.takes import Selection
from nano_banana.recipe.recipe_model import KeyPath, Photo, Stage, Subject, TemplateText
from nano_banana.stages.stage_kind import compute_call
from nano_banana.stages.train_stage import TrainingData, train


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSplit:
    """A subject's photos, each in one part only. `held_out` judge likeness and never train."""

    training: tuple[Photo, ...]
    held_out: tuple[Photo, ...]


def split_photos(subject: Subject, digests: Mapping[Path, Blob]) -> PhotoSplit:
    """Those named in the recipe are held out; or so many, by content: neither names nor order matter.

    The digest decides, which is as good as a draw by lot, and stays when photos are renamed.
    """
    held = set(subject.held_out)
    if subject.hold_out:
        paths = sorted((photo.path for photo in subject.photos), key=lambda path: digests[path].digest)
        held |= set(paths[: subject.hold_out])
    return PhotoSplit(
        training=tuple(photo for photo in subject.photos if photo.path not in held),
        held_out=tuple(photo for photo in subject.photos if photo.path in held),
    )


def references_of(subject: Subject, digests: Mapping[Path, Blob], *, most: int) -> list[Path]:
    """The photos that an editing endpoint is shown: those named in the recipe, else the first so many that train."""
    return list(subject.references) or [photo.path for photo in split_photos(subject, digests).training][:most]


CAPTION_PREFIX_PATH: KeyPath = ("photo_rules", "captions", "prefix")
"""Where the recipe says what begins every caption."""


def root_id(stage: str, subject: str) -> str:
    """The name of the node that trains a subject."""
    return f"{stage}/{subject}"


def training_node(bench: PlanContext, stage: Stage, subject: Subject) -> Node:
    """The node that trains one subject's adapter."""
    endpoint = bench.endpoint(stage.endpoint)
    training = _training_data(bench, stage, subject)
    context = {**bench.contexts.common, "subject": bench.contexts.subjects[subject.name]}
    options = as_object(bench.fill(stage.options, context, (*stage.where, "with")))
    arguments = complete_arguments(
        endpoint, {**_stage_fields(stage, subject, endpoint, len(training.photos)), **options}
    )

    def flow(_results: Mapping[str, Blob]) -> Flow[Blob]:
        return train(bench.site, stage.id, endpoint, training, arguments)

    name = root_id(stage.id, subject.name)
    return Node(id=name, info=NodeInfo(kind="adapter", slot=name, stage=stage.id, subject=subject.name), flow=flow)


def _training_data(bench: PlanContext, stage: Stage, subject: Subject) -> TrainingData:
    photos = [
        (bench.digests[photo.path], None if photo.caption is None else bench.digests[photo.caption])
        for photo in split_photos(subject, bench.digests).training
    ]
    context = {**bench.contexts.common, "subject": bench.contexts.subjects[subject.name]}
    caption = stage.data.get("caption")
    words = None if caption is None else TemplateText(text=as_text(caption), where=(*stage.where, "caption"))
    return TrainingData(
        photos=photos,
        caption=None if words is None else bench.render(words, context),
        prefix=_caption_prefix(bench, subject) or None,
    )


def _caption_prefix(bench: PlanContext, subject: Subject) -> str:
    """What begins every caption of this subject's photos, by the recipe's `photo_rules`; empty for nothing."""
    rules = bench.recipe.photo_rules
    if rules is None or not rules.prefix:
        return ""
    context = {**bench.contexts.common, "subject": bench.contexts.subjects[subject.name]}
    return bench.render(TemplateText(text=rules.prefix, where=CAPTION_PREFIX_PATH), context)


def _stage_fields(stage: Stage, subject: Subject, endpoint: Endpoint, photos: int) -> JSONObject:
    """The fields that the stage fills: the trigger in the trainer's own way, and the steps."""
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


def person_node(bench: PlanContext, gate: Stage, subject: Subject) -> Node:
    """The node that measures one subject: the photos to compare with, and those that copies would be of.

    Compared with are the held-out photos; all of them where none are held out or the gate wants so; the references
    of one who has no training set.
    """
    photos = split_photos(subject, bench.digests)
    training = [photo.path for photo in photos.training] or list(subject.references)
    held = [photo.path for photo in photos.held_out]
    apart = bool(held) and gate.gate is not None and gate.gate.against == "hold_out"
    compared = held if apart else [*training, *held]
    flow = partial(
        _measure_person,
        gate.id,
        [bench.digests[path] for path in compared],
        [bench.digests[path] for path in training],
    )
    name = root_id(gate.id, subject.name)
    card = NodeInfo(
        kind="person", slot=name, stage=gate.id, subject=subject.name, axes={"held_out": str(apart).lower()}
    )
    return Node(id=name, info=card, flow=flow)


def _measure_person(
    gate: str, compared: Sequence[Blob], training: Sequence[Blob], _results: Mapping[str, Blob]
) -> Flow[Blob]:
    """Look at every photo once, then put together what is known of the face. The order of photos changes nothing."""
    photos = sorted({blob.digest: blob for blob in (*compared, *training)}.values(), key=lambda blob: blob.digest)
    looks = yield Ask(stage=gate, calls=tuple(compute_call("look", {}, {"image": photo}) for photo in photos))
    faces = {photo.digest: look.files["faces"] for photo, look in zip(photos, looks, strict=True)}
    inputs = {f"references/{at}": blob for at, blob in enumerate(_by_digest(compared, faces))}
    inputs |= {f"training/{at}": blob for at, blob in enumerate(_by_digest(training, faces))}
    reply = yield from ask(gate, compute_call("person", {}, inputs))
    return reply.files["person"]


def _by_digest(photos: Sequence[Blob], faces: Mapping[str, Blob]) -> list[Blob]:
    return [faces[digest] for digest in sorted({photo.digest for photo in photos})]


def root_nodes(bench: PlanContext, selection: Selection, groups: list[Group]) -> list[Node]:
    """What some take waits for; and all trainings, or the ones named, where that is what is asked.

    Raises Invalid with every template of theirs that fails.
    """
    needed = {name for group in groups for name in group.after}
    everything = not selection.only and selection.sample is None
    roots: list[Node] = []
    problems: dict[str, Problem] = {}
    for stage in bench.recipe.stages:
        for name, subject in bench.recipe.subjects.items():
            wanted = root_id(stage.id, name) in needed
            if name in stage.subjects:
                wanted = wanted or everything or _is_selected(stage, name, selection)
            if wanted:
                try:
                    roots.append(_NODE_FACTORIES[stage.verb](bench, stage, subject))
                except CallFailed as error:
                    problems |= {repr(problem): problem for problem in error.problems}
    if problems:
        raise Invalid(problems.values())
    return roots


_NODE_FACTORIES: dict[str, Callable[[PlanContext, Stage, Subject], Node]] = {
    "train": training_node,
    "gate": person_node,
}


def _is_selected(stage: Stage, subject: str, selection: Selection) -> bool:
    names = (stage.id, root_id(stage.id, subject))
    return any(fnmatchcase(name, glob) for name in names for glob in selection.only)
