"""Why a take is as it is, and what changed since the last run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from nano_banana.core.call import document
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.flow import Attempt
from nano_banana.core.json import JSONObject
from nano_banana.core.node import Group, Node, Plan
from nano_banana.core.problem import did_you_mean
from nano_banana.core.result import NodeResult, Step
from nano_banana.planner.imagine import INVENTED, imaginer
from nano_banana.planner.preview import preview
from nano_banana.project.project import Project
from nano_banana.reports.compare import Change, Difference, differences
from nano_banana.reports.files import SEAM, folder_of, has_stem
from nano_banana.reports.record import Record, positions, record_of
from nano_banana.workshop.workshop import before_note


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStory:
    """A call behind a take.

    `fate` is `ran` (the last run made it), `reused` (an earlier run did) or `would run`; `changes` is what
    differs from the call that stood in its place before: in the last run, or, where that made it, in the one
    before that. None where nothing stood there, or the same. `attempt` is the try at the take that it belongs to;
    `own` is false for the calls of what the take waits for.
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
    changes: Sequence[Difference] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A take (or an adapter) with the calls behind it, trainings first."""

    record: Record
    calls: Sequence[CallStory]
    sources: Mapping[str, str]
    """What the digests in the calls are: a file of the user's, or the stage that makes it."""


def tell_story(project: Project, name: str) -> Story:
    """The story of a take, an adapter or a picture in the output folder.

    Raises Invalid where the recipe has none of that name.
    """
    plan = project.plan
    lookup, invent = project.workshop.store.replies, imaginer(project.catalog)
    node = _find(plan, name)
    if any(group.waits for group in plan.groups):
        # Only all takes together say who was chosen, and so how far this one went.
        node = [end.node for end in preview(plan, lookup, invent) if end.node.id == node.id][-1]
    part = replace(
        plan,
        roots=[root for root in plan.roots if root.id in (node.id, *node.after)],
        groups=[]
        if node in plan.roots
        else [Group(name=node.id, after=node.after, count=1, nodes=lambda _ends: iter([node]))],
    )
    ends = list(preview(part, lookup, invent))
    places = [place for end in ends for place in positions(end.steps, end.node.card.slot)]
    steps = [(step, end is ends[-1]) for end in ends for step in end.steps]
    return Story(
        record=record_of(ends[-1]),
        calls=_calls(project, list(zip(places, steps, strict=True))),
        sources=_sources(plan, ends),
    )


def _find(plan: Plan, name: str) -> Node:
    """The node of that id; or the one that a picture, by the name of its file, is of."""
    path = PurePath(name)
    stem = (path.stem if "." in path.name else name).partition(SEAM)[0]
    ids, alike = [], []
    for node in (*plan.roots, *(node for group in plan.groups if not group.waits for node in group.nodes({}))):
        if node.id == name:
            return node
        if name == node.id.partition("@")[0] or has_stem(node.id, stem):
            alike.append(node)
        ids.append(node.id)
    if not alike:
        raise Invalid([trouble("no_such_take", hint=did_you_mean(name, ids), name=name)])
    return next((node for node in alike if path.parent.name in _folders(node)), alike[0])


def _folders(node: Node) -> set[str]:
    """Where pictures of this take lie, and of no other that shares its name."""
    return {folder_of(node.id, stage) for stage in (node.card.stage, *node.id.partition("@")[2].split("+"))}


def _calls(project: Project, steps: Sequence[tuple[str, tuple[Step, bool]]]) -> list[CallStory]:
    """By the place of each step, which may be the take's own."""
    store = project.workshop.store
    trail = store.trail(project.recipe.name)
    replaced: dict[str, str] = json.loads(store.notes(before_note(project.recipe.name)) or "{}")
    latest = store.runs(project.recipe.name, limit=1)
    makers = store.makers([step.call.key for _, (step, _) in steps])
    # What stood there in the last run; for a call that the last run itself made, what stood there before it.
    before = {
        place: replaced.get(place, step.call.key) if trail.get(place) == step.call.key else trail.get(place, "")
        for place, (step, _) in steps
    }
    documents = store.documents(before.values())
    stories = []
    for place, (step, own) in steps:
        told, old = document(step.call), documents.get(before[place])
        run = makers.get(step.call.key)
        ran = bool(latest) and run == latest[0].id
        changed = old is not None and before[place] != step.call.key and (ran or not step.cached)
        stories.append(
            CallStory(
                stage=step.stage,
                attempt=step.attempt,
                own=own,
                provider=step.call.provider,
                endpoint=step.call.endpoint,
                key=step.call.key,
                fate=("ran" if ran else "reused") if step.cached else "would run",
                run=run,
                document=told,
                changes=_changes(step, old, told) if changed and old is not None else None,
            )
        )
    return stories


def _changes(step: Step, old: JSONObject, new: JSONObject) -> list[Difference]:
    """What differs; of a call on files that are not there yet, only what does not hang on them."""
    return [
        change
        for change in differences(old, new)
        if not (step.call.imagined and isinstance(change, Change) and change.path.startswith(INVENTED))
    ]


def _sources(plan: Plan, ends: Sequence[NodeResult]) -> Mapping[str, str]:
    made = {
        blob.digest: f"{step.stage} ({step.call.endpoint})"
        for end in ends
        for step in end.steps
        for blob in step.reply.files.values()
    }
    return made | {digest: path.name for digest, path in plan.files.items()}
