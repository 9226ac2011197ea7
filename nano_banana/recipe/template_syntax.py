"""Parses templates: a part of Jinja, with the place of every node.

Jinja's own parser reads the text; what the allow-list below lacks is refused at its place, with what to write instead.
Nothing in the language repeats or grows by itself, so a template's size bounds its work.

Jinja puts a token's `lineno` into syntax errors and into every node. The lexer here stores a character offset there,
counted from 1, so that each of them knows its place, also inside a folded YAML scalar. `offset_of` gives it back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Lexer, Token
from jinja2.parser import Parser
from msgspec import Struct

from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import Position, Problem

MAX_SOURCE = 65_536
"""Characters of one template's text."""
MAX_NODES = 5_000
"""Nodes of a template's tree, with those of the files that it includes; a prompt has some dozens."""
MAX_DEPTH = 50
"""Levels of a template's tree."""


class TemplateFault(Exception):
    """A template that can't be read or rendered.

    `offset` and `length` count characters of the template's text, or of the included template file `file`. The text's
    owner knows its position and makes the place.
    """

    def __init__(
        self,
        kind: str,
        *,
        offset: int = 0,
        length: int = 1,
        file: Path | None = None,
        suggestions: tuple[str, ...] = (),
        data: JSONObject | None = None,
    ) -> None:
        super().__init__(f"{kind} at {offset}: {dict(data or {})}")
        self.kind = kind
        self.offset = offset
        self.length = length
        self.file = file
        self.suggestions = suggestions
        self.data: JSONObject = data or {}

    def problem(self, place: Position | None) -> Problem:
        """The same as a problem at `place`."""
        return Problem(kind=self.kind, position=place, data=self.data, suggestions=self.suggestions)


def offset_of(lineno: int | None) -> int:
    """The character offset, from 0, that a Jinja `lineno` holds."""
    return max((lineno or 1) - 1, 0)


class OffsetLexer(Lexer):
    """Jinja's own lexer; only the positions differ."""

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        """Yield (offset + 1, token, text). Jinja yields no blanks that `-` strips: skip to the next text."""
        position = 0
        try:
            for _, token, text in super().tokeniter(source, name, filename, state):
                position = max(source.find(text, position), position)
                yield position + 1, token, text
                position += len(text)
        except TemplateSyntaxError as error:
            error.lineno = position + 1
            raise

    def wrap(
        self, stream: Iterable[tuple[int, str, str]], name: str | None = None, filename: str | None = None
    ) -> Iterator[Token]:
        """Give tokens their values; a number too long for Python is a syntax error."""
        last = 1

        def watched() -> Iterator[tuple[int, str, str]]:
            nonlocal last
            for triple in stream:
                last = triple[0]
                yield triple

        try:
            yield from super().wrap(watched(), name, filename)
        except ValueError as error:
            raise TemplateSyntaxError("this number is too long", last, name, filename) from error


class _OffsetEnvironment(Environment):
    """What Jinja's parser needs: a lexer whose tokens carry offsets."""

    @property
    def lexer(self) -> OffsetLexer:
        """A lexer with this environment's delimiters."""
        return OffsetLexer(self)


_ENVIRONMENT = _OffsetEnvironment(keep_trailing_newline=True)
_WORD = re.compile(r"[.|\[\s]*(\w+)")

_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Include),
    *(nodes.Name, nodes.Const, nodes.Neg, nodes.Getattr, nodes.Getitem, nodes.List, nodes.Tuple),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand, nodes.CondExpr),
    *(nodes.Filter, nodes.Test, nodes.Keyword),
)
_INSERT = "put the text into a file of its own and write `{% include 'parts/light.j2' %}`"
_VARIABLE = "write the value itself, or declare it under `vars`"
_REFUSED: Mapping[type[nodes.Node], tuple[str, str]] = {
    nodes.For: ("`for`", "write out a list with `{{ cast | join(', ') }}`"),
    nodes.Macro: ("`macro`", _INSERT),
    nodes.CallBlock: ("`call`", _INSERT),
    nodes.Import: ("`import`", _INSERT),
    nodes.FromImport: ("`import`", _INSERT),
    nodes.Extends: ("`extends`", _INSERT),
    nodes.Block: ("`block`", _INSERT),
    nodes.Assign: ("`set`", _VARIABLE),
    nodes.AssignBlock: ("`set`", _VARIABLE),
    nodes.With: ("`with`", _VARIABLE),
    nodes.FilterBlock: ("`filter` blocks", "put the filter behind the value: `{{ subject.noun | upper }}`"),
    nodes.Call: ("calls", "read a field with a dot, and change a value with a filter: `{{ subject.noun | upper }}`"),
    nodes.BinExpr: ("arithmetic", "write the number itself"),
    nodes.UnaryExpr: ("arithmetic", "write the number itself"),
    nodes.Concat: ("`~`", "write one value after the other: `{{ scene.place }}{{ scene.light }}`"),
    nodes.Slice: ("slices", "use `first`, `last` or `truncate`"),
    nodes.Dict: ("mappings", _VARIABLE),
}


class ParsedTemplate(Struct, frozen=True, kw_only=True):
    """A template that can be read; `file` is None for one in the recipe itself."""

    text: str
    tree: nodes.Template
    file: Path | None = None

    @property
    def size(self) -> int:
        """How many nodes the tree has."""
        return sum(1 for _ in _nodes_with_depth(self.tree))

    @property
    def includes(self) -> list[tuple[str, nodes.Include]]:
        """The template files that the tree names, each as often as it does."""
        found = self.tree.find_all(nodes.Include)
        return [(str(node.template.value), node) for node in found if isinstance(node.template, nodes.Const)]

    def fault(
        self, kind: str, node: nodes.Node, data: JSONObject, *, word: str = "", hint: tuple[str, ...] = ()
    ) -> TemplateFault:
        """A fault at `word`, which stands at or after the start of `node`; by default at the node's first word."""
        start, length = offset_of(node.lineno), len(word) or 1
        if word:
            start = max(self.text.find(word, start), start)
        elif found := _WORD.match(self.text, start):
            start, length = found.start(1), len(found[1])
        return TemplateFault(kind, offset=start, length=length, file=self.file, suggestions=hint, data=data)

    @property
    def expression(self) -> nodes.Expr | None:
        """The one expression that the template is, apart from blanks around it; None if there is more or less."""
        parts = [part for output in self.tree.body for part in getattr(output, "nodes", [output])]
        told = [part for part in parts if not (isinstance(part, nodes.TemplateData) and not part.data.strip())]
        only = told[0] if len(told) == 1 else None
        return only if isinstance(only, nodes.Expr) and not isinstance(only, nodes.TemplateData) else None


def parse_template(text: str, file: Path | None = None) -> ParsedTemplate:
    """Read `text`. Raises TemplateFault for syntax errors and for syntax that templates can't use."""
    if len(text) > MAX_SOURCE:
        raise TemplateFault("template_source_too_long", file=file, data={"size": len(text), "limit": MAX_SOURCE})
    try:
        tree = Parser(_ENVIRONMENT, text).parse()
    except TemplateSyntaxError as error:
        offset = min(offset_of(error.lineno), max(len(text) - 1, 0))
        data = {"message": (error.message or "").rstrip(".")}
        raise TemplateFault("template_syntax", offset=offset, file=file, data=data) from error
    except RecursionError as error:
        raise TemplateFault("template_too_deep", file=file, data={"limit": MAX_DEPTH}) from error
    parsed = ParsedTemplate(text=text, tree=tree, file=file)
    for count, (node, depth) in enumerate(_nodes_with_depth(tree)):
        if count > MAX_NODES:
            raise parsed.fault("template_too_many_parts", node, {"limit": MAX_NODES})
        if depth > MAX_DEPTH:
            raise parsed.fault("template_too_deep", node, {"limit": MAX_DEPTH})
        if refused := _refusal(node):
            what, instead = refused
            at = node.node if isinstance(node, nodes.Call) else node
            raise parsed.fault("template_forbidden", at, {"what": what, "instead": instead})
    return parsed


def _refusal(node: nodes.Node) -> tuple[str, str] | None:
    """What templates can't use, and what to write instead; None for a node that is fine."""
    if isinstance(node, nodes.Neg) and not (
        isinstance(node.node, nodes.Const) and isinstance(node.node.value, int | float)
    ):
        return _REFUSED[nodes.UnaryExpr]
    if isinstance(node, nodes.Const) and isinstance(node.value, float) and math.isinf(node.value):
        return "a number of this size", "write a smaller one"
    if isinstance(node, _ALLOWED):
        return _odd_form(node)
    return next((words for kind, words in _REFUSED.items() if isinstance(node, kind)), ("this", "leave it out"))


def _odd_form(node: nodes.Node) -> tuple[str, str] | None:
    """The same for syntax of which templates can use the plain form alone."""
    match node:
        case nodes.Include():
            named = isinstance(node.template, nodes.Const) and isinstance(node.template.value, str)
            if not named or node.ignore_missing or not node.with_context:
                return "this kind of `include`", "give the file's name alone: `{% include 'parts/light.j2' %}`"
        case nodes.Getitem(arg=nodes.Slice()):
            return _REFUSED[nodes.Slice]
        case nodes.Getitem() if constant_key(node) is None:
            return "a computed key", "write a field's name, or an item's number: `cast[0]`"
        case nodes.Filter() if node.dyn_args is not None or node.dyn_kwargs is not None:
            return "`*`", "write out the arguments"
        case nodes.Test() if node.args or node.kwargs:
            return "a test with arguments", "compare with `==`, or with `in`"
        case _:
            pass
    return None


def constant_key(node: nodes.Getattr | nodes.Getitem) -> str | int | None:
    """The field or item that `scene.key`, `scene['key']` or `cast[-1]` reads; None for anything else."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    negative = isinstance(node.arg, nodes.Neg)
    key = node.arg.node if isinstance(node.arg, nodes.Neg) else node.arg
    value: object = key.value if isinstance(key, nodes.Const) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return -value if negative else value
    return value if isinstance(value, str) and not negative else None


def _nodes_with_depth(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in reversed(list(node.iter_child_nodes())))
