"""Why a picture is as it is: from its project, or from its own metadata."""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.formats.image_metadata import embeddable_media_type
from nano_banana.model.call import Blob, call_document
from nano_banana.model.flow import Attempt
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object
from nano_banana.model.nodes import Group, Node, NodeResult, Plan, Step
from nano_banana.model.problem import Invalid, NanoBananaError, did_you_mean, problem
from nano_banana.planner.preview import IMAGINED_PATHS, preview, reply_imaginer
from nano_banana.provenance.embedding import original_bytes, read_image_file, record_in
from nano_banana.provenance.generation_record import GenerationRecord
from nano_banana.recipe.picks_file import PICKS_FILE, TakePick, read_decisions
from nano_banana.session.history import CallDifference, ValueChange, call_differences
from nano_banana.session.run_execution import previous_calls_note
from nano_banana.session.run_records import (
    ATTEMPT_SEAM,
    PERSON_ENDPOINT,
    NodeRecord,
    call_positions,
    is_stem_of,
    measured_person,
    node_record,
    stage_folder,
)
from nano_banana.session.session import Session

LIKENESS_ENDPOINT = "likeness"
"""The call with a gate's measurements."""


class MarkedPicture(Struct, frozen=True, kw_only=True):
    """A picture with its generation record.

    `intact` says that the file is the one in the record, except for metadata; `media` is its format.
    """

    path: Path
    media: str
    account: GenerationRecord
    intact: bool


def read_marked_picture(path: Path) -> MarkedPicture:
    """The picture in that file.

    Raises Invalid: `no_account` where it has none; `picture_missing`, `marked_unreadable`, `marked_too_large`,
    `account_broken`, `account_newer`, each with the path.
    """
    data = read_image_file(path)
    try:
        account = record_in(data)
    except Invalid as error:
        raise Invalid(replace(each, data={**each.data, "path": str(path)}) for each in error.problems) from error
    if account is None:
        kind = "no_account" if embeddable_media_type(data) else "no_picture_here"
        raise Invalid([problem(kind, path=str(path))])
    bare = original_bytes(data)
    intact = bare is not None and hashlib.sha256(bare).hexdigest() == account.picture
    return MarkedPicture(path=path, media=embeddable_media_type(data), account=account, intact=intact)


def marked_picture_json(portrait: MarkedPicture) -> dict[str, JSONValue]:
    """What `explain --json` prints about a picture outside of its project."""
    told: dict[str, JSONValue] = json.loads(portrait.account.text)
    return {"path": str(portrait.path), "media": portrait.media, "intact": portrait.intact, "account": told}


class CallExplanation(Struct, frozen=True, kw_only=True):
    """A call behind a take.

    `fate` is `ran` (the last run made it), `reused` (an earlier run did) or `would run`; `changes` are the differences
    from the call at its position in the last run, or if that run made it, in the run before. None if there was no call,
    or the same one. `attempt` is the take's attempt; `own` is false for calls of nodes that the take waits for.
    """

    stage: str
    attempt: Attempt
    own: bool
    provider: str
    endpoint: str
    key: str
    fate: str
    run: str | None
    document: JSONObject
    changes: Sequence[CallDifference] | None


class FaceComparison(Struct, frozen=True, kw_only=True):
    """A person's reference photos, and the one that is nearest to the face in a take's last judged picture.

    `person` is as in `NodeRecord.person`. `photo` is the file's name, empty if unknown; `similarity` is the cosine of
    the two faces (−1 to 1).
    """

    subject: str
    person: JSONObject
    photo: str = ""
    similarity: float = 0.0


class Explanation(Struct, frozen=True, kw_only=True):
    """A take (or an adapter) with the calls behind it, trainings first."""

    record: NodeRecord
    calls: Sequence[CallExplanation]
    sources: Mapping[str, str]
    """The origins of the digests in the calls: a file of the user, or the stage that makes it."""
    compared: Sequence[FaceComparison] = ()
    pick: TakePick | None = None
    """What `picks.yaml` says of the take, if anything."""


def explain_take(session: Session, name: str) -> Explanation:
    """Explain a take, an adapter or a picture in the output folder.

    Raises Invalid if the recipe has none with that name.
    """
    plan = session.plan
    lookup, invent = session.runner.store.replies.get, reply_imaginer(session.catalog)
    node = _find_node(plan, name)
    if any(group.after_groups for group in plan.groups):
        # Which takes were chosen, and so how far this one got, depends on all takes.
        node = [end.node for end in preview(plan, lookup, invent) if end.node.id == node.id][-1]
    part = replace(
        plan,
        roots=[root for root in plan.roots if root.id in (node.id, *node.after)],
        groups=[]
        if node in plan.roots
        else [Group(name=node.id, after=node.after, count=1, nodes=lambda _ends: iter([node]))],
    )
    ends = list(preview(part, lookup, invent))
    places = [place for end in ends for place in call_positions(end.steps, end.node.info.slot)]
    steps = [(step, end is ends[-1]) for end in ends for step in end.steps]
    return Explanation(
        record=node_record(ends[-1]),
        calls=_call_explanations(session, list(zip(places, steps, strict=True))),
        sources=(sources := _sources(plan, ends)),
        compared=_face_comparisons(session, ends, sources),
        pick=read_decisions(session.request.recipe.with_name(PICKS_FILE), [node.id]).get(node.id),
    )


def _find_node(plan: Plan, name: str) -> Node:
    """The node with that id, or the node of a picture's file."""
    path = PurePath(name)
    stem = (path.stem if "." in path.name else name).partition(ATTEMPT_SEAM)[0]
    ids, alike = [], []
    for node in (*plan.roots, *(node for group in plan.groups if not group.after_groups for node in group.nodes({}))):
        if node.id == name:
            return node
        if name == node.id.partition("@")[0] or is_stem_of(node.id, stem):
            alike.append(node)
        ids.append(node.id)
    if not alike:
        raise Invalid([problem("no_such_take", suggestions=did_you_mean(name, ids), name=name)])
    return next((node for node in alike if path.parent.name in _folders(node)), alike[0])


def _folders(node: Node) -> set[str]:
    """The folders of this take's pictures, which no other take with its name has."""
    return {stage_folder(node.id, stage) for stage in (node.info.stage, *node.id.partition("@")[2].split("+"))}


def _call_explanations(session: Session, steps: Sequence[tuple[str, tuple[Step, bool]]]) -> list[CallExplanation]:
    """The calls by position; each step comes with whether it is the take's own."""
    store = session.runner.store
    trail = store.trail.get(session.recipe.name)
    replaced: dict[str, str] = json.loads(store.notes.read(previous_calls_note(session.recipe.name)) or "{}")
    latest = store.runs.latest(session.recipe.name, limit=1)
    makers = store.replies.makers([step.call.key for _, (step, _) in steps])
    # The call at the position in the last run; or if the last run made it, the one before.
    before = {
        place: replaced.get(place, step.call.key) if trail.get(place) == step.call.key else trail.get(place, "")
        for place, (step, _) in steps
    }
    documents = store.replies.documents(before.values())
    stories = []
    for place, (step, own) in steps:
        told, old = call_document(step.call), documents.get(before[place])
        run = makers.get(step.call.key)
        ran = bool(latest) and run == latest[0].id
        changed = old is not None and before[place] != step.call.key and (ran or not step.cached)
        stories.append(
            CallExplanation(
                stage=step.stage,
                attempt=step.attempt,
                own=own,
                provider=step.call.provider,
                endpoint=step.call.endpoint,
                key=step.call.key,
                fate=("ran" if ran else "reused") if step.cached else "would run",
                run=run,
                document=told,
                changes=_call_changes(step, old, told) if changed and old is not None else None,
            )
        )
    return stories


def _call_changes(step: Step, old: JSONObject, new: JSONObject) -> list[CallDifference]:
    """What differs; for calls with imagined inputs, only what doesn't depend on them."""
    return [
        change
        for change in call_differences(old, new)
        if not (step.call.imagined and isinstance(change, ValueChange) and change.path.startswith(IMAGINED_PATHS))
    ]


def _face_comparisons(session: Session, ends: Sequence[NodeResult], sources: Mapping[str, str]) -> list[FaceComparison]:
    """Each person's reference photos, compared with the take's last judged picture; empty if none is judged."""
    own = [step for step in ends[-1].steps if step.call.endpoint == LIKENESS_ENDPOINT and "faces" in step.reply.data]
    if not own:
        return []
    likeness = own[-1]
    measured = {
        step.reply.files["person"].digest: (end, step)
        for end in ends[:-1]
        for step in end.steps
        if step.call.endpoint == PERSON_ENDPOINT and "person" in step.reply.files
    }
    comparisons = []
    for number, blob in enumerate(blob for place, blob in likeness.call.inputs.items() if place.startswith("people/")):
        if blob.digest in measured:
            end, person = measured[blob.digest]
            photo, similarity = _nearest_reference(session, likeness, number, end, person)
            comparisons.append(
                FaceComparison(
                    subject=end.node.info.subject,
                    person=measured_person(end),
                    photo=sources.get(photo, ""),
                    similarity=similarity,
                )
            )
    return comparisons


def _nearest_reference(
    session: Session, likeness: Step, number: int, end: NodeResult, person: Step
) -> tuple[str, float]:
    """The digest of the reference photo nearest to the person's face, and their cosine; empty if a file is gone."""
    faces = [as_object(face) for face in as_items(likeness.reply.data["faces"])]
    photos = {step.reply.files["faces"]: step.call.inputs["image"] for step in end.steps if "faces" in step.reply.files}
    try:
        seen = _embeddings(session, likeness.call.inputs["faces"])
        references = [
            (photos[blob].digest, vector)
            for place, blob in person.call.inputs.items()
            if place.startswith("references/") and blob in photos
            for vector in _embeddings(session, blob)[:1]
        ]
    except (OSError, NanoBananaError):
        return "", 0.0
    if not seen:
        return "", 0.0
    alike = [as_number(as_items(face["similar"])[number]) for face in faces]
    own = seen[alike.index(max(alike))]
    cosines = [(sum(map(operator.mul, own, vector)), digest) for digest, vector in references]
    similarity, digest = max(cosines, default=(0.0, ""))
    return digest, similarity


def _embeddings(session: Session, faces: Blob) -> list[list[float]]:
    """The faces of a `faces` file as unit vectors, largest first."""
    data: JSONValue = json.loads(session.runner.store.blobs.path(faces).read_bytes())
    found = [as_object(face) for face in as_items(as_object(data)["faces"])]
    return [[as_number(number) for number in as_items(face["embedding"])] for face in found]


def _sources(plan: Plan, ends: Sequence[NodeResult]) -> Mapping[str, str]:
    made = {
        blob.digest: f"{step.stage} ({step.call.endpoint})"
        for end in ends
        for step in end.steps
        for blob in step.reply.files.values()
    }
    return made | {digest: path.name for digest, path in plan.files.items()}
