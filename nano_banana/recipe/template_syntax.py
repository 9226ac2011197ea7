"""Parses templates: nodes with character offsets, allowed syntax, charges.

Jinja hands a token's `lineno` to syntax errors, to every node and to the table from generated code back to the
template. The lexer here puts a character offset in its place, so that each of these knows its character, also inside a
folded YAML scalar. Offsets count from 1 in there, since 0 reads as "no line" in generated code; `offset_of` gives them
back.

Before a tree is compiled it is rewritten: hidden filters, whose names no template can write, charge the rendering's
budget for every loop turn, call and literal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Lexer, Token
from jinja2.parser import Parser
from jinja2.visitor import NodeTransformer

from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import Position, Problem
from nano_banana.recipe.template_budget import MAX_DEPTH, MAX_NODES, MAX_NUMBER, MAX_SOURCE


class TemplateFault(Exception):
    """A template that cannot be read or rendered.

    `offset` and `length` count characters of the template's text, or of the included template file
    `file`. The text's owner knows where it stands and makes the place.
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

    def moved(self, *, offset: int, length: int, file: Path | None) -> TemplateFault:
        """The same fault at another offset or in another file."""
        return TemplateFault(
            self.kind, offset=offset, length=length, file=file, suggestions=self.suggestions, data=self.data
        )


def offset_of(lineno: int | None) -> int:
    """The character offset, from 0, that stands in a Jinja `lineno`."""
    return max((lineno or 1) - 1, 0)


class OffsetLexer(Lexer):
    """Jinja's own lexer; only the positions differ."""

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        """Yield (offset + 1, token, text). What `-` strips is yielded by nobody: skip to the next text."""
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
        """Give tokens their values; a number too long for Python is an error of syntax."""
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


CHARGE_FILTER = "toll!"
LOOP_FILTER = "turns!"
LITERAL_FILTER = "literal!"
CONCAT_FILTER = "joined!"
"""Names of filters that no template can write, since `!` ends a name."""


def reject_forbidden(tree: nodes.Template) -> None:
    """Refuse what cannot be bounded or checked. Raises TemplateFault."""
    for count, (node, depth) in enumerate(_nodes_with_depth(tree)):
        if count > MAX_NODES:
            raise _fault("template_too_many_parts", node, limit=MAX_NODES)
        if depth > MAX_DEPTH:
            raise _fault("template_too_deep", node, limit=MAX_DEPTH)
        if isinstance(node, nodes.Const) and isinstance(node.value, float) and math.isinf(node.value):
            raise _fault("template_number_too_big", node, limit=MAX_NUMBER)
        if isinstance(node, nodes.For) and node.recursive:
            raise _fault("template_forbidden", node, what="a recursive loop")
        if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends) and not (
            isinstance(node.template, nodes.Const) and isinstance(node.template.value, str)
        ):
            raise _fault("template_forbidden", node, what="a file name that is computed")


def included_files(tree: nodes.Template) -> Iterator[tuple[str, nodes.Node, bool]]:
    """Each template file that the tree names, the node, and whether it may be missing."""
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends) and isinstance(
            node.template, nodes.Const
        ):
            yield str(node.template.value), node, isinstance(node, nodes.Include) and node.ignore_missing


def with_charges(tree: nodes.Template) -> nodes.Template:
    """The same template, which pays from the budget of its rendering as it runs."""
    ChargeInserter().visit(tree)
    tree.body.insert(0, _charge_node(tree.body, tree.lineno))
    return tree


class ChargeInserter(NodeTransformer):
    """Puts hidden filters around what repeats or grows."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 — Jinja finds visitors by the node's name
        """Count the items, and each turn."""
        test = _node_count([node.test]) if node.test is not None else 1
        head = _charge_node(node.body, node.lineno)
        self.generic_visit(node)
        node.iter = _filter_node(LOOP_FILTER, _expression(node.iter), test)
        node.body.insert(0, head)
        return node

    def _body(self, node: nodes.Macro | nodes.CallBlock | nodes.Block) -> nodes.Node:
        head = _charge_node(node.body, node.lineno)
        self.generic_visit(node)
        node.body.insert(0, head)
        return node

    visit_Macro = _body  # noqa: N815 — as above
    visit_CallBlock = _body  # noqa: N815 — as above
    visit_Block = _body  # noqa: N815 — as above

    def _literal(self, node: nodes.List | nodes.Tuple | nodes.Dict) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node, nodes.Tuple) and node.ctx != "load":
            return node
        return _filter_node(LITERAL_FILTER, node)

    visit_List = _literal  # noqa: N815 — as above
    visit_Tuple = _literal  # noqa: N815 — as above
    visit_Dict = _literal  # noqa: N815 — as above

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 — as above
        """Join with bounds what `~` joins."""
        self.generic_visit(node)
        first, *others = node.nodes
        return _filter_node(CONCAT_FILTER, first, others=others)


def syntax_fault(error: TemplateSyntaxError) -> TemplateFault:
    """A syntax error as Jinja tells it."""
    return TemplateFault(
        "template_syntax", offset=offset_of(error.lineno), data={"message": (error.message or "").rstrip(".")}
    )


def _nodes_with_depth(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _node_count(body: list[nodes.Expr] | list[nodes.Node]) -> int:
    return sum(1 for part in body for _ in _nodes_with_depth(part))


def _charge_node(body: list[nodes.Node], lineno: int) -> nodes.Node:
    characters = sum(
        len(node.data) for part in body for node, _ in _nodes_with_depth(part) if isinstance(node, nodes.TemplateData)
    )
    steps = nodes.Const(_node_count(body), lineno=lineno)
    return nodes.ExprStmt(_filter_node(CHARGE_FILTER, steps, characters), lineno=lineno)


def _filter_node(name: str, node: nodes.Expr, *args: int, others: list[nodes.Expr] | None = None) -> nodes.Filter:
    after = [*(nodes.Const(arg, lineno=node.lineno) for arg in args), *(others or [])]
    return nodes.Filter(node, name, after, [], None, None, lineno=node.lineno)


def _expression(node: nodes.Node) -> nodes.Expr:
    """`node`, which Jinja's types leave open."""
    if isinstance(node, nodes.Expr):
        return node
    raise TypeError(type(node).__name__)


def _fault(kind: str, node: nodes.Node, *, what: str = "", limit: int = 0) -> TemplateFault:
    return TemplateFault(kind, offset=offset_of(node.lineno), data={"what": what} if what else {"limit": limit})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedTemplate:
    """A template that can be read; `file` is None for one that stands in the recipe."""

    text: str
    tree: nodes.Template
    file: Path | None = None


def parse_template(environment: Environment, text: str, file: Path | None = None) -> ParsedTemplate:
    """Read `text`. Raises TemplateFault for syntax errors and for what no template may do."""
    if len(text) > MAX_SOURCE:
        raise TemplateFault("template_source_too_long", file=file, data={"size": len(text), "limit": MAX_SOURCE})
    try:
        tree = Parser(environment, text).parse()
        reject_forbidden(tree)
    except TemplateSyntaxError as error:
        raise syntax_fault_at(error, text, file) from error
    except RecursionError as error:
        raise TemplateFault("template_too_deep", file=file, data={"limit": MAX_DEPTH}) from error
    except TemplateFault as fault:
        raise fault.moved(offset=fault.offset, length=fault.length, file=file) from None
    return ParsedTemplate(text=text, tree=tree, file=file)


def syntax_fault_at(error: TemplateSyntaxError, text: str, file: Path | None) -> TemplateFault:
    """The fault that a syntax error in `text` is, at its place."""
    fault = syntax_fault(error)
    return fault.moved(offset=min(fault.offset, max(len(text) - 1, 0)), length=1, file=file)


def single_expression(tree: nodes.Template) -> nodes.Expr | None:
    """The one expression that `tree` is, blanks around it aside; None where there is more or less."""
    parts = [part for output in tree.body for part in (output.nodes if isinstance(output, nodes.Output) else [output])]
    told = [part for part in parts if not (isinstance(part, nodes.TemplateData) and not part.data.strip())]
    only = told[0] if len(told) == 1 else None
    return only if isinstance(only, nodes.Expr) and not isinstance(only, nodes.TemplateData) else None
