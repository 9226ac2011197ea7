"""YAML text as JSON values, with a place for each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONValue
from nano_banana.core.problem import Place, Problem

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node

Path: TypeAlias = "tuple[str | int, ...]"

MOST_CHARACTERS = 200_000
MOST_NODES = 20_000

_WORDS: Mapping[str, JSONValue] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A parsed file: its value, and the place of each key or item by its path."""

    value: JSONValue
    places: Mapping[Path, Place]

    def place(self, path: Path) -> Place | None:
        """The place of `path`, or of the nearest thing around it that was written."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)


def parse(text: str, *, file: str) -> Text:
    """Read one YAML document by the rules of YAML 1.2's core schema.

    So `16:9`, `yes` and `2026-08` are strings, and `9e-5` is a number. Raises Invalid for broken YAML,
    twice the same key, keys that are no strings, recursive aliases and files that are too large.
    """
    import yaml

    if len(text) > MOST_CHARACTERS:
        raise Invalid([trouble("endpoint_too_large", place=_at(file, 0, 0), most=MOST_CHARACTERS)])
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _at(file, mark.line, mark.column) if mark else _at(file, 0, 0)
        raise Invalid([trouble("endpoint_yaml", place=place, says=error.problem or "")]) from None
    except yaml.YAMLError:
        raise Invalid([trouble("endpoint_yaml", place=_at(file, 0, 0), says="unreadable characters")]) from None
    return _Walk(file).text(node)


def _at(file: str, line: int, column: int, length: int = 1) -> Place:
    return Place(file=file, line=line + 1, column=column + 1, length=max(1, length))


class _Walk:
    """One walk over the nodes of a file; gathers places and problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self.nodes = 0

    def text(self, root: Node | None) -> Text:
        value = None if root is None else self.value(root, (), frozenset())
        if self.problems:
            raise Invalid(self.problems)
        self.places.setdefault((), _at(self.file, 0, 0))
        return Text(value=value, places=self.places)

    def value(self, node: Node, path: Path, around: frozenset[int]) -> JSONValue:
        from yaml.nodes import MappingNode, ScalarNode, SequenceNode

        self.nodes += 1
        self.places.setdefault(path, self.at(node))
        if id(node) in around:
            self.wrong("endpoint_recursive", node)
            return None
        if self.nodes > MOST_NODES:
            raise Invalid([*self.problems, trouble("endpoint_too_large", place=self.at(node), most=MOST_NODES)])
        if isinstance(node, MappingNode):
            return self.mapping(node, path, around | {id(node)})
        if isinstance(node, SequenceNode):
            inner = around | {id(node)}
            return [self.value(item, (*path, index), inner) for index, item in enumerate(node.value)]
        return plain(node.value) if isinstance(node, ScalarNode) and not node.style else str(node.value)

    def mapping(self, node: MappingNode, path: Path, around: frozenset[int]) -> JSONValue:
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

    def at(self, node: Node) -> Place:
        start, end = node.start_mark, node.end_mark
        return _at(self.file, start.line, start.column, end.column - start.column if end.line == start.line else 1)

    def wrong(self, kind: str, node: Node, *, name: str = "") -> None:
        self.problems.append(trouble(kind, place=self.at(node), name=name))


def plain(text: str) -> JSONValue:
    """What an unquoted scalar means: null, a boolean, a number, else itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return text
