"""Checks and compiles templates; each text once."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import Template as JinjaTemplate
from jinja2 import TemplateSyntaxError, nodes

from nano_banana.core.json import JSONValue
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.templates.budget import MAX_DEPTH, Budget
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.library import Library
from nano_banana.recipe.templates.names import Findings, Vocabulary
from nano_banana.recipe.templates.parsed import Parsed, parse, placed, whole
from nano_banana.recipe.templates.sandbox import Sandbox
from nano_banana.recipe.templates.scopes import Names
from nano_banana.recipe.templates.shape import paid
from nano_banana.recipe.templates.template import RESULT, Template
from nano_banana.recipe.templates.walk import find_names


class TemplateEngine:
    """Makes templates of texts. Included files are read through `files`, names taken from the recipe's folder."""

    def __init__(self, files: RecipeFiles) -> None:
        self._sandbox = Sandbox()
        self._library = Library(files, self._sandbox)
        self._compiled: dict[tuple[str, bool], Template] = {}

    def check(self, text: str, known: Names) -> list[TemplateFault]:
        """All that is wrong with `text` where `known` names are defined, without running it."""
        try:
            _, findings = self._read(text, known)
            if not findings.faults:
                self.compile(text)
        except TemplateFault as fault:
            return [fault]
        return sorted(findings.faults, key=lambda fault: (str(fault.file or ""), fault.offset))

    def compile(self, text: str) -> Template:
        """The template that `text` is. Raises TemplateFault."""
        return self._template(text, as_value=False)

    def evaluate(self, text: str, context: Mapping[str, object], *, budget: Budget | None = None) -> JSONValue:
        """`text` rendered; one that is wholly one `{{ … }}` keeps its type. Raises TemplateFault.

        Several texts may share one `budget`, so that together they stay as bounded as one.
        """
        return self._template(text, as_value=True).value(context, budget)

    def _template(self, text: str, *, as_value: bool) -> Template:
        key = (text, as_value)
        if key not in self._compiled:
            parsed, findings = self._read(text, None)
            for fault in findings.faults:
                raise fault
            for name in findings.followed:
                if name not in self._sandbox.included:
                    self._sandbox.included[name] = self._built(self._library.parts[name], name)
            self._compiled[key] = Template(
                parsed,
                self._built(parsed, as_value=as_value),
                frozenset(findings.uses),
                {name: self._library.parts[name] for name in findings.followed},
                as_value=as_value and whole(parsed.tree) is not None,
            )
        return self._compiled[key]

    def _read(self, text: str, known: Names | None) -> tuple[Parsed, Findings]:
        parsed = parse(self._sandbox, text)
        self._library.gather(parsed)
        words = Vocabulary(
            filters=frozenset(self._sandbox.filters),
            tests=frozenset(self._sandbox.tests),
            included=self._library.parts,
        )
        return parsed, find_names(parsed, words, known)

    def _built(self, parsed: Parsed, name: str | None = None, *, as_value: bool = False) -> JinjaTemplate:
        """Read the text again: paying rewrites the tree, and the first one is kept for checks."""
        tree = parse(self._sandbox, parsed.text, parsed.file).tree
        only = whole(tree) if as_value else None
        if only is not None:
            tree.body = [nodes.Assign(nodes.Name(RESULT, "store", lineno=1), only, lineno=only.lineno)]
        tree = paid(tree)
        tree.set_environment(self._sandbox)
        try:
            code = self._sandbox.compile(tree, name)
        except TemplateSyntaxError as error:
            raise placed(error, parsed.text, parsed.file) from error
        except (SyntaxError, RecursionError, MemoryError) as error:
            if isinstance(error, SyntaxError) and "nested" not in str(error.msg):
                data = {"message": f"Python refuses this template: {error.msg}"}
                raise TemplateFault("template_syntax", file=parsed.file, data=data) from error
            raise TemplateFault("template_too_deep", file=parsed.file, data={"limit": MAX_DEPTH}) from error
        return JinjaTemplate.from_code(self._sandbox, code, self._sandbox.make_globals(None))
