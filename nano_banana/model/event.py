"""Events: what happens during a run, for progress displays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from nano_banana.model.json_values import JSONValue

EventKind: TypeAlias = Literal[
    "planned", "cached", "running", "made", "failed", "node_done", "node_failed", "note", "progress"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to `count` calls of a stage, or to a node.

    `planned` adds to a stage's total; `cached`, `running`, `made` and `failed` tell what became of its
    calls; `node_done` and `node_failed` close a node. `seconds` is how long it took, `cost_usd` what it
    cost (None: nobody knows). `progress` says how far a call at a service is: its `phase`, its `position` in
    the queue, the last line of its `log`. A `note` (and a failure that has a reason) says in `data["kind"]`
    which words to use, as a problem's kind does, and fills them with the rest of `data`.
    """

    kind: EventKind
    stage: str
    node: str = ""
    count: int = 1
    seconds: float = 0.0
    cost_usd: float | None = 0.0
    data: Mapping[str, JSONValue] = field(default_factory=dict)


EventHandler: TypeAlias = Callable[[Event], None]
"""Is told the news as they come; returns at once and never raises."""
