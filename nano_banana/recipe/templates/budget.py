"""How much a template may do before it is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar

from nano_banana.core.json import JSONValue

MAX_SOURCE = 65_536
"""Characters of one template's text."""
MAX_NODES = 5_000
"""Nodes of one template's tree; a prompt has some dozens."""
MAX_FAULTS = 20
"""Faults of one template after which nobody reads on."""
MAX_OUTPUT = 20_000
"""Characters of a rendered text, and of any text made on the way."""
MAX_ITEMS = 2_000
"""Values in one list or mapping, those inside it counted too, and each 16 characters of their texts."""
MAX_STEPS = 50_000
"""Nodes of the template's tree that are run, and items that filters go through."""
MAX_CHARACTERS = 1_000_000
"""Characters written altogether, into results, variables and macros' texts."""
MAX_CALLS_DEEP = 16
"""Macros and blocks inside one another."""
MAX_DEPTH = 50
"""Nodes of a template's tree inside one another."""
MAX_NUMBER = 10**15
"""The largest number that may be computed, either sign."""


class OutOfBoundsError(Exception):
    """A template went too far; whoever runs it knows where it was."""

    def __init__(self, kind: str, **data: JSONValue) -> None:
        super().__init__(kind)
        self.kind = kind
        self.data: Mapping[str, JSONValue] = data


class Budget:
    """What one rendering has left. Raises OutOfBoundsError when that is nothing."""

    __slots__ = ("characters", "depth", "steps")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.characters = MAX_CHARACTERS
        self.depth = 0

    def step(self, count: int = 1) -> None:
        """Take `count` steps."""
        self.steps -= count
        if self.steps < 0:
            raise OutOfBoundsError("template_too_long_running", limit=MAX_STEPS)

    def toll(self, steps: int, characters: int) -> None:
        """Pay for one turn of a loop, or one run of a macro, a block or a template."""
        self.step(steps)
        self.characters -= characters
        self.write("")

    def write(self, text: str) -> str:
        """Let `text` be written."""
        size = len(text)
        self.characters -= size
        if size > MAX_OUTPUT or self.characters < 0:
            raise OutOfBoundsError("template_output_too_long", limit=MAX_OUTPUT)
        return text


BUDGET: ContextVar[Budget] = ContextVar("budget")
"""The budget of the rendering under way; Jinja hands no such thing to operators and attributes."""
