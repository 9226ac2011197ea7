"""What a node has asked and told so far, while its flow is driven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nano_banana.core.blob import Blob
from nano_banana.core.flow import Ended, Judged, Made
from nano_banana.core.node import Node
from nano_banana.core.problem import Problem
from nano_banana.core.result import NodeResult, Status, Step


@dataclass(slots=True)
class Told:
    """The one place where whoever drives a flow keeps what comes out of it."""

    steps: list[Step] = field(default_factory=list)
    pictures: list[Made] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    end: Ended = field(default_factory=Ended)

    def note(self, event: Made | Judged | Ended) -> None:
        """Keep what needs no answer."""
        match event:
            case Made():
                self.pictures.append(event)
            case Judged():
                self.judged.append(event)
            case Ended():
                self.end = event

    def ended(self, node: Node, status: Status, result: Blob | None, problems: Sequence[Problem] = ()) -> NodeResult:
        """What became of the node."""
        return NodeResult(
            node=node,
            status=status,
            steps=self.steps,
            pictures=self.pictures,
            judged=self.judged,
            words=self.end.words,
            left=self.end.left,
            result=result,
            problems=problems,
        )
