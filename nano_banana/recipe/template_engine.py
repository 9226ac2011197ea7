"""Compiles, checks and renders prompt templates within limits.

Each text is compiled once. Failures while rendering become a `TemplateFault` with its character offset, in the template
or in a file that it includes. A rendered prompt is normalised to single blanks, so that a template whose lines are
broken elsewhere makes the same call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Template as JinjaTemplate
from jinja2 import TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError, TemplateError

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, did_you_mean
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.template_budget import (
    MAX_DEPTH,
    MAX_OUTPUT,
    MAX_SOURCE,
    RENDER_BUDGET,
    RenderBudget,
    TemplateLimitError,
    text_of,
)
from nano_banana.recipe.template_names import KnownNames, NameFindings, TemplateVocabulary, find_names
from nano_banana.recipe.template_sandbox import TemplateSandbox
from nano_banana.recipe.template_syntax import (
    ParsedTemplate,
    TemplateFault,
    included_files,
    offset_of,
    parse_template,
    single_expression,
    syntax_fault_at,
    with_charges,
)

MAX_INCLUDE_DEPTH = 8
"""Template files inside one another."""


class IncludeLoader:
    """Reads each file once. Names are paths from the recipe's folder, within its root."""

    def __init__(self, files: RecipeFiles, sandbox: TemplateSandbox) -> None:
        self._files = files
        self._sandbox = sandbox
        self.parts: dict[str, ParsedTemplate] = {}

    def gather(self, parsed: ParsedTemplate, chain: tuple[str, ...] = ()) -> None:
        """Read all that `parsed` includes, and what that includes. Raises TemplateFault where it is named."""
        for name, node, optional in included_files(parsed.tree):
            if name in self.parts:
                continue
            offset = max(parsed.text.find(name, offset_of(node.lineno)), 0)

            def fault(
                kind: str, data: JSONObject, offset: int = offset, name: str = name, hint: tuple[str, ...] = ()
            ) -> TemplateFault:
                file = parsed.file
                return TemplateFault(kind, offset=offset, length=len(name), file=file, suggestions=hint, data=data)

            if name in chain:
                raise fault("template_include_cycle", {"chain": " → ".join((*chain, name))})
            if len(chain) >= MAX_INCLUDE_DEPTH:
                raise fault("template_include_too_deep", {"limit": MAX_INCLUDE_DEPTH})
            try:
                text = self._files.read_text(name, limit_bytes=MAX_SOURCE * 4)
            except Invalid as error:
                (problem,) = error.problems
                if optional and problem.kind == "file_missing":
                    continue
                raise fault(problem.kind, problem.data, hint=problem.suggestions) from error
            inner = parse_template(self._sandbox, text, self._files.locate(name))
            self.gather(inner, (*chain, name))
            self.parts[name] = inner


_WORD = re.compile(r"[.|\[\s]*(\w+)")


def render_fault(
    error: Exception, parsed: ParsedTemplate, included: Mapping[str, ParsedTemplate], context: Mapping[str, object]
) -> TemplateFault:
    """The fault that `error` is, in `parsed` or in one of the files it includes."""
    name, offset = _failing_template(error, parsed.text.find("{{") + 2)
    part = included.get(name or "", parsed)
    told = _fault_for(error, context)
    start, length = _fault_span(part.text, offset, str(told.data.get("name", "")))
    return told.moved(offset=start, length=length, file=part.file)


def _fault_span(text: str, offset: int, name: str) -> tuple[int, int]:
    """The name that is meant, or else the first word: operators and brackets have their own offset."""
    end = text.find("}", offset)
    at = text.find(name, offset, end) if name else -1
    if at < 0 and name:
        at = text.rfind(name, max(0, text.rfind("{", 0, offset)), offset)
    if at >= 0:
        return at, len(name)
    word = _WORD.match(text, offset)
    return (word.start(1), len(word[1])) if word else (offset, 1)


def _fault_for(error: Exception, context: Mapping[str, object]) -> TemplateFault:
    if isinstance(error, TemplateLimitError):
        return TemplateFault(error.kind, data=error.data)
    if isinstance(error, UndefinedError):
        return _undefined_fault(error.message or "", context)
    if isinstance(error, SecurityError):
        return TemplateFault("template_forbidden", data={"what": str(error)})
    if isinstance(error, RecursionError | MemoryError):
        return TemplateFault("template_too_deep", data={"limit": MAX_DEPTH})
    return TemplateFault("template_failed", data={"message": str(error) or type(error).__name__})


def _undefined_fault(message: str, context: Mapping[str, object]) -> TemplateFault:
    """What `sandbox.Missing` says: a name, what it is, and what there is instead; or a sentence of Jinja's."""
    name, *rest = message.split("\n")
    if not rest:
        return TemplateFault("template_failed", data={"message": name.rstrip(".")})
    what, *known = rest
    if what == "name":
        return TemplateFault("template_name", suggestions=did_you_mean(name, context), data={"name": name})
    hint = did_you_mean(name, known)
    return TemplateFault("template_field", suggestions=hint, data={"name": name, "owner": "this"})


def _failing_template(error: Exception, first: int) -> tuple[str | None, int]:
    """The template that was running when `error` was raised, and the offset it had come to, else `first`."""
    name, offset = None, first
    trace = error.__traceback__
    while trace is not None:
        running: object = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(running, JinjaTemplate):
            name, offset = running.name, offset_of(running.get_corresponding_lineno(trace.tb_lineno))
        trace = trace.tb_next
    return name, offset


_BLANKS = re.compile(r"[ \t\r\n]+")


def normalize_prompt(text: str) -> str:
    """Collapse each run of blanks, tabs and line ends to one blank; strip both ends.

    A prompt's meaning does not hang on where its author broke the lines, so a template that is
    reflowed in its file, or turned from `>-` to quotes, makes the same call and pays for nothing.
    Other spaces (no-break, ideographic) are the author's and stay.
    """
    return _BLANKS.sub(" ", text).strip(" ")


RESULT_VARIABLE = "_whole"
"""The variable that holds the value of a text that is wholly one expression."""

_FAILURES = (
    TemplateError,
    TemplateLimitError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


class CompiledTemplate:
    """Renders a text for a context of JSON values and axis values.

    `uses` are the free names, with the fields read from them: `subject`, `subject.trigger`. `files` are
    the template files that it includes.
    """

    def __init__(
        self,
        parsed: ParsedTemplate,
        compiled: JinjaTemplate,
        uses: frozenset[str],
        included: Mapping[str, ParsedTemplate],
        *,
        as_value: bool = False,
    ) -> None:
        self._parsed = parsed
        self._compiled = compiled
        self._included = included
        self._as_value = as_value
        self.uses = uses
        self.files: tuple[Path, ...] = tuple(sorted({part.file for part in included.values() if part.file}))

    def render(self, context: Mapping[str, object]) -> str:
        """The rendered text in its normal form. Raises TemplateFault."""
        return normalize_prompt(self.raw(context))

    def raw(self, context: Mapping[str, object]) -> str:
        """The rendered text as it comes. Raises TemplateFault."""
        return self._run(context)[0]

    def value(self, context: Mapping[str, object], budget: RenderBudget | None = None) -> JSONValue:
        """What the expression comes to where the text was compiled as one, else the text. Raises TemplateFault."""
        text, value = self._run(context, budget)
        return value if self._as_value else text

    def _run(self, context: Mapping[str, object], budget: RenderBudget | None = None) -> tuple[str, JSONValue]:
        token = RENDER_BUDGET.set(budget or RenderBudget())
        try:
            state = self._compiled.new_context(dict(context))
            text = "".join(self._compiled.root_render_func(state))
            if len(text) > MAX_OUTPUT:
                raise TemplateLimitError("template_output_too_long", limit=MAX_OUTPUT)
            return _encodable(text), json_value(state.vars[RESULT_VARIABLE]) if RESULT_VARIABLE in state.vars else None
        except _FAILURES as error:
            raise render_fault(error, self._parsed, self._included, context) from None
        finally:
            RENDER_BUDGET.reset(token)


def json_value(value: object) -> JSONValue:
    """`value` as JSON. Raises OutOfBoundsError (template_not_value, template_not_unicode) for what JSON cannot hold."""
    if isinstance(value, str):
        return _encodable(value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, AxisValue):
        return str(value)
    if isinstance(value, dict):
        return {text_of(name): json_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    str(value)  # raises UndefinedError, which names it, where that is what it is
    raise TemplateLimitError("template_not_value")


def _encodable(text: str) -> str:
    """The text, if it is one: bytes of the environment that are no UTF-8 come as halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TemplateLimitError("template_not_unicode", what=ascii(text[error.start])[1:-1]) from error
    return text


class TemplateEngine:
    """Makes templates of texts. Included files are read through `files`, names taken from the recipe's folder."""

    def __init__(self, files: RecipeFiles) -> None:
        self._sandbox = TemplateSandbox()
        self._library = IncludeLoader(files, self._sandbox)
        self._compiled: dict[tuple[str, bool], CompiledTemplate] = {}

    def check(self, text: str, known: KnownNames) -> list[TemplateFault]:
        """All that is wrong with `text` where `known` names are defined, without running it."""
        try:
            _, findings = self._read(text, known)
            if not findings.faults:
                self.compile(text)
        except TemplateFault as fault:
            return [fault]
        return sorted(findings.faults, key=lambda fault: (str(fault.file or ""), fault.offset))

    def compile(self, text: str) -> CompiledTemplate:
        """The template that `text` is. Raises TemplateFault."""
        return self._template(text, as_value=False)

    def evaluate(self, text: str, context: Mapping[str, object], *, budget: RenderBudget | None = None) -> JSONValue:
        """`text` rendered; one that is wholly one `{{ … }}` keeps its type. Raises TemplateFault.

        Several texts may share one `budget`, so that together they stay as bounded as one.
        """
        return self._template(text, as_value=True).value(context, budget)

    def _template(self, text: str, *, as_value: bool) -> CompiledTemplate:
        key = (text, as_value)
        if key not in self._compiled:
            parsed, findings = self._read(text, None)
            for fault in findings.faults:
                raise fault
            for name in findings.followed:
                if name not in self._sandbox.included:
                    self._sandbox.included[name] = self._built(self._library.parts[name], name)
            self._compiled[key] = CompiledTemplate(
                parsed,
                self._built(parsed, as_value=as_value),
                frozenset(findings.uses),
                {name: self._library.parts[name] for name in findings.followed},
                as_value=as_value and single_expression(parsed.tree) is not None,
            )
        return self._compiled[key]

    def _read(self, text: str, known: KnownNames | None) -> tuple[ParsedTemplate, NameFindings]:
        parsed = parse_template(self._sandbox, text)
        self._library.gather(parsed)
        words = TemplateVocabulary(
            filters=frozenset(self._sandbox.filters),
            tests=frozenset(self._sandbox.tests),
            included=self._library.parts,
        )
        return parsed, find_names(parsed, words, known)

    def _built(self, parsed: ParsedTemplate, name: str | None = None, *, as_value: bool = False) -> JinjaTemplate:
        """Read the text again: paying rewrites the tree, and the first one is kept for checks."""
        tree = parse_template(self._sandbox, parsed.text, parsed.file).tree
        only = single_expression(tree) if as_value else None
        if only is not None:
            tree.body = [nodes.Assign(nodes.Name(RESULT_VARIABLE, "store", lineno=1), only, lineno=only.lineno)]
        tree = with_charges(tree)
        tree.set_environment(self._sandbox)
        try:
            code = self._sandbox.compile(tree, name)
        except TemplateSyntaxError as error:
            raise syntax_fault_at(error, parsed.text, parsed.file) from error
        except (SyntaxError, RecursionError, MemoryError) as error:
            if isinstance(error, SyntaxError) and "nested" not in str(error.msg):
                data = {"message": f"Python refuses this template: {error.msg}"}
                raise TemplateFault("template_syntax", file=parsed.file, data=data) from error
            raise TemplateFault("template_too_deep", file=parsed.file, data={"limit": MAX_DEPTH}) from error
        return JinjaTemplate.from_code(self._sandbox, code, self._sandbox.make_globals(None))
