"""Rewrites a template's tree so that every turn, call and literal pays."""

from __future__ import annotations

import math
from collections.abc import Iterator

from jinja2 import TemplateSyntaxError, nodes
from jinja2.visitor import NodeTransformer

from nano_banana.recipe.templates.budget import MAX_DEPTH, MAX_NODES, MAX_NUMBER
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.lexer import offset_of

TOLL = "toll!"
TURNS = "turns!"
LITERAL = "literal!"
JOINED = "joined!"
"""Names of filters that no template can write, since `!` ends a name."""


def forbid(tree: nodes.Template) -> None:
    """Refuse what cannot be bounded or checked. Raises TemplateFault."""
    for count, (node, depth) in enumerate(_deep(tree)):
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


def included(tree: nodes.Template) -> Iterator[tuple[str, nodes.Node, bool]]:
    """Each template file that the tree names, the node, and whether it may be missing."""
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends) and isinstance(
            node.template, nodes.Const
        ):
            yield str(node.template.value), node, isinstance(node, nodes.Include) and node.ignore_missing


def paid(tree: nodes.Template) -> nodes.Template:
    """The same template, which pays from the budget of its rendering as it runs."""
    Tolls().visit(tree)
    tree.body.insert(0, _toll(tree.body, tree.lineno))
    return tree


class Tolls(NodeTransformer):
    """Puts hidden filters around what repeats or grows."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 — Jinja finds visitors by the node's name
        """Count the items, and each turn."""
        test = _count([node.test]) if node.test is not None else 1
        head = _toll(node.body, node.lineno)
        self.generic_visit(node)
        node.iter = _filter(TURNS, _expression(node.iter), test)
        node.body.insert(0, head)
        return node

    def _body(self, node: nodes.Macro | nodes.CallBlock | nodes.Block) -> nodes.Node:
        head = _toll(node.body, node.lineno)
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
        return _filter(LITERAL, node)

    visit_List = _literal  # noqa: N815 — as above
    visit_Tuple = _literal  # noqa: N815 — as above
    visit_Dict = _literal  # noqa: N815 — as above

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 — as above
        """Join with bounds what `~` joins."""
        self.generic_visit(node)
        first, *others = node.nodes
        return _filter(JOINED, first, others=others)


def fault_of(error: TemplateSyntaxError) -> TemplateFault:
    """A syntax error as Jinja tells it."""
    return TemplateFault(
        "template_syntax", offset=offset_of(error.lineno), data={"message": (error.message or "").rstrip(".")}
    )


def _deep(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _count(body: list[nodes.Expr] | list[nodes.Node]) -> int:
    return sum(1 for part in body for _ in _deep(part))


def _toll(body: list[nodes.Node], lineno: int) -> nodes.Node:
    characters = sum(len(node.data) for part in body for node, _ in _deep(part) if isinstance(node, nodes.TemplateData))
    steps = nodes.Const(_count(body), lineno=lineno)
    return nodes.ExprStmt(_filter(TOLL, steps, characters), lineno=lineno)


def _filter(name: str, node: nodes.Expr, *args: int, others: list[nodes.Expr] | None = None) -> nodes.Filter:
    after = [*(nodes.Const(arg, lineno=node.lineno) for arg in args), *(others or [])]
    return nodes.Filter(node, name, after, [], None, None, lineno=node.lineno)


def _expression(node: nodes.Node) -> nodes.Expr:
    """`node`, which Jinja's types leave open."""
    if isinstance(node, nodes.Expr):
        return node
    raise TypeError(type(node).__name__)


def _fault(kind: str, node: nodes.Node, *, what: str = "", limit: int = 0) -> TemplateFault:
    return TemplateFault(kind, offset=offset_of(node.lineno), data={"what": what} if what else {"limit": limit})
