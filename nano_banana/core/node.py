"""Nodes and the plan: flows with names, and which waits for which."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from nano_banana.core.blob import Blob
from nano_banana.core.flow import Flow
from nano_banana.core.json import JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a report says about a node, and nothing that work depends on.

    `slot` names the place in the plan with the seed's *position* instead of the seed
    (`portraits/ana/office/#0`), so that two runs can be compared after a seed was changed.
    """

    kind: str
    slot: str
    stage: str
    shot: str = ""
    subject: str = ""
    axes: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A named flow. `after` names the nodes whose results the flow is made with."""

    id: str
    card: Card
    flow: Callable[[Mapping[str, Blob]], Flow[Blob]]
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Take nodes that wait for the same nodes, made one by one when asked for."""

    after: tuple[str, ...]
    count: int
    nodes: Callable[[], Iterator[Node]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a run would do: first the nodes that others wait for, then groups of takes.

    `files` says where the bytes lie that came from the user and not from a call (digest → path).
    `limits` is how many calls of a kind may run at once.
    """

    recipe: str
    roots: Sequence[Node]
    groups: Sequence[Group]
    files: Mapping[str, Path]
    limits: Mapping[str, int] = field(default_factory=dict)
    budget_usd: float | None = None
    extra: Mapping[str, JSONValue] = field(default_factory=dict)

    @property
    def takes(self) -> int:
        """How many takes the plan has."""
        return sum(group.count for group in self.groups)
