"""Nodes and the plan: flows with names, and which waits for which."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from nano_banana.core.blob import Blob
from nano_banana.core.flow import Flow
from nano_banana.core.json import JSONValue
from nano_banana.core.verdict import Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a report says about a node, and nothing that work depends on.

    `slot` names the place in the plan with the seed's *position* instead of the seed
    (`portraits/ana/office/#0`), so that two runs can be compared after a seed was changed. `template` is the
    name of the shot's template (empty: a text of its own); `cast` who is in the picture, from left to right.
    """

    kind: str
    slot: str
    stage: str
    shot: str = ""
    template: str = ""
    subject: str = ""
    cast: tuple[str, ...] = ()
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
class End:
    """What others may know of a node that ended, to choose by.

    `left` is the stage at which its way ended (empty: it went all the way); `rulings` are the gates' last words with
    the likeness that decided, by stage. `done` is false where it failed or never came to its end.
    """

    id: str
    card: Card
    done: bool
    left: str = ""
    rulings: Mapping[str, tuple[Ruling, float | None]] = field(default_factory=dict)


Ends: TypeAlias = Mapping[str, End]
"""Ends by their nodes' ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Take nodes that wait for the same nodes, made one by one when asked for.

    Where it `waits` for other groups, by name, the ends of their nodes decide which nodes it has; they go by the ids
    of nodes that ended before them, whose way they take up again and follow further. `count` is then the most.
    """

    name: str
    after: tuple[str, ...]
    count: int
    nodes: Callable[[Ends], Iterator[Node]]
    waits: tuple[str, ...] = ()


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
        return sum(group.count for group in self.groups if not group.waits)
