"""Snapshots: the results of a run's takes, packed to keep many runs."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TypeAlias

import msgspec
from msgspec import Struct

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.nodes import NodeInfo, NodeStatus
from nano_banana.session.run_records import NodeRecord, VerdictSummary

KEY_DIGITS = 32
"""Digits of a call's key that are kept: enough to tell any two apart, half as large."""

_SCORE_DIGITS = 5
"""Digits of a likeness that are kept."""


class KeptPicture(Struct, frozen=True, kw_only=True, array_like=True):
    """A stage's picture: `attempt` labels the try (empty: the first), `name` is its file in the output folder."""

    stage: str
    attempt: str
    name: str
    digest: str


class KeptVerdict(Struct, frozen=True, kw_only=True, array_like=True):
    """The last gate's verdict on the final picture; `reasons` are kinds."""

    stage: str
    ruling: str
    score: float | None
    threshold: float | None
    reasons: tuple[str, ...] = ()


class KeptCall(Struct, frozen=True, kw_only=True, array_like=True):
    """A call behind a take.

    `position` is its place in the plan (`stage|slot|number`), `key` the first `KEY_DIGITS` digits of its key,
    `cost_usd` its cost, whichever run made it (None: unknown), `fresh` whether this run made it.
    """

    position: str
    cost_usd: float | None
    fresh: bool
    key: str

    @property
    def stage(self) -> str:
        """The stage that asked for it."""
        return self.position.partition("|")[0]


class KeptTake(Struct, frozen=True, kw_only=True, array_like=True):
    """The result of a take (or of an adapter or a person: see `card.kind`).

    `result` is the digest of what an adapter's or a person's node made. `left` is the stage at which a take ended
    early.
    """

    id: str
    card: NodeInfo
    status: NodeStatus
    left: str = ""
    result: str = ""
    pictures: tuple[KeptPicture, ...] = ()
    verdict: KeptVerdict | None = None
    calls: tuple[KeptCall, ...] = ()

    @property
    def picture(self) -> KeptPicture | None:
        """The final picture; None if the take is not done, was rejected or was not chosen."""
        whole = self.status is NodeStatus.DONE and not self.left
        return self.pictures[-1] if whole and self.pictures else None

    @property
    def score(self) -> float | None:
        """The likeness that decided, if any."""
        return self.verdict.score if self.verdict else None

    @property
    def keys(self) -> Mapping[str, str]:
        """Position → key of each call."""
        return {call.position: call.key for call in self.calls}

    @property
    def cost_usd(self) -> float:
        """The known cost of its calls, whichever run made them."""
        return round(sum(call.cost_usd or 0.0 for call in self.calls), 6)

    @property
    def unpriced(self) -> int:
        """How many of its calls have an unknown cost."""
        return sum(call.cost_usd is None for call in self.calls)


class Snapshot(Struct, frozen=True, kw_only=True):
    """The results of a run; unless it is `whole`, of a part of the recipe."""

    run: str
    recipe: str
    whole: bool
    nodes: tuple[KeptTake, ...] = ()

    @property
    def takes(self) -> tuple[KeptTake, ...]:
        """The nodes that are takes, by id."""
        return tuple(node for node in self.nodes if node.card.kind == "take")


def kept_nodes(records: Iterable[NodeRecord], made: Collection[str]) -> Iterator[KeptTake]:
    """What is kept of each node, by kind and id; `made` are the keys of the calls that this run made."""
    for record in sorted(records, key=lambda record: (record.card.kind, record.id)):
        is_take, word = record.card.kind == "take", record.final_verdict
        yield KeptTake(
            id=record.id,
            card=record.card,
            status=record.status,
            left=record.exited_early.stage if record.exited_early else "",
            result="" if is_take or record.result is None else record.result.digest,
            pictures=tuple(
                [
                    KeptPicture(stage=each.stage, attempt=each.attempt.label, name=each.name, digest=each.blob.digest)
                    for each in record.pictures
                ]
            ),
            verdict=_kept_verdict(word) if word else None,
            calls=tuple(
                [
                    KeptCall(position=position, key=key[:KEY_DIGITS], cost_usd=cost, fresh=key in made)
                    for (position, key), cost in zip(record.keys.items(), record.costs, strict=True)
                ]
            ),
        )


def _kept_verdict(word: VerdictSummary) -> KeptVerdict:
    return KeptVerdict(
        stage=word.stage,
        ruling=str(word.ruling),
        score=None if word.score is None else round(word.score, _SCORE_DIGITS),
        threshold=word.threshold,
        reasons=tuple(reason.kind for reason in word.reasons),
    )


_FORMAT = 1
_DIGEST = 64
_LEVEL = 4
"""zlib's level: 10,000 takes in 50 ms, and hardly larger than with a higher one."""
_SLOT = "\0"
"""Stands for a take's slot in the positions of its calls, which all contain it."""

_NodeRow: TypeAlias = tuple[
    str, list[str], str, str, int, list[tuple[str, str, str, int]], JSONValue, list[tuple[str, float | None, int]]
]
"""The fields of `KeptTake` without digests: 1 stands for a result, 1 for a picture unlike the one before it."""


def pack_snapshot(run: str, recipe: str, nodes: Iterable[KeptTake], *, whole: bool) -> bytes:
    """A snapshot as bytes; the nodes may come one at a time. Equal runs give equal bytes.

    Compressed JSON with a row for each node, then all digests and keys as raw bytes, which don't compress.
    """
    digests: list[str] = []
    rows: list[JSONValue] = [_node_row(node, digests) for node in nodes]
    head: JSONObject = {"format": _FORMAT, "run": run, "recipe": recipe, "whole": whole, "nodes": rows}
    text = zlib.compress(json.dumps(head, separators=(",", ":")).encode(), _LEVEL)
    return len(text).to_bytes(4, "big") + text + bytes.fromhex("".join(digests))


def unpack_snapshot(data: bytes | None) -> Snapshot | None:
    """Read what `pack_snapshot` wrote; None if there is nothing, or another version wrote it."""
    whole = data or b""
    size = 4 + int.from_bytes(whole[:4], "big")
    digests = io.StringIO(whole[size:].hex())

    def read(length: int) -> str:
        found = digests.read(length)
        if len(found) < length:
            raise EOFError
        return found

    try:
        head = json.loads(zlib.decompress(whole[4:size]))
        if head["format"] != _FORMAT:
            return None
        return msgspec.convert({**head, "nodes": [_with_digests(row, read) for row in head["nodes"]]}, Snapshot)
    except (ValueError, TypeError, KeyError, IndexError, EOFError, zlib.error, msgspec.ValidationError):
        return None


def _node_row(node: KeptTake, digests: list[str]) -> list[JSONValue]:
    slot = node.card.slot or _SLOT
    is_new = [before != after for before, after in pairwise(["", *(picture.digest for picture in node.pictures)])]
    digests += [picture.digest for picture, new in zip(node.pictures, is_new, strict=True) if new]
    digests += [node.result] if node.result else []
    digests += [call.key for call in node.calls]
    return [
        node.id,
        msgspec.to_builtins(node.card),
        str(node.status),
        node.left,
        int(bool(node.result)),
        [[each.stage, each.attempt, each.name, int(new)] for each, new in zip(node.pictures, is_new, strict=True)],
        msgspec.to_builtins(node.verdict),
        [[call.position.replace(slot, _SLOT, 1), call.cost_usd, int(call.fresh)] for call in node.calls],
    ]


def _with_digests(row: _NodeRow, read: Callable[[int], str]) -> list[object]:
    """The fields of a `KeptTake`; `read` gives the next digits of the digests."""
    name, card, status, left, has_result, pictures, verdict, calls = row
    kept, digest = [], ""
    for stage, attempt, file, is_new in pictures:
        digest = read(_DIGEST) if is_new else digest
        kept.append([stage, attempt, file, digest])
    result = read(_DIGEST) if has_result else ""
    keyed = [
        [position.replace(_SLOT, card[1], 1), cost, bool(fresh), read(KEY_DIGITS)] for position, cost, fresh in calls
    ]
    return [name, card, status, left, result, kept, verdict, keyed]
