"""What each take of a run came to, small enough to keep of many runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from nano_banana.core.node import Card
from nano_banana.core.result import Status
from nano_banana.reports.record import Picture, Record
from nano_banana.reports.ruled import Ruled

KEY = 32
"""Digits of a call's key that are kept: enough to tell any two apart, half as large."""

_SCORE = 5
"""Digits of a likeness that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPicture:
    """A stage's picture: `attempt` labels the try (empty: the first), `name` is its file below the output folder."""

    stage: str
    attempt: str
    digest: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVerdict:
    """The last gate's word on the picture that stands; `reasons` are their kinds."""

    stage: str
    ruling: str
    score: float | None
    threshold: float | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCall:
    """A call behind a take.

    `position` is its place in the plan (`stage|slot|number`), `key` the first `KEY` digits of its key, `cost_usd` what
    it cost whenever it was made (None: nobody knows), `fresh` whether this run made it.
    """

    position: str
    key: str
    cost_usd: float | None
    fresh: bool

    @property
    def stage(self) -> str:
        """The stage that asked for it."""
        return self.position.partition("|")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTake:
    """A take's end (or an adapter's, or a person's: see `card.kind`).

    `result` is the digest of what a node that is no take came to. `left` is the stage at which a take's way ended
    early.
    """

    id: str
    card: Card
    status: Status
    left: str = ""
    result: str = ""
    pictures: tuple[KeptPicture, ...] = ()
    verdict: KeptVerdict | None = None
    calls: tuple[KeptCall, ...] = ()

    @property
    def picture(self) -> KeptPicture | None:
        """The picture that the take came to; None where it is not done, was refused or was not chosen."""
        whole = self.status is Status.DONE and not self.left
        return self.pictures[-1] if whole and self.pictures else None

    @property
    def score(self) -> float | None:
        """The likeness that decided."""
        return self.verdict.score if self.verdict else None

    @property
    def keys(self) -> Mapping[str, str]:
        """Position → key of each call."""
        return {call.position: call.key for call in self.calls}

    @property
    def cost_usd(self) -> float:
        """What its calls cost, where that is known, whenever they were made."""
        return round(sum(call.cost_usd or 0.0 for call in self.calls), 6)

    @property
    def unpriced(self) -> int:
        """How many of its calls nobody knows the cost of."""
        return sum(call.cost_usd is None for call in self.calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a run came to. Unless it is `whole`, the run was of a part of the recipe, and of that it tells."""

    run: str
    recipe: str
    whole: bool
    nodes: tuple[KeptTake, ...] = ()

    @property
    def takes(self) -> tuple[KeptTake, ...]:
        """Those that are takes, by id."""
        return tuple(node for node in self.nodes if node.card.kind == "take")


def kept(records: Iterable[Record], made: Collection[str]) -> Iterator[KeptTake]:
    """What is kept of each node, by kind and id; `made` are the keys of the calls that the run made itself."""
    for record in sorted(records, key=lambda record: (record.card.kind, record.id)):
        is_take, word = record.card.kind == "take", record.word
        yield KeptTake(
            id=record.id,
            card=record.card,
            status=record.status,
            left=record.left.stage if record.left else "",
            result="" if is_take or record.result is None else record.result.digest,
            pictures=tuple([_picture(picture) for picture in record.pictures]),
            verdict=_verdict(word) if word else None,
            calls=tuple(
                [
                    KeptCall(position=position, key=key[:KEY], cost_usd=cost, fresh=key in made)
                    for (position, key), cost in zip(record.keys.items(), record.costs, strict=True)
                ]
            ),
        )


def _picture(picture: Picture) -> KeptPicture:
    return KeptPicture(
        stage=picture.stage, attempt=picture.attempt.label, digest=picture.blob.digest, name=picture.name
    )


def _verdict(word: Ruled) -> KeptVerdict:
    return KeptVerdict(
        stage=word.stage,
        ruling=str(word.ruling),
        score=None if word.score is None else round(word.score, _SCORE),
        threshold=word.threshold,
        reasons=tuple(reason.kind for reason in word.reasons),
    )
