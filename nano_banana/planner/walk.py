"""A take under way: its seed, its words, and what it was waiting for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from nano_banana.core.blob import Blob
from nano_banana.core.flow import Flow
from nano_banana.planner.take import Take, seed_again
from nano_banana.planner.workbench import Workbench
from nano_banana.stages.standing import Standing

Results: TypeAlias = Mapping[str, Blob]
"""The results of the nodes that a take waited for, by their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One try at a take. `name` is the take's id, whatever seed this try has; `context` what its templates find."""

    name: str
    take: Take
    context: Mapping[str, object]
    results: Results

    @classmethod
    def of(cls, bench: Workbench, take: Take, results: Results) -> Walk:
        """A take's first try."""
        return cls(name=take.id, take=take, context=bench.contexts.take(take), results=results)

    def again(self, bench: Workbench, *, gate: int, number: int) -> Walk:
        """The same take with another seed; see `seed_again`."""
        take = replace(self.take, seed=seed_again(bench.recipe.name, self.take, gate, number))
        return replace(self, take=take, context=bench.contexts.take(take))


Above: TypeAlias = Callable[[Walk], Flow[Standing]]
"""The part of a chain that comes before a stage: it may be gone again, with another seed."""

Link: TypeAlias = Callable[[Above, Walk], Flow[Standing]]
"""One stage's part of a chain."""

Work: TypeAlias = Callable[[Walk, Blob], Flow[Standing]]
"""What a stage makes of the picture that comes to it."""


def upon(work: Work) -> Link:
    """The link of a stage that works on what comes to it, and asks for nothing above it again."""

    def link(above: Above, walk: Walk) -> Flow[Standing]:
        standing = yield from above(walk)
        if standing.left:
            return standing
        return standing.then((yield from work(walk, standing.picture)))

    return link
