"""Snapshots: the results of a run's takes, packed to keep many runs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias, cast

from msgspec import Struct

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.nodes import NodeInfo, NodeStatus
from nano_banana.session.run_records import NodeRecord, OutputPicture, VerdictSummary

KEY_DIGITS = 32
"""Digits of a call's key that are kept: enough to tell any two apart, half as large."""

_SCORE_DIGITS = 5
"""Digits of a likeness that are kept."""


class KeptPicture(Struct, frozen=True, kw_only=True):
    """A stage's picture: `attempt` labels the try (empty: the first), `name` is its file below the output folder."""

    stage: str
    attempt: str
    digest: str
    name: str


class KeptVerdict(Struct, frozen=True, kw_only=True):
    """The last gate's verdict on the final picture; `reasons` are kinds."""

    stage: str
    ruling: str
    score: float | None
    threshold: float | None
    reasons: tuple[str, ...] = ()


class KeptCall(Struct, frozen=True, kw_only=True):
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


class KeptTake(Struct, frozen=True, kw_only=True):
    """A take's end (or an adapter's, or a person's: see `card.kind`).

    `result` is the digest of what a node that is no take came to. `left` is the stage at which a take's way ended
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
        """Those that are takes, by id."""
        return tuple(node for node in self.nodes if node.card.kind == "take")


def kept_nodes(records: Iterable[NodeRecord], made: Collection[str]) -> Iterator[KeptTake]:
    """What is kept of each node, by kind and id; `made` are the keys of the calls that the run made itself."""
    for record in sorted(records, key=lambda record: (record.card.kind, record.id)):
        is_take, word = record.card.kind == "take", record.final_verdict
        yield KeptTake(
            id=record.id,
            card=record.card,
            status=record.status,
            left=record.exited_early.stage if record.exited_early else "",
            result="" if is_take or record.result is None else record.result.digest,
            pictures=tuple([_kept_picture(picture) for picture in record.pictures]),
            verdict=_kept_verdict(word) if word else None,
            calls=tuple(
                [
                    KeptCall(position=position, key=key[:KEY_DIGITS], cost_usd=cost, fresh=key in made)
                    for (position, key), cost in zip(record.keys.items(), record.costs, strict=True)
                ]
            ),
        )


def _kept_picture(picture: OutputPicture) -> KeptPicture:
    return KeptPicture(
        stage=picture.stage, attempt=picture.attempt.label, digest=picture.blob.digest, name=picture.name
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
"""zlib's: 10,000 takes in a twentieth of a second, and hardly larger than with more effort."""
_SLOT = "\0"
"""Stands for a take's slot in the positions of its calls, which all have it."""

_Row: TypeAlias = list[JSONValue]
_CardRow: TypeAlias = tuple[str, str, str, str, str, str, list[str], dict[str, str], int | None]
_VerdictRow: TypeAlias = tuple[str, str, float | None, float | None, list[str]]
_CallRow: TypeAlias = tuple[str, float | None, int]
_PictureRow: TypeAlias = tuple[str, str, str, int]
_NodeRow: TypeAlias = tuple[str, _CardRow, str, str, int, list[_PictureRow], _VerdictRow | None, list[_CallRow]]


def pack_snapshot(run: str, recipe: str, nodes: Iterable[KeptTake], *, whole: bool) -> bytes:
    """A snapshot as bytes; the nodes may come one at a time.

    The same run gives the same bytes: compressed JSON, a row a node, then all digests and keys as they are, since
    nothing compresses them.
    """
    digests: list[str] = []
    rows = cast("_Row", [_node_row(node, digests) for node in nodes])
    head: JSONObject = {"format": _FORMAT, "run": run, "recipe": recipe, "whole": whole, "nodes": rows}
    text = zlib.compress(json.dumps(head, separators=(",", ":")).encode(), _LEVEL)
    return len(text).to_bytes(4, "big") + text + bytes.fromhex("".join(digests))


def unpack_snapshot(data: bytes | None) -> Snapshot | None:
    """What `dump` wrote; None where there is nothing, or it is of another make."""
    try:
        whole = data or b""
        size = 4 + int.from_bytes(whole[:4], "big")
        head = json.loads(zlib.decompress(whole[4:size]))
        digests = _DigestReader(whole[size:].hex())
        if head["format"] != _FORMAT:
            return None
        return Snapshot(
            run=head["run"],
            recipe=head["recipe"],
            whole=head["whole"],
            nodes=tuple(_node_from(row, digests) for row in head["nodes"]),
        )
    except (ValueError, TypeError, KeyError, IndexError, zlib.error):
        return None


class _DigestReader:
    """Hands out digests in the order in which they were written."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def next(self, length: int) -> str:
        """The next `length` digits. Raises IndexError where there are not so many."""
        found = self._text[self._at : self._at + length]
        self._at += length
        if len(found) < length:
            raise IndexError
        return found


def _node_row(node: KeptTake, digests: list[str]) -> _Row:
    card, verdict = node.card, node.verdict
    pictures = _picture_rows(node.pictures, digests)
    digests += [node.result] if node.result else []
    digests += [call.key for call in node.calls]
    named: _Row = [card.kind, card.slot, card.stage, card.shot, card.template, card.subject]
    return [
        node.id,
        [*named, list(card.cast), dict(card.axes), card.seed],
        str(node.status),
        node.left,
        int(bool(node.result)),
        pictures,
        [verdict.stage, verdict.ruling, verdict.score, verdict.threshold, list(verdict.reasons)] if verdict else None,
        [[call.position.replace(card.slot or _SLOT, _SLOT, 1), call.cost_usd, int(call.fresh)] for call in node.calls],
    ]


def _picture_rows(pictures: Iterable[KeptPicture], digests: list[str]) -> _Row:
    """A row a picture; one that is handed on as it is (by a gate, by a choice) has the digest of the one before."""
    rows: _Row = []
    before = ""
    for picture in pictures:
        is_new = picture.digest != before
        rows.append([picture.stage, picture.attempt, picture.name, int(is_new)])
        digests += [picture.digest] if is_new else []
        before = picture.digest
    return rows


def _node_from(row: _NodeRow, digests: _DigestReader) -> KeptTake:
    name, card, status, left, results, pictures, verdict, calls = row
    kept = _card_from(card)
    return KeptTake(
        id=name,
        card=kept,
        status=NodeStatus(status),
        left=left,
        pictures=tuple(_pictures_from(pictures, digests)),
        result=digests.next(_DIGEST) if results else "",
        verdict=_verdict_from(verdict) if verdict else None,
        calls=tuple(_calls_from(calls, kept.slot, digests)),
    )


def _pictures_from(rows: list[_PictureRow], digests: _DigestReader) -> Iterator[KeptPicture]:
    digest = ""
    for stage, attempt, file, is_new in rows:
        digest = digests.next(_DIGEST) if is_new else digest
        yield KeptPicture(stage=stage, attempt=attempt, digest=digest, name=file)


def _card_from(row: _CardRow) -> NodeInfo:
    kind, slot, stage, shot, template, subject, cast_, axes, seed = row
    return NodeInfo(
        kind=kind,
        slot=slot,
        stage=stage,
        shot=shot,
        template=template,
        subject=subject,
        cast=tuple(cast_),
        axes=axes,
        seed=seed,
    )


def _verdict_from(row: _VerdictRow) -> KeptVerdict:
    stage, ruling, score, threshold, reasons = row
    return KeptVerdict(stage=stage, ruling=ruling, score=score, threshold=threshold, reasons=tuple(reasons))


def _calls_from(rows: list[_CallRow], slot: str, digests: _DigestReader) -> Iterator[KeptCall]:
    for position, cost, fresh in rows:
        yield KeptCall(
            position=position.replace(_SLOT, slot, 1), key=digests.next(KEY_DIGITS), cost_usd=cost, fresh=bool(fresh)
        )
