"""Finds undefined names in a template without running it.

Walks the tree in the order it runs, with Jinja's scopes, and follows included files where they are first named. A name
that was tested (`is defined`, `default`) may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from jinja2 import nodes

from nano_banana.model.problem import did_you_mean
from nano_banana.recipe.template_budget import MAX_FAULTS
from nano_banana.recipe.template_sandbox import LOOP_ATTRIBUTES, MAPPING_METHODS
from nano_banana.recipe.template_syntax import ParsedTemplate, TemplateFault, offset_of

KnownNames: TypeAlias = "Mapping[str, KnownNames | None]"
"""What is defined: a name with the fields that it has, or with None where anything may follow."""


class Scopes:
    """A stack of names with their fields."""

    def __init__(self, names: KnownNames | None = None) -> None:
        self._stack: list[dict[str, KnownNames | None]] = [dict(names or {})]

    @contextmanager
    def inner(self, targets: Iterable[nodes.Node] = (), names: KnownNames | None = None) -> Iterator[None]:
        """Open a scope in which `targets` and `names` are defined."""
        self._stack.append(dict(names or {}))
        for target in targets:
            self.bind(target)
        yield
        self._stack.pop()

    def bind(self, target: nodes.Node, fields: KnownNames | None = None) -> None:
        """Define what `target` assigns to, in the innermost scope."""
        if isinstance(target, nodes.Name):
            self._stack[-1][target.name] = fields
        elif isinstance(target, nodes.Tuple):
            for item in target.items:
                self.bind(item)

    def define(self, name: str) -> None:
        """Define `name`, of which nothing more is known."""
        self._stack[-1][name] = None

    def all(self) -> dict[str, KnownNames | None]:
        """Every name that is defined here."""
        return {name: fields for scope in self._stack for name, fields in scope.items()}


BUILTIN_NAMES = frozenset({"range", "namespace", "self", "super", "caller", "varargs", "kwargs"})
_LENIENT_FILTERS = frozenset({"default", "d"})
_LENIENT_TESTS = frozenset({"defined", "undefined"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionFields:
    """What an expression leads to: its fields where known, and its dotted name where it is free."""

    fields: KnownNames | None = None
    dotted: str | None = None


UNKNOWN_FIELDS = ExpressionFields()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateVocabulary:
    """The words a template may use besides names, and the files that it may include."""

    filters: frozenset[str]
    tests: frozenset[str]
    included: Mapping[str, ParsedTemplate]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFindings:
    """What a walk found: faults, free names (dotted too), and the template files it went through."""

    faults: list[TemplateFault]
    uses: set[str]
    followed: set[str]


def proven_names(test: nodes.Node) -> tuple[frozenset[str], frozenset[str]]:
    """The dotted names that are surely defined where `test` is true, and where it is not."""
    nothing: frozenset[str] = frozenset()
    if isinstance(test, nodes.Not):
        true, false = proven_names(test.node)
        return false, true
    if isinstance(test, nodes.And | nodes.Or):
        (true, false), (also_true, also_false) = proven_names(test.left), proven_names(test.right)
        return (true | also_true, nothing) if isinstance(test, nodes.And) else (nothing, false | also_false)
    if isinstance(test, nodes.Test) and test.name in _LENIENT_TESTS:
        names = _dotted_name(test.node)
        found = frozenset(".".join(names[:end]) for end in range(1, len(names) + 1))
        return (found, nothing) if test.name == "defined" else (nothing, found)
    return nothing, nothing


def _dotted_name(node: nodes.Node) -> list[str]:
    """The names of `scene.key`, as a list; empty for what is no such thing."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if (name := _field_of(node)) is not None and isinstance(node, nodes.Getattr | nodes.Getitem):
        return [*owner, name] if (owner := _dotted_name(node.node)) else []
    return []


def _field_of(node: nodes.Node) -> str | None:
    """The field that `scene.key` or `scene['key']` reads; None for what reads none."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        return node.arg.value
    return None


class NameChecker:
    """Looks up the names of one template's expressions. `known` None takes every free name for defined."""

    def __init__(
        self, parsed: ParsedTemplate, vocabulary: TemplateVocabulary, known: KnownNames | None, findings: NameFindings
    ) -> None:
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

    def find(self, node: nodes.Node, *, lenient: bool = False) -> ExpressionFields:
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
            return UNKNOWN_FIELDS
        return self._all(node.iter_child_nodes())

    def _forked(self, node: nodes.CondExpr | nodes.And | nodes.Or) -> None:
        """An expression of which a part is only looked at where another one is true, or is not."""
        first = node.test if isinstance(node, nodes.CondExpr) else node.left
        self.find(first)
        true, false = proven_names(first)
        if isinstance(node, nodes.CondExpr):
            parts = [(true, node.expr1), *([(false, node.expr2)] if node.expr2 is not None else [])]
        else:
            parts = [(true if isinstance(node, nodes.And) else false, node.right)]
        for names, part in parts:
            with self.given(names):
                self.find(part)

    def _all(self, children: Iterable[nodes.Node]) -> ExpressionFields:
        for child in children:
            self.find(child)
        return UNKNOWN_FIELDS

    def _name(self, node: nodes.Name, *, lenient: bool) -> ExpressionFields:
        local = self.scopes.all()
        if node.name in local:
            return ExpressionFields(fields=local[node.name])
        if node.name in BUILTIN_NAMES:
            return UNKNOWN_FIELDS
        self._findings.uses.add(node.name)
        if self._known is None or node.name in self._known:
            return ExpressionFields(fields=(self._known or {}).get(node.name), dotted=node.name)
        if node.name in self._guarded:
            return ExpressionFields(dotted=node.name)
        if not lenient:
            self._fault("template_name", node, node.name, [*self._known, *local])
        return UNKNOWN_FIELDS

    def _field(self, node: nodes.Node, owner: nodes.Node, name: str, *, lenient: bool) -> ExpressionFields:
        found = self.find(owner, lenient=lenient)
        dotted = f"{found.dotted}.{name}" if found.dotted else None
        if dotted:
            self._findings.uses.add(dotted)
        if found.fields is None:
            return ExpressionFields(dotted=dotted)
        if name in found.fields:
            return ExpressionFields(fields=found.fields[name], dotted=dotted)
        if not lenient and dotted not in self._guarded:
            self._fault("template_field", node, name, found.fields, owner=found.dotted or "this")
        return UNKNOWN_FIELDS

    def _worded(self, node: nodes.Filter | nodes.Test) -> ExpressionFields:
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


_LOOP_NAMES: KnownNames = {"loop": dict.fromkeys(LOOP_ATTRIBUTES)}


def find_names(parsed: ParsedTemplate, vocabulary: TemplateVocabulary, known: KnownNames | None) -> NameFindings:
    """Look at every name of `parsed`, and of each file it includes where that is first named.

    `known` None takes every free name for defined.
    """
    findings = NameFindings(faults=[], uses=set(), followed=set())
    _TreeWalker(parsed, vocabulary, known, findings).walk(parsed.tree)
    return findings


class _TreeWalker:
    """One template's way; opens a walk of its own for each file."""

    def __init__(
        self, parsed: ParsedTemplate, vocabulary: TemplateVocabulary, known: KnownNames | None, findings: NameFindings
    ) -> None:
        self._vocabulary = vocabulary
        self._known = known
        self._findings = findings
        self._finder = NameChecker(parsed, vocabulary, known, findings)
        self._scopes: Scopes = self._finder.scopes

    def walk(self, node: nodes.Node) -> None:  # noqa: C901 — one case a kind of node
        """Look at `node` and all below it."""
        match node:
            case nodes.For():
                self._finder.find(node.iter)
                test = [node.test] if node.test is not None else []
                with self._finder.given(proven_names(node.test)[0] if node.test is not None else frozenset()):
                    self._inside([*test, *node.body], [node.target], _LOOP_NAMES)
                self._inside(node.else_)
            case nodes.If():
                self._finder.find(node.test)
                true, false = proven_names(node.test)
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
        self, body: Iterable[nodes.Node], targets: Iterable[nodes.Node] = (), names: KnownNames | None = None
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

    def _follow(self, parsed: ParsedTemplate, *, shares: bool) -> None:
        known = {} if not shares else None if self._known is None else {**self._known, **self._scopes.all()}
        _TreeWalker(parsed, self._vocabulary, known, self._findings).walk(parsed.tree)
