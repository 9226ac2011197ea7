"""What is kept of a node once it has ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

from nano_banana.core.blob import Blob
from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.core.node import Card
from nano_banana.core.problem import Problem
from nano_banana.core.result import NodeResult
from nano_banana.core.result import Status
from nano_banana.core.result import Step

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A stage's picture and its name below the output folder."""

    stage: str
    blob: Blob
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A node's end. `calls` is the manifest's account of its calls, as JSON text, to stay small."""

    id: str
    card: Card
    status: Status
    pictures: Sequence[Picture]
    result: Blob | None
    """None also where it is only imagined."""
    problems: Sequence[Problem]
    missing: Sequence[str]
    """The keys of the calls that the store had no reply to."""
    plain: bool
    """Whether a provider says that it could have drawn this better with parts that are missing here."""
    keys: Mapping[str, str]
    """Position (`stage|slot|number`) → key of each call, for comparison with the next run; empty where only planned."""
    calls: str


def record_of(result: NodeResult) -> Record:
    """Boil a node's end down. One that is only planned is kept through a whole run: with no more than that needs."""
    node, blob = result.node, result.result
    done = [] if result.status is Status.PLANNED else result.steps
    is_take = node.card.kind == "take"
    pictures = [
        Picture(stage=made.stage, blob=made.blob, name=_file_name(node.id, made.stage, made.blob.media))
        for made in result.pictures
        if is_take and not made.blob.imagined
    ]
    return Record(
        id=node.id,
        card=node.card,
        status=result.status,
        pictures=tuple(pictures),
        result=None if blob is None or blob.imagined else blob,
        problems=tuple(result.problems),
        missing=tuple([step.call.key for step in result.steps if not step.cached]),
        plain=any(step.reply.data.get("plain") is True for step in result.steps),
        keys={position(step, node.card.slot, at): step.call.key for at, step in enumerate(done)},
        calls=_account(done),
    )


def slim(record: Record) -> Record:
    """The record without what only the manifest and the trail are written from, which is half of it."""
    return replace(record, keys={}, calls="[]")


def position(step: Step, slot: str, at: int) -> str:
    """The place of a call in its plan, the same after its arguments were changed: `stage|slot|number`."""
    return f"{step.stage}|{slot}|{at}"


def _file_name(node: str, stage: str, media: str) -> str:
    return f"{folder_of(node, stage)}/{stem_of(node)}{SUFFIXES.get(media, '.bin')}"


def stem_of(node: str) -> str:
    """The name of a take's files without suffix: `heads/ana/s1@faces` → `heads_ana_s1`. No two takes have one name."""
    name = node.partition("@")[0]
    # Names begin with a letter or a digit and have no dot, so that each seam can be told from what is in a name.
    seam = "_" if "_" not in name else "." if "__" in name or "_/" in name else "__"
    return name.replace("/", seam)


def folder_of(node: str, stage: str) -> str:
    """The folder of a stage's pictures: its id, or the way to it (`draft+faces`) where there are several."""
    way = node.partition("@")[2].split("+")
    return "+".join(way[: way.index(stage) + 1]) if stage in way else stage


def _account(steps: Sequence[Step]) -> str:
    return json.dumps([_told(step) for step in steps], separators=(",", ":"), ensure_ascii=False)


def _told(step: Step) -> JSONObject:
    call, reply = step.call, step.reply
    return {
        "stage": step.stage,
        "provider": call.provider,
        "endpoint": call.endpoint,
        "key": call.key,
        "arguments": dict(call.arguments),
        "inputs": {place: blob.digest for place, blob in call.inputs.items()},
        "outputs": {place: blob.digest for place, blob in reply.files.items()},
        "seconds": reply.seconds,
        "cost_usd": reply.cost_usd,
    }


def take_json(record: Record, folder: str) -> dict[str, JSONValue]:
    """A take as `run --json`, `plan --json` and the manifest tell it; `folder` is where its files lie."""
    card = record.card
    last = record.pictures[-1] if record.pictures and record.status is Status.DONE else None
    return {
        "id": record.id,
        "shot": card.shot,
        "subject": card.subject or None,
        "axes": dict(card.axes),
        "seed": card.seed,
        "status": str(record.status),
        "path": None if last is None else f"{folder}/{last.name}",
        "sha256": None if last is None else last.blob.digest,
        "pictures": {picture.stage: f"{folder}/{picture.name}" for picture in record.pictures},
        "reasons": [{"kind": problem.kind, **problem.data} for problem in record.problems],
    }


def adapter_json(record: Record) -> dict[str, JSONValue]:
    """An adapter as the reports tell it."""
    known = record.result
    return {
        "id": record.id,
        "stage": record.card.stage,
        "subject": record.card.subject,
        "status": str(record.status),
        "sha256": None if known is None else known.digest,
        "size": None if known is None else known.size,
        "reasons": [{"kind": problem.kind, **problem.data} for problem in record.problems],
    }
