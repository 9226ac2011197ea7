"""Takes beside what they were in another run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nano_banana.core.blob import Blob
from nano_banana.core.errors import Unusable
from nano_banana.core.json import JSONObject
from nano_banana.core.result import Status
from nano_banana.core.verdict import Ruling
from nano_banana.project.runs import History, KeptCall, KeptPicture, KeptTake
from nano_banana.project.sheet.gathering import STATES
from nano_banana.project.sheet.shown import Before, Shown, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a run came to, and what the store has of it still."""

    run: str
    by_id: Mapping[str, KeptTake]
    by_slot: Mapping[str, KeptTake]
    history: History

    def of(self, take: Shown) -> KeptTake | None:
        """The take as it was then; one whose seed was changed is known by its place."""
        return self.by_id.get(take.record.id) or self.by_slot.get(take.card.slot)

    def bytes_of(self, picture: KeptPicture) -> Blob | None:
        """A picture of then; None where its bytes are gone."""
        blob = Blob(digest=picture.digest, size=0, media="image/png")
        try:
            self.history.store.path(blob)
        except Unusable:
            return None
        return blob


def past_of(history: History, name: str, recipe: str) -> Past:
    """A run of the recipe by its name, as `History.find` takes it. Raises Invalid where it is not known any more."""
    run = history.find(name, recipe)
    takes = history.snapshot(run).takes
    return Past(
        run=run.id,
        by_id={take.id: take for take in takes},
        by_slot={take.card.slot: take for take in takes},
        history=history,
    )


def beside(takes: Iterable[Shown], past: Past) -> list[Shown]:
    """The takes, with what they were in that run; of one that was not in it nothing is known."""
    pairs = [(take, past.of(take)) for take in takes]
    changed = [(take, then) for take, then in pairs if then and _differs(take, then)]
    keys = [call.key for _, then in changed for call in then.calls]
    documents = past.history.documents(keys)
    return [
        take if then is None else replace(take, before=_before(take, then, past, documents)) for take, then in pairs
    ]


def _before(take: Shown, then: KeptTake, past: Past, documents: Mapping[str, JSONObject]) -> Before:
    picture, differs = _picture(then, take.stage), _differs(take, then)
    there = past.bytes_of(picture) if picture is not None and differs else None
    return Before(
        state=_state(then),
        picture=there,
        gone=picture is not None and differs and there is None,
        differs=differs,
        score=then.score,
        seed=then.card.seed,
        cost_usd=None if then.unpriced else then.cost_usd,
        made=_made(then.calls, documents) if differs else (),
    )


def _made(calls: Sequence[KeptCall], documents: Mapping[str, JSONObject]) -> list[JSONObject]:
    return [{**documents[call.key], "stage": call.stage} for call in calls if call.key in documents]


def _differs(take: Shown, then: KeptTake) -> bool:
    picture = _picture(then, take.stage)
    now = None if take.picture is None else take.picture.digest
    return (None if picture is None else picture.digest) != now


def _picture(then: KeptTake, stage: str) -> KeptPicture | None:
    """The stage's picture, of the attempt that stood at the end; else the furthest that the take came."""
    if not then.pictures:
        return None
    last = then.pictures[-1]
    here = [picture for picture in then.pictures if picture.stage == stage]
    standing = [picture for picture in here if picture.attempt == last.attempt]
    # A gate hands on what it lets through as its own picture, whichever try that was.
    passed = {picture.digest for picture in then.pictures if picture.stage != stage}
    handed = [picture for picture in here if picture.digest in passed]
    return [last, *here, *standing, *handed][-1]


def _state(then: KeptTake) -> State:
    if then.status in (Status.FAILED, Status.BLOCKED):
        return State.FAILED
    if then.verdict is not None:
        return STATES[Ruling(then.verdict.ruling)]
    return State.DONE if then.pictures else State.MISSING
