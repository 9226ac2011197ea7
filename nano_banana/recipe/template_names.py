"""Finds undefined names in a template without running it.

Follows included files. A name that was tested (`is defined`, `default`) may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from jinja2 import nodes
from msgspec import Struct

from nano_banana.model.problem import did_you_mean
from nano_banana.recipe.template_syntax import ParsedTemplate, TemplateFault, constant_key
from nano_banana.recipe.template_values import FILTERS, LENIENT_WORDS, TESTS

KnownNames: TypeAlias = "Mapping[str, KnownNames | None]"
"""What is defined: a name with the fields that it has, or with None where anything may follow."""

MAX_FAULTS = 20
"""Faults of one template that are reported."""

_NOTHING: frozenset[str] = frozenset()


class ExpressionFields(Struct, frozen=True, kw_only=True):
    """What an expression leads to: its fields if known, and its dotted name if it has one."""

    fields: KnownNames | None = None
    dotted: str | None = None


_UNKNOWN = ExpressionFields()


def proven_names(test: nodes.Node) -> tuple[frozenset[str], frozenset[str]]:
    """The dotted names that are surely defined where `test` is true, and where it is not."""
    if isinstance(test, nodes.Not):
        true, false = proven_names(test.node)
        return false, true
    if isinstance(test, nodes.And | nodes.Or):
        (true, false), (also_true, also_false) = proven_names(test.left), proven_names(test.right)
        return (true | also_true, _NOTHING) if isinstance(test, nodes.And) else (_NOTHING, false | also_false)
    if isinstance(test, nodes.Test) and test.name in {"defined", "undefined"}:
        names = dotted_name(test.node)
        found = frozenset(".".join(names[:end]) for end in range(1, len(names) + 1))
        return (found, _NOTHING) if test.name == "defined" else (_NOTHING, found)
    return _NOTHING, _NOTHING


def dotted_name(node: nodes.Node) -> list[str]:
    """The names of `scene.key`, as a list; empty for another expression."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if isinstance(node, nodes.Getattr | nodes.Getitem) and isinstance(key := constant_key(node), str):
        return [*owner, key] if (owner := dotted_name(node.node)) else []
    return []


class NameFinder:
    """Looks up every name of a template. `known` None takes every name as defined.

    `uses` are the names that it reads, dotted ones too, and `faults` what is wrong with them.
    """

    def __init__(self, parts: Mapping[str, ParsedTemplate], known: KnownNames | None) -> None:
        self.faults: dict[tuple[str, int], TemplateFault] = {}
        self.uses: set[str] = set()
        self._parts = parts
        self._known = known
        self._parsed: ParsedTemplate

    def walk(self, parsed: ParsedTemplate, guarded: frozenset[str] = _NOTHING) -> None:
        """Look at all of `parsed`; the names `guarded` are defined, because a test has just said so."""
        around = getattr(self, "_parsed", parsed)
        self._parsed = parsed
        self._body(parsed.tree.body, guarded)
        self._parsed = around

    def _body(self, body: Iterable[nodes.Node], guarded: frozenset[str]) -> None:
        for node in body:
            match node:
                case nodes.If():
                    self._find(node.test, guarded)
                    true, false = proven_names(node.test)
                    self._body(node.body, guarded | true)
                    self._body([*node.elif_, *node.else_], guarded | false)
                case nodes.Include(template=nodes.Const(value=name)):
                    self.walk(self._parts[str(name)], guarded)
                case nodes.Output():
                    self._body(node.nodes, guarded)
                case _:
                    self._find(node, guarded)

    def _find(self, node: nodes.Node, guarded: frozenset[str], *, lenient: bool = False) -> ExpressionFields:
        """What the expression `node` leads to; a fault if that is nothing, unless `lenient`."""
        match node:
            case nodes.Name():
                return self._name(node, guarded, lenient=lenient)
            case nodes.Getattr() | nodes.Getitem():
                return self._field(node, guarded, lenient=lenient)
            case nodes.Filter() | nodes.Test():
                self._word(node)
                if node.node is not None:
                    self._find(node.node, guarded, lenient=node.name in LENIENT_WORDS)
                self._all((child for child in node.iter_child_nodes() if child is not node.node), guarded)
            case nodes.CondExpr():
                self._find(node.test, guarded)
                true, false = proven_names(node.test)
                self._find(node.expr1, guarded | true)
                self._all([node.expr2] if node.expr2 is not None else [], guarded | false)
            case nodes.And() | nodes.Or():
                self._find(node.left, guarded)
                self._find(node.right, guarded | proven_names(node.left)[isinstance(node, nodes.Or)])
            case _:
                self._all(node.iter_child_nodes(), guarded)
        return _UNKNOWN

    def _all(self, children: Iterable[nodes.Node], guarded: frozenset[str]) -> None:
        for child in children:
            self._find(child, guarded)

    def _name(self, node: nodes.Name, guarded: frozenset[str], *, lenient: bool) -> ExpressionFields:
        name = node.name
        self.uses.add(name)
        if self._known is None or name in self._known:
            return ExpressionFields(fields=(self._known or {}).get(name), dotted=name)
        if name in guarded:
            return ExpressionFields(dotted=name)
        if not lenient:
            self._fault("template_name", node, name, self._known)
        return _UNKNOWN

    def _field(
        self, node: nodes.Getattr | nodes.Getitem, guarded: frozenset[str], *, lenient: bool
    ) -> ExpressionFields:
        found, name = self._find(node.node, guarded, lenient=lenient), constant_key(node)
        if not isinstance(name, str):
            return _UNKNOWN
        dotted = f"{found.dotted}.{name}" if found.dotted else None
        if dotted:
            self.uses.add(dotted)
        if found.fields is None:
            return ExpressionFields(dotted=dotted)
        if name in found.fields:
            return ExpressionFields(fields=found.fields[name], dotted=dotted)
        if not lenient and dotted not in guarded:
            self._fault("template_field", node, name, found.fields, owner=found.dotted or "this")
        return _UNKNOWN

    def _word(self, node: nodes.Filter | nodes.Test) -> None:
        is_filter = isinstance(node, nodes.Filter)
        words = list(FILTERS) if is_filter else list(TESTS)
        if node.name not in words:
            kind = "template_filter" if is_filter else "template_test"
            self._fault(kind, node, node.name, words, choices=", ".join(words))

    def _fault(self, kind: str, node: nodes.Node, name: str, known: Iterable[str], **data: str) -> None:
        hint = did_you_mean(name, sorted(known))
        fault = self._parsed.fault(kind, node, {"name": name, **data}, word=name, hint=hint)
        if len(self.faults) < MAX_FAULTS:
            self.faults.setdefault((str(fault.file or ""), fault.offset), fault)
