"""Checks and renders prompt templates.

Each text is read once. A failure while rendering is a `TemplateFault` with its character offset, in the template or in
a file that it includes. A rendered prompt is normalised to single blanks, so that breaking a template's lines elsewhere
makes the same call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import ParamSpec, TypeVar

from jinja2 import nodes

from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, did_you_mean
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.template_names import KnownNames, NameFinder, dotted_name
from nano_banana.recipe.template_syntax import (
    MAX_NODES,
    MAX_SOURCE,
    ParsedTemplate,
    TemplateFault,
    constant_key,
    parse_template,
)
from nano_banana.recipe.template_values import (
    COMPARISONS,
    FILTERS,
    LENIENT_WORDS,
    MAX_OUTPUT,
    MISSING,
    TESTS,
    TemplateValueError,
    bounded_text,
    field_of,
    json_value,
    text_of,
)

P = ParamSpec("P")
T = TypeVar("T")

MAX_INCLUDE_DEPTH = 8
"""Template files inside one another."""


class IncludeLoader:
    """Reads each included file once. Names are paths from the recipe's folder, within its root."""

    def __init__(self, files: RecipeFiles) -> None:
        self._files = files
        self.parts: dict[str, ParsedTemplate] = {}
        self._measures: dict[str, tuple[int, int]] = {}

    def gather(self, parsed: ParsedTemplate, chain: tuple[str, ...] = ()) -> tuple[int, int]:
        """Read all that `parsed` includes. Raises TemplateFault.

        Returns the nodes of all of it, repeats counted, and how many files there are inside one another.
        """
        size, depth = parsed.size, 0
        for name, node in parsed.includes:
            if name not in self.parts:
                self._read(parsed, name, node, chain)
            size, depth = size + self._measures[name][0], max(depth, self._measures[name][1] + 1)
            if size > MAX_NODES:
                raise parsed.fault("template_too_many_parts", node, {"limit": MAX_NODES}, word=name)
            if depth > MAX_INCLUDE_DEPTH:
                raise parsed.fault("template_include_too_deep", node, {"limit": MAX_INCLUDE_DEPTH}, word=name)
        return size, depth

    def _read(self, parsed: ParsedTemplate, name: str, node: nodes.Include, chain: tuple[str, ...]) -> None:
        if name in chain:
            raise parsed.fault("template_include_cycle", node, {"chain": " → ".join((*chain, name))}, word=name)
        if len(chain) >= MAX_INCLUDE_DEPTH:
            raise parsed.fault("template_include_too_deep", node, {"limit": MAX_INCLUDE_DEPTH}, word=name)
        try:
            text = self._files.read_text(name, limit_bytes=MAX_SOURCE * 4)
        except Invalid as error:
            (wrong,) = error.problems
            raise parsed.fault(wrong.kind, node, wrong.data, word=name, hint=wrong.suggestions) from error
        inner = parse_template(text, self._files.locate(name))
        self._measures[name] = self.gather(inner, (*chain, name))
        self.parts[name] = inner


class _Output:
    """The text of a rendering so far."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0

    def write(self, text: str) -> None:
        """Add `text`. Raises TemplateValueError if the whole gets too long."""
        self._parts.append(text)
        self._size += len(text)
        if self._size > MAX_OUTPUT:
            raise TemplateValueError("template_output_too_long", limit=MAX_OUTPUT)

    def text(self) -> str:
        """All that was written."""
        return bounded_text("".join(self._parts))


class _Evaluator:
    """Runs one template, or a file that it includes, for one context."""

    def __init__(
        self, parsed: ParsedTemplate, parts: Mapping[str, ParsedTemplate], context: Mapping[str, object]
    ) -> None:
        self._parsed = parsed
        self._parts = parts
        self._context = context

    def write(self, body: Iterable[nodes.Node], output: _Output) -> None:
        """Write out the nodes of `body`. Raises TemplateFault."""
        for node in body:
            match node:
                case nodes.Output():
                    self.write(node.nodes, output)
                case nodes.If():
                    branch = next((each for each in (node, *node.elif_) if self.value(each.test)), None)
                    self.write(node.else_ if branch is None else branch.body, output)
                case nodes.Include(template=nodes.Const(value=name)):
                    part = self._parts[str(name)]
                    _Evaluator(part, self._parts, self._context).write(part.tree.body, output)
                case nodes.TemplateData():
                    self.at(node, output.write, node.data)
                case _:
                    self.at(node, lambda value: output.write(text_of(value)), self.value(node))

    def value(self, node: nodes.Node, *, lenient: bool = False) -> object:
        """The value of an expression; MISSING only if `lenient`. Raises TemplateFault."""
        match node:
            case nodes.Name() | nodes.Getattr() | nodes.Getitem():
                return self._named(node, lenient=lenient)
            case nodes.Filter() | nodes.Test():
                return self._word(node)
            case nodes.Const():
                return node.value
            case nodes.Neg(node=nodes.Const(value=int(number) | float(number))):
                return -number
            case nodes.List() | nodes.Tuple():
                return [self.value(item) for item in node.items]
            case _:
                return self._logic(node)

    def _logic(self, node: nodes.Node) -> object:
        match node:
            case nodes.CondExpr():
                chosen = node.expr1 if self.value(node.test) else node.expr2
                return None if chosen is None else self.value(chosen)
            case nodes.And():
                return self.value(node.left) and self.value(node.right)
            case nodes.Or():
                return self.value(node.left) or self.value(node.right)
            case nodes.Not():
                return not self.value(node.node)
            case nodes.Compare():
                return self._compare(node)
            case _:
                raise TypeError(type(node).__name__)

    def _named(self, node: nodes.Name | nodes.Getattr | nodes.Getitem, *, lenient: bool) -> object:
        if isinstance(node, nodes.Name):
            if node.name in self._context or lenient:
                return self._context.get(node.name, MISSING)
            hint = did_you_mean(node.name, self._context)
            raise self._parsed.fault("template_name", node, {"name": node.name}, word=node.name, hint=hint)
        owner, key = self.value(node.node, lenient=lenient), constant_key(node)
        found = MISSING if key is None else self.at(node, field_of, owner, key)
        if found is not MISSING or lenient:
            return found
        hint = did_you_mean(str(key), owner) if isinstance(owner, Mapping) else ()
        data = {"name": str(key), "owner": ".".join(dotted_name(node.node)) or "this"}
        raise self._parsed.fault("template_field", node, data, word=str(key), hint=hint)

    def _word(self, node: nodes.Filter | nodes.Test) -> object:
        value = self.value(node.node, lenient=node.name in LENIENT_WORDS) if node.node is not None else None
        if isinstance(node, nodes.Test):
            return self.at(node, TESTS[node.name], value)
        args = [self.value(arg) for arg in node.args]
        options = {str(option.key): self.value(option.value) for option in node.kwargs}
        found = self.at(node, FILTERS[node.name], value, args, options)
        return self.at(node, bounded_text, found) if isinstance(found, str) else found

    def _compare(self, node: nodes.Compare) -> bool:
        left = self.value(node.expr)
        for operand in node.ops:
            right = self.value(operand.expr)
            if not self.at(node.expr, COMPARISONS[operand.op], left, right):
                return False
            left = right
        return True

    def at(self, node: nodes.Node, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """The result of `call`, its errors as faults at `node`."""
        try:
            return call(*args, **options)
        except TemplateValueError as error:
            raise self._parsed.fault(error.kind, node, error.data) from None
        except (TypeError, ValueError, OverflowError) as error:
            raise self._parsed.fault("template_failed", node, {"message": str(error)}) from None


_BLANKS = re.compile(r"[ \t\r\n]+")


def normalize_prompt(text: str) -> str:
    """Collapse each run of blanks, tabs and line ends to one blank; strip both ends.

    A prompt's meaning doesn't depend on its line breaks, so a template that is reflowed in its file, or turned from
    `>-` to quotes, makes the same call and costs nothing. Other spaces (no-break, ideographic) are the author's and
    stay.
    """
    return _BLANKS.sub(" ", text).strip(" ")


class CompiledTemplate:
    """Renders a text for a context of JSON values and axis values.

    `uses` are the names that it reads, with their fields: `subject`, `subject.trigger`. `size` counts the nodes that
    it may run.
    """

    def __init__(
        self, parsed: ParsedTemplate, parts: Mapping[str, ParsedTemplate], uses: frozenset[str], size: int
    ) -> None:
        self.uses = uses
        self.size = size
        self._parsed = parsed
        self._parts = parts

    def render(self, context: Mapping[str, object]) -> str:
        """The rendered text in its normal form. Raises TemplateFault."""
        return normalize_prompt(self._text(_Evaluator(self._parsed, self._parts, context)))

    def value(self, context: Mapping[str, object]) -> JSONValue:
        """The value of a template that is a single `{{ … }}`, else its text as it comes. Raises TemplateFault."""
        evaluator = _Evaluator(self._parsed, self._parts, context)
        only = self._parsed.expression
        return self._text(evaluator) if only is None else evaluator.at(only, json_value, evaluator.value(only))

    def _text(self, evaluator: _Evaluator) -> str:
        tree, output = self._parsed.tree, _Output()
        evaluator.write(tree.body, output)
        return evaluator.at(tree, output.text)


class TemplateEngine:
    """Makes templates of texts. Included files are read through `files`; their names count from the recipe's folder."""

    def __init__(self, files: RecipeFiles) -> None:
        self._loader = IncludeLoader(files)
        self._read: dict[str, tuple[ParsedTemplate, int]] = {}
        self._compiled: dict[str, CompiledTemplate] = {}

    def check(self, text: str, known: KnownNames) -> list[TemplateFault]:
        """All that is wrong with `text` if `known` names are defined, without rendering it."""
        try:
            parsed, _ = self._parsed(text)
        except TemplateFault as fault:
            return [fault]
        finder = NameFinder(self._loader.parts, known)
        finder.walk(parsed)
        return [finder.faults[key] for key in sorted(finder.faults)]

    def compile(self, text: str) -> CompiledTemplate:
        """The template that `text` is. Raises TemplateFault."""
        if text not in self._compiled:
            parsed, size = self._parsed(text)
            finder = NameFinder(self._loader.parts, None)
            finder.walk(parsed)
            for fault in finder.faults.values():
                raise fault
            self._compiled[text] = CompiledTemplate(parsed, self._loader.parts, frozenset(finder.uses), size)
        return self._compiled[text]

    def evaluate(self, text: str, context: Mapping[str, object]) -> JSONValue:
        """`text` rendered; the value of a single `{{ … }}` keeps its type. Raises TemplateFault."""
        return self.compile(text).value(context)

    def _parsed(self, text: str) -> tuple[ParsedTemplate, int]:
        if text not in self._read:
            parsed = parse_template(text)
            self._read[text] = parsed, self._loader.gather(parsed)[0]
        return self._read[text]
