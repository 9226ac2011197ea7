"""Walks a template in the order it runs, with Jinja's scopes."""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import nodes

from nano_banana.recipe.templates.names import Findings, NameFinder, Vocabulary, proven
from nano_banana.recipe.templates.parsed import Parsed
from nano_banana.recipe.templates.sandbox import LOOP_FIELDS
from nano_banana.recipe.templates.scopes import Names, Scopes

_LOOP: Names = {"loop": dict.fromkeys(LOOP_FIELDS)}


def find_names(parsed: Parsed, vocabulary: Vocabulary, known: Names | None) -> Findings:
    """Look at every name of `parsed`, and of each file it includes where that is first named.

    `known` None takes every free name for defined.
    """
    findings = Findings(faults=[], uses=set(), followed=set())
    _Walk(parsed, vocabulary, known, findings).walk(parsed.tree)
    return findings


class _Walk:
    """One template's way; opens a walk of its own for each file."""

    def __init__(self, parsed: Parsed, vocabulary: Vocabulary, known: Names | None, findings: Findings) -> None:
        self._vocabulary = vocabulary
        self._known = known
        self._findings = findings
        self._finder = NameFinder(parsed, vocabulary, known, findings)
        self._scopes: Scopes = self._finder.scopes

    def walk(self, node: nodes.Node) -> None:  # noqa: C901 — one case a kind of node
        """Look at `node` and all below it."""
        match node:
            case nodes.For():
                self._finder.find(node.iter)
                test = [node.test] if node.test is not None else []
                with self._finder.given(proven(node.test)[0] if node.test is not None else frozenset()):
                    self._inside([*test, *node.body], [node.target], _LOOP)
                self._inside(node.else_)
            case nodes.If():
                self._finder.find(node.test)
                true, false = proven(node.test)
                with self._finder.given(true):
                    self._all(node.body)
                with self._finder.given(false):
                    self._all([*node.elif_, *node.else_])
            case nodes.Assign():
                self._scopes.bind(node.target, self._finder.find(node.node).fields)
            case nodes.AssignBlock():
                self._inside([*node.body, *([node.filter] if node.filter is not None else [])])
                self._scopes.bind(node.target)
            case nodes.With():
                self._all(node.values)
                self._inside(node.body, node.targets)
            case nodes.Macro():
                self._scopes.define(node.name)
                self._all(node.defaults)
                self._inside(node.body, node.args)
            case nodes.CallBlock():
                self._all([node.call, *node.defaults])
                self._inside(node.body, node.args)
            case nodes.FilterBlock():
                self._inside([*node.body, node.filter])
            case nodes.Block() | nodes.Scope():
                self._inside(node.body)
            case nodes.Include() | nodes.Import() | nodes.FromImport() | nodes.Extends():
                self._include(node)
            case nodes.Expr():
                self._finder.find(node)
            case _:
                self._all(node.iter_child_nodes())

    def _all(self, children: Iterable[nodes.Node]) -> None:
        for child in children:
            self.walk(child)

    def _inside(
        self, body: Iterable[nodes.Node], targets: Iterable[nodes.Node] = (), names: Names | None = None
    ) -> None:
        with self._scopes.inner(targets, names):
            self._all(body)

    def _include(self, node: nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends) -> None:
        name = str(node.template.value) if isinstance(node.template, nodes.Const) else ""
        shares = isinstance(node, nodes.Extends) or node.with_context
        if name in self._vocabulary.included and name not in self._findings.followed:
            self._findings.followed.add(name)
            self._follow(self._vocabulary.included[name], shares=shares)
        if isinstance(node, nodes.Import):
            self._scopes.define(node.target)
        elif isinstance(node, nodes.FromImport):
            for item in node.names:
                self._scopes.define(item if isinstance(item, str) else item[1])

    def _follow(self, parsed: Parsed, *, shares: bool) -> None:
        known = {} if not shares else None if self._known is None else {**self._known, **self._scopes.all()}
        _Walk(parsed, self._vocabulary, known, self._findings).walk(parsed.tree)
