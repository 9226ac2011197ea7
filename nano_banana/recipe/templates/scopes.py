"""The names that a template itself defines, innermost first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from jinja2 import nodes

Names: TypeAlias = "Mapping[str, Names | None]"
"""What is defined: a name with the fields that it has, or with None where anything may follow."""


class Scopes:
    """A stack of names with their fields."""

    def __init__(self, names: Names | None = None) -> None:
        self._stack: list[dict[str, Names | None]] = [dict(names or {})]

    @contextmanager
    def inner(self, targets: Iterable[nodes.Node] = (), names: Names | None = None) -> Iterator[None]:
        """Open a scope in which `targets` and `names` are defined."""
        self._stack.append(dict(names or {}))
        for target in targets:
            self.bind(target)
        yield
        self._stack.pop()

    def bind(self, target: nodes.Node, fields: Names | None = None) -> None:
        """Define what `target` assigns to, in the innermost scope."""
        if isinstance(target, nodes.Name):
            self._stack[-1][target.name] = fields
        elif isinstance(target, nodes.Tuple):
            for item in target.items:
                self.bind(item)

    def define(self, name: str) -> None:
        """Define `name`, of which nothing more is known."""
        self._stack[-1][name] = None

    def all(self) -> dict[str, Names | None]:
        """Every name that is defined here."""
        return {name: fields for scope in self._stack for name, fields in scope.items()}
