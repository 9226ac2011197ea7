"""Snapshots made by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from nano_banana.model.nodes import NodeInfo, NodeStatus
from nano_banana.session.run_snapshot import KEY_DIGITS, KeptCall, KeptPicture, KeptTake, KeptVerdict, Snapshot

ACCEPTED = KeptVerdict(stage="judged", ruling="accepted", score=0.62, threshold=0.45)
REJECTED = KeptVerdict(stage="judged", ruling="rejected", score=0.31, threshold=0.45, reasons=("too_far", "no_face"))
SKIPPED = KeptVerdict(stage="judged", ruling="not_judged", score=None, threshold=None)


def digest(of: str) -> str:
    """Some digest, the same for the same word."""
    return hashlib.sha256(of.encode(errors="surrogatepass")).hexdigest()


def key(of: str) -> str:
    """Some call's key, as snapshots have them."""
    return digest(of)[:KEY_DIGITS]


def take(
    name: str,
    *,
    asked: Sequence[str] = ("draw",),
    seed: int = 11,
    place: int = 0,
    cost: float | None = 0.035,
    fresh: bool = True,
    verdict: KeptVerdict | None = None,
    left: str = "",
    status: NodeStatus = NodeStatus.DONE,
    bytes_: str = "",
    axes: Mapping[str, str] | None = None,
) -> KeptTake:
    """A take with a call for each word of `asked`, all of the stage `takes`; its id is `name/s<seed>`."""
    slot = f"{name}/#{place}"
    picture = digest(bytes_ or f"{name} {seed} {asked}")
    return KeptTake(
        id=f"{name}/s{seed}",
        card=NodeInfo(kind="take", slot=slot, stage="takes", subject="ana", cast=("ana",), axes=axes or {}, seed=seed),
        status=status,
        left=left,
        pictures=(
            KeptPicture(stage="takes", attempt="", digest=picture, name=f"takes/{name}_s{seed}.png"),
            KeptPicture(stage="judged", attempt="", digest=picture, name=f"judged/{name}_s{seed}.png"),
        ),
        verdict=verdict,
        calls=tuple(
            KeptCall(position=f"takes|{slot}|{number}", key=key(word), cost_usd=cost, fresh=fresh)
            for number, word in enumerate(asked)
        ),
    )


def adapter(of: str, asked: str = "train") -> KeptTake:
    """A training's end; `of` says which bytes it came to."""
    return KeptTake(
        id="likeness/ana",
        card=NodeInfo(kind="adapter", slot="likeness/ana", stage="likeness", subject="ana"),
        status=NodeStatus.DONE,
        result=digest(of),
        calls=(KeptCall(position="likeness|likeness/ana|0", key=key(asked), cost_usd=2.0, fresh=True),),
    )


def snapshot(*nodes: KeptTake, run: str = "run-1", whole: bool = True, recipe: str = "portraits") -> Snapshot:
    """A run that came to these."""
    return Snapshot(run=run, recipe=recipe, whole=whole, nodes=nodes)
