"""YAML text as JSON values, with the position of every key and item.

By YAML 1.2's core schema: `16:9`, `yes` and `2026-08` are strings, and `9e-5` is a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, Position, Problem, problem

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node

YamlPath: TypeAlias = "tuple[str | int, ...]"

MAX_CHARACTERS = 200_000
MAX_NODES = 20_000

_CONSTANTS: Mapping[str, JSONValue] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedYaml:
    """A parsed file: its value, and the place of each key or item by its path."""

    value: JSONValue
    places: Mapping[YamlPath, Position]

    def place(self, path: YamlPath) -> Position | None:
        """The place of `path`, or of the nearest thing around it that was written."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)


def parse_endpoint_yaml(text: str, *, file: str) -> LocatedYaml:
    """Read one YAML document by the rules of YAML 1.2's core schema.

    So `16:9`, `yes` and `2026-08` are strings, and `9e-5` is a number. Raises Invalid for broken YAML,
    twice the same key, keys that are no strings, recursive aliases and files that are too large.
    """
    import yaml

    if len(text) > MAX_CHARACTERS:
        raise Invalid([problem("endpoint_too_large", place=_place_at(file, 0, 0), most=MAX_CHARACTERS)])
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _place_at(file, mark.line, mark.column) if mark else _place_at(file, 0, 0)
        raise Invalid([problem("endpoint_yaml", place=place, says=error.problem or "")]) from None
    except yaml.YAMLError:
        raise Invalid([problem("endpoint_yaml", place=_place_at(file, 0, 0), says="unreadable characters")]) from None
    return _Composer(file).text(node)


def _place_at(file: str, line: int, column: int, length: int = 1) -> Position:
    return Position(file=file, line=line + 1, column=column + 1, length=max(1, length))


class _Composer:
    """One walk over the nodes of a file; gathers places and problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[YamlPath, Position] = {}
        self.problems: list[Problem] = []
        self.nodes = 0

    def text(self, root: Node | None) -> LocatedYaml:
        value = None if root is None else self.value(root, (), frozenset())
        if self.problems:
            raise Invalid(self.problems)
        self.places.setdefault((), _place_at(self.file, 0, 0))
        return LocatedYaml(value=value, places=self.places)

    def value(self, node: Node, path: YamlPath, around: frozenset[int]) -> JSONValue:
        from yaml.nodes import MappingNode, ScalarNode, SequenceNode

        self.nodes += 1
        self.places.setdefault(path, self.at(node))
        if id(node) in around:
            self.wrong("endpoint_recursive", node)
            return None
        if self.nodes > MAX_NODES:
            raise Invalid([*self.problems, problem("endpoint_too_large", place=self.at(node), most=MAX_NODES)])
        if isinstance(node, MappingNode):
            return self.mapping(node, path, around | {id(node)})
        if isinstance(node, SequenceNode):
            inner = around | {id(node)}
            return [self.value(item, (*path, index), inner) for index, item in enumerate(node.value)]
        return plain_scalar(node.value) if isinstance(node, ScalarNode) and not node.style else str(node.value)

    def mapping(self, node: MappingNode, path: YamlPath, around: frozenset[int]) -> JSONValue:
        found: dict[str, JSONValue] = {}
        for key, item in node.value:
            name = key.value
            if not isinstance(name, str):
                self.wrong("endpoint_key_shape", key)
            elif name in found:
                self.wrong("endpoint_key_twice", key, name=name)
            else:
                self.places[(*path, name)] = self.at(key)
                found[name] = self.value(item, (*path, name), around)
        return found

    def at(self, node: Node) -> Position:
        start, end = node.start_mark, node.end_mark
        return _place_at(
            self.file, start.line, start.column, end.column - start.column if end.line == start.line else 1
        )

    def wrong(self, kind: str, node: Node, *, name: str = "") -> None:
        self.problems.append(problem(kind, place=self.at(node), name=name))


def plain_scalar(text: str) -> JSONValue:
    """What an unquoted scalar means: null, a boolean, a number, else itself."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return text
