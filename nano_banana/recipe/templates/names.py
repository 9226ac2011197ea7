"""Finds names that nothing defines, without running the template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from jinja2 import nodes

from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.templates.budget import MAX_FAULTS
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.lexer import offset_of
from nano_banana.recipe.templates.parsed import Parsed
from nano_banana.recipe.templates.sandbox import MAPPING_METHODS
from nano_banana.recipe.templates.scopes import Names, Scopes

BUILTIN = frozenset({"range", "namespace", "self", "super", "caller", "varargs", "kwargs"})
_LENIENT_FILTERS = frozenset({"default", "d"})
_LENIENT_TESTS = frozenset({"defined", "undefined"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an expression leads to: its fields where known, and its dotted name where it is free."""

    fields: Names | None = None
    dotted: str | None = None


OPAQUE = Found()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words a template may use besides names, and the files that it may include."""

    filters: frozenset[str]
    tests: frozenset[str]
    included: Mapping[str, Parsed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a walk found: faults, free names (dotted too), and the template files it went through."""

    faults: list[TemplateFault]
    uses: set[str]
    followed: set[str]


def proven(test: nodes.Node) -> tuple[frozenset[str], frozenset[str]]:
    """The dotted names that are surely defined where `test` is true, and where it is not."""
    nothing: frozenset[str] = frozenset()
    if isinstance(test, nodes.Not):
        true, false = proven(test.node)
        return false, true
    if isinstance(test, nodes.And | nodes.Or):
        (true, false), (also_true, also_false) = proven(test.left), proven(test.right)
        return (true | also_true, nothing) if isinstance(test, nodes.And) else (nothing, false | also_false)
    if isinstance(test, nodes.Test) and test.name in _LENIENT_TESTS:
        names = _dotted(test.node)
        found = frozenset(".".join(names[:end]) for end in range(1, len(names) + 1))
        return (found, nothing) if test.name == "defined" else (nothing, found)
    return nothing, nothing


def _dotted(node: nodes.Node) -> list[str]:
    """The names of `scene.key`, as a list; empty for what is no such thing."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if (name := _field_of(node)) is not None and isinstance(node, nodes.Getattr | nodes.Getitem):
        return [*owner, name] if (owner := _dotted(node.node)) else []
    return []


def _field_of(node: nodes.Node) -> str | None:
    """The field that `scene.key` or `scene['key']` reads; None for what reads none."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        return node.arg.value
    return None


class NameFinder:
    """Looks up the names of one template's expressions. `known` None takes every free name for defined."""

    def __init__(self, parsed: Parsed, vocabulary: Vocabulary, known: Names | None, findings: Findings) -> None:
        self._parsed = parsed
        self._vocabulary = vocabulary
        self._known = known
        self._findings = findings
        self._guarded: frozenset[str] = frozenset()
        self.scopes = Scopes()

    @contextmanager
    def given(self, names: frozenset[str]) -> Iterator[None]:
        """Take these dotted names for defined: a test has just said so."""
        before = self._guarded
        self._guarded = before | names
        yield
        self._guarded = before

    def find(self, node: nodes.Node, *, lenient: bool = False) -> Found:
        """What the expression `node` leads to; a fault where that is nothing, unless `lenient`."""
        if isinstance(node, nodes.Name) and node.ctx == "load":
            return self._name(node, lenient=lenient)
        if (name := _field_of(node)) is not None and isinstance(node, nodes.Getattr | nodes.Getitem):
            return self._field(node, node.node, name, lenient=lenient)
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr in MAPPING_METHODS:
            self.find(node.node.node)
            return self._all(child for child in node.iter_child_nodes() if child is not node.node)
        if isinstance(node, nodes.Filter | nodes.Test):
            return self._worded(node)
        if isinstance(node, nodes.CondExpr | nodes.And | nodes.Or):
            self._forked(node)
            return OPAQUE
        return self._all(node.iter_child_nodes())

    def _forked(self, node: nodes.CondExpr | nodes.And | nodes.Or) -> None:
        """An expression of which a part is only looked at where another one is true, or is not."""
        first = node.test if isinstance(node, nodes.CondExpr) else node.left
        self.find(first)
        true, false = proven(first)
        if isinstance(node, nodes.CondExpr):
            parts = [(true, node.expr1), *([(false, node.expr2)] if node.expr2 is not None else [])]
        else:
            parts = [(true if isinstance(node, nodes.And) else false, node.right)]
        for names, part in parts:
            with self.given(names):
                self.find(part)

    def _all(self, children: Iterable[nodes.Node]) -> Found:
        for child in children:
            self.find(child)
        return OPAQUE

    def _name(self, node: nodes.Name, *, lenient: bool) -> Found:
        local = self.scopes.all()
        if node.name in local:
            return Found(fields=local[node.name])
        if node.name in BUILTIN:
            return OPAQUE
        self._findings.uses.add(node.name)
        if self._known is None or node.name in self._known:
            return Found(fields=(self._known or {}).get(node.name), dotted=node.name)
        if node.name in self._guarded:
            return Found(dotted=node.name)
        if not lenient:
            self._fault("template_name", node, node.name, [*self._known, *local])
        return OPAQUE

    def _field(self, node: nodes.Node, owner: nodes.Node, name: str, *, lenient: bool) -> Found:
        found = self.find(owner, lenient=lenient)
        dotted = f"{found.dotted}.{name}" if found.dotted else None
        if dotted:
            self._findings.uses.add(dotted)
        if found.fields is None:
            return Found(dotted=dotted)
        if name in found.fields:
            return Found(fields=found.fields[name], dotted=dotted)
        if not lenient and dotted not in self._guarded:
            self._fault("template_field", node, name, found.fields, owner=found.dotted or "this")
        return OPAQUE

    def _worded(self, node: nodes.Filter | nodes.Test) -> Found:
        is_filter = isinstance(node, nodes.Filter)
        words = self._vocabulary.filters if is_filter else self._vocabulary.tests
        if node.name not in words:
            self._fault("template_filter" if is_filter else "template_test", node, node.name, words)
        lenient = node.name in (_LENIENT_FILTERS if is_filter else _LENIENT_TESTS)
        if node.node is not None:
            self.find(node.node, lenient=lenient)
        return self._all(child for child in node.iter_child_nodes() if child is not node.node)

    def _fault(self, kind: str, node: nodes.Node, name: str, known: Iterable[str], **data: str) -> None:
        if len(self._findings.faults) >= MAX_FAULTS:
            return
        start = offset_of(node.lineno)
        offset = max(self._parsed.text.find(name, start), start)
        hint = did_you_mean(name, sorted(known))
        fault = TemplateFault(
            kind, offset=offset, length=len(name), file=self._parsed.file, suggestions=hint, data={"name": name, **data}
        )
        self._findings.faults.append(fault)
