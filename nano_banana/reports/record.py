"""What is kept of a node once it has ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nano_banana.core.blob import Blob
from nano_banana.core.flow import FIRST, Attempt, Left
from nano_banana.core.json import JSONObject
from nano_banana.core.node import Card, End
from nano_banana.core.problem import Problem
from nano_banana.core.result import NodeResult, Status, Step
from nano_banana.reports.files import file_name
from nano_banana.reports.person import person_of
from nano_banana.reports.ruled import Ruled, measures_of, ruled_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A stage's picture and its name below the output folder."""

    stage: str
    blob: Blob
    name: str
    attempt: Attempt = FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A node's end. `calls` is the manifest's account of its calls, as JSON text, to stay small; so is `measures`.

    `verdicts` are those on pictures that are there, in order, and `measures` the numbers behind each. `left` says where
    the take's way ended early. `person` is what a gate compares with, of a node that measures one.
    """

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
    verdicts: tuple[Ruled, ...] = ()
    measures: str = "[]"
    costs: tuple[float | None, ...] = ()
    """USD of each call, in the order of `keys`; None where nobody knows."""
    left: Left | None = None
    unchanged: bool = False
    """Whether a provider says that nothing it painted can be seen."""
    person: JSONObject = field(default_factory=dict)

    @property
    def word(self) -> Ruled | None:
        """The last gate's word on the picture that stands."""
        return next((ruled for ruled in reversed(self.verdicts) if ruled.last), None)

    @property
    def end(self) -> End:
        """What others may know of it, to choose by."""
        return End(
            id=self.id,
            card=self.card,
            done=self.status in {Status.DONE, Status.PLANNED},
            left=self.left.stage if self.left else "",
            rulings={ruled.stage: (ruled.ruling, ruled.score) for ruled in self.verdicts if ruled.last},
        )


def record_of(result: NodeResult) -> Record:
    """Boil a node's end down. One that is only planned is kept through a whole run: with no more than that needs."""
    node, blob = result.node, result.result
    planned = result.status is Status.PLANNED
    done = [] if planned else result.steps
    return Record(
        id=node.id,
        card=node.card,
        status=result.status,
        pictures=_pictures(result) if node.card.kind == "take" else (),
        result=None if blob is None or blob.imagined else blob,
        problems=tuple(result.problems),
        missing=tuple([step.call.key for step in result.steps if not step.cached]),
        plain=_says(result, "plain"),
        unchanged=_says(result, "unchanged"),
        keys=dict(zip(positions(done, node.card.slot), [step.call.key for step in done], strict=True)),
        calls=_account(done),
        verdicts=ruled_of(result),
        measures="[]" if planned else measures_of(result),
        costs=tuple([step.reply.cost_usd for step in done]),
        left=result.left,
        person=person_of(result) if node.card.kind == "person" else {},
    )


def slim(record: Record) -> Record:
    """The record without what only the manifest, the trail and the snapshot are written from: half of it.

    Of an adapter, of which there are few, everything stays: the shelf is told of its calls.
    """
    return record if record.card.kind == "adapter" else replace(record, keys={}, calls="[]", measures="[]", costs=())


def undecided(record: Record) -> Record:
    """The record as it is where the run ended before anybody was chosen: what waited for that was stopped."""
    waits = record.left is not None and record.left.why == "not_chosen"
    return replace(record, status=Status.STOPPED, left=None) if waits else record


def follow(old: Record | None, new: Record) -> Record:
    """The record of a node that was taken up again: the `new` one, with what `old` saw for the first time."""
    seen = {(ruled.stage, ruled.digest) for ruled in old.verdicts if ruled.fresh} if old else set()
    if not seen:
        return new
    verdicts = [replace(ruled, fresh=ruled.fresh or (ruled.stage, ruled.digest) in seen) for ruled in new.verdicts]
    return replace(new, verdicts=tuple(verdicts))


def positions(steps: Sequence[Step], slot: str) -> list[str]:
    """The place of each call in its plan, the same after its arguments were changed: `stage|slot|number`.

    Of another attempt than the first it is `stage|slot+retry1|number`, and numbers count the calls of one attempt, so
    that one more try moves nobody else's.
    """
    counts: Counter[str] = Counter()
    found = []
    for step in steps:
        label = step.attempt.label
        found.append(f"{step.stage}|{slot}{label and f'+{label}'}|{counts[label]}")
        counts[label] += 1
    return found


def _says(result: NodeResult, name: str) -> bool:
    return any(step.reply.data.get(name) is True for step in result.steps)


def _pictures(result: NodeResult) -> tuple[Picture, ...]:
    """The pictures that are there; of two under one name the later."""
    found = [
        Picture(
            stage=made.stage,
            blob=made.blob,
            name=file_name(result.node.id, made.stage, made.blob.media, made.attempt),
            attempt=made.attempt,
        )
        for made in result.pictures
        if not made.blob.imagined
    ]
    latest = {picture.name: picture for picture in found}
    return tuple([picture for picture in found if picture is latest[picture.name]])


def _account(steps: Sequence[Step]) -> str:
    return json.dumps([_told(step) for step in steps], separators=(",", ":"), ensure_ascii=False)


def _told(step: Step) -> JSONObject:
    call, reply = step.call, step.reply
    return {
        "stage": step.stage,
        **({"attempt": step.attempt.number} if step.attempt.number else {}),
        "provider": call.provider,
        "endpoint": call.endpoint,
        **({"revision": call.revision} if call.revision else {}),
        "key": call.key,
        "arguments": dict(call.arguments),
        "inputs": {place: blob.digest for place, blob in call.inputs.items()},
        "outputs": {place: blob.digest for place, blob in reply.files.items()},
        "seconds": reply.seconds,
        "cost_usd": reply.cost_usd,
    }
