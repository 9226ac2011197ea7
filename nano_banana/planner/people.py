"""The nodes that gates wait for: what each person looks like, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from nano_banana.core.blob import Blob
from nano_banana.core.flow import Ask, Flow, ask
from nano_banana.core.node import Card, Node
from nano_banana.planner.photos import photo_set
from nano_banana.planner.training import root_id
from nano_banana.planner.workbench import Workbench
from nano_banana.recipe.model import Stage, Subject
from nano_banana.stages.site import compute


def person_node(bench: Workbench, gate: Stage, subject: Subject) -> Node:
    """The node that measures one subject: the photos to compare with, and those that copies would be of.

    Compared with are the held-out photos; all of them where none are held out or the gate wants so; the references
    of one who has no training set.
    """
    photos = photo_set(subject, bench.digests)
    training = [photo.path for photo in photos.training] or list(subject.references)
    held = [photo.path for photo in photos.held_out]
    apart = bool(held) and gate.gate is not None and gate.gate.against == "hold_out"
    compared = held if apart else [*training, *held]
    flow = partial(
        _measured,
        gate.id,
        [bench.digests[path] for path in compared],
        [bench.digests[path] for path in training],
    )
    name = root_id(gate.id, subject.name)
    card = Card(kind="person", slot=name, stage=gate.id, subject=subject.name, axes={"held_out": str(apart).lower()})
    return Node(id=name, card=card, flow=flow)


def _measured(
    gate: str, compared: Sequence[Blob], training: Sequence[Blob], _results: Mapping[str, Blob]
) -> Flow[Blob]:
    """Look at every photo once, then put together what is known of the face. The order of photos changes nothing."""
    photos = sorted({blob.digest: blob for blob in (*compared, *training)}.values(), key=lambda blob: blob.digest)
    looks = yield Ask(stage=gate, calls=tuple(compute("look", {}, {"image": photo}) for photo in photos))
    faces = {photo.digest: look.files["faces"] for photo, look in zip(photos, looks, strict=True)}
    inputs = {f"references/{at}": blob for at, blob in enumerate(_ordered(compared, faces))}
    inputs |= {f"training/{at}": blob for at, blob in enumerate(_ordered(training, faces))}
    reply = yield from ask(gate, compute("person", {}, inputs))
    return reply.files["person"]


def _ordered(photos: Sequence[Blob], faces: Mapping[str, Blob]) -> list[Blob]:
    return [faces[digest] for digest in sorted({photo.digest for photo in photos})]
