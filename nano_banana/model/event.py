"""Events: what happens during a run, for progress displays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

from nano_banana.model.json_values import JSONValue

EventKind: TypeAlias = Literal[
    "planned", "cached", "running", "made", "failed", "node_done", "node_failed", "note", "progress"
]


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened to `count` calls of a stage, or to a node.

    `planned` adds to a stage's total; `cached`, `running`, `made` and `failed` are states of its calls; `node_done` and
    `node_failed` end a node. `seconds` is how long it took, `cost_usd` what it cost (None: unknown). `progress` is the
    state of a call at a service: its `phase`, its `position` in the queue, the last line of its `log`. For a `note`,
    and for a failure with a reason, `data["kind"]` picks the message, as a problem's kind does, and the rest of `data`
    fills it in.
    """

    kind: EventKind
    stage: str
    node: str = ""
    count: int = 1
    seconds: float = 0.0
    cost_usd: float | None = 0.0
    data: Mapping[str, JSONValue] = field(default_factory=dict)


EventHandler: TypeAlias = Callable[[Event], None]
"""Called with each event as it happens; must return at once and never raise."""
