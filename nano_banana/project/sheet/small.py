"""Small pictures of takes, by batches: two thousand never lie in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.json import as_whole
from nano_banana.core.news import Watcher
from nano_banana.core.reply import Reply
from nano_banana.project.sheet.shown import Shown
from nano_banana.stages.site import compute
from nano_banana.workshop.answering import Errands
from nano_banana.workshop.workshop import Workshop

PURPOSE = "sheet"

BATCH = 256
"""Takes whose small pictures are in memory at one time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """A small picture: WebP, sizes in pixels. Empty where there is none, or none can be made of it."""

    data: bytes = b""
    width: int = 0
    height: int = 0


def thumbnails(
    workshop: Workshop, takes: Sequence[Shown], side: int, watch: Watcher
) -> Iterator[tuple[Shown, Small, Small]]:
    """Takes with their small pictures (`side` pixels on the longer side), and those of before where they differ."""
    for start in range(0, len(takes), BATCH):
        batch = takes[start : start + BATCH]
        pairs = [(take.picture, _other(take)) for take in batch]
        calls = {blob.digest: _call(blob, side) for pair in pairs for blob in pair if blob is not None}
        ends = workshop.answer(Errands(purpose=PURPOSE, calls=list(calls.values())), watch)
        replies = {digest: end for digest, end in zip(calls, ends, strict=True) if isinstance(end, Reply)}
        for take, (now, before) in zip(batch, pairs, strict=True):
            yield take, _small(workshop, replies, now), _small(workshop, replies, before)


def _other(take: Shown) -> Blob | None:
    before = take.before
    return before.picture if before is not None and before.differs else None


def _call(blob: Blob, side: int) -> Call:
    return compute("thumbnail", {"side": side, "media": "image/webp"}, {"image": blob})


def _small(workshop: Workshop, replies: Mapping[str, Reply], blob: Blob | None) -> Small:
    reply = None if blob is None else replies.get(blob.digest)
    if reply is None:
        return Small()
    data = workshop.store.path(reply.files["image"]).read_bytes()
    return Small(data=data, width=as_whole(reply.data["width"]), height=as_whole(reply.data["height"]))
