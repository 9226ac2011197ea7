"""A snapshot as bytes, and back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import TypeAlias, cast

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.node import Card
from nano_banana.core.result import Status
from nano_banana.reports.snapshot import KEY, KeptCall, KeptPicture, KeptTake, KeptVerdict, Snapshot

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


def dump(run: str, recipe: str, nodes: Iterable[KeptTake], *, whole: bool) -> bytes:
    """A snapshot as bytes; the nodes may come one at a time.

    The same run gives the same bytes: compressed JSON, a row a node, then all digests and keys as they are, since
    nothing compresses them.
    """
    digests: list[str] = []
    rows = cast("_Row", [_row(node, digests) for node in nodes])
    head: JSONObject = {"format": _FORMAT, "run": run, "recipe": recipe, "whole": whole, "nodes": rows}
    text = zlib.compress(json.dumps(head, separators=(",", ":")).encode(), _LEVEL)
    return len(text).to_bytes(4, "big") + text + bytes.fromhex("".join(digests))


def load(data: bytes | None) -> Snapshot | None:
    """What `dump` wrote; None where there is nothing, or it is of another make."""
    try:
        whole = data or b""
        size = 4 + int.from_bytes(whole[:4], "big")
        head = json.loads(zlib.decompress(whole[4:size]))
        digests = _Digests(whole[size:].hex())
        if head["format"] != _FORMAT:
            return None
        return Snapshot(
            run=head["run"],
            recipe=head["recipe"],
            whole=head["whole"],
            nodes=tuple(_node(row, digests) for row in head["nodes"]),
        )
    except (ValueError, TypeError, KeyError, IndexError, zlib.error):
        return None


class _Digests:
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


def _row(node: KeptTake, digests: list[str]) -> _Row:
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


def _node(row: _NodeRow, digests: _Digests) -> KeptTake:
    name, card, status, left, results, pictures, verdict, calls = row
    kept = _card(card)
    return KeptTake(
        id=name,
        card=kept,
        status=Status(status),
        left=left,
        pictures=tuple(_pictures(pictures, digests)),
        result=digests.next(_DIGEST) if results else "",
        verdict=_verdict(verdict) if verdict else None,
        calls=tuple(_calls(calls, kept.slot, digests)),
    )


def _pictures(rows: list[_PictureRow], digests: _Digests) -> Iterator[KeptPicture]:
    digest = ""
    for stage, attempt, file, is_new in rows:
        digest = digests.next(_DIGEST) if is_new else digest
        yield KeptPicture(stage=stage, attempt=attempt, digest=digest, name=file)


def _card(row: _CardRow) -> Card:
    kind, slot, stage, shot, template, subject, cast_, axes, seed = row
    return Card(
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


def _verdict(row: _VerdictRow) -> KeptVerdict:
    stage, ruling, score, threshold, reasons = row
    return KeptVerdict(stage=stage, ruling=ruling, score=score, threshold=threshold, reasons=tuple(reasons))


def _calls(rows: list[_CallRow], slot: str, digests: _Digests) -> Iterator[KeptCall]:
    for position, cost, fresh in rows:
        yield KeptCall(
            position=position.replace(_SLOT, slot, 1), key=digests.next(KEY), cost_usd=cost, fresh=bool(fresh)
        )
