"""The template files that templates include, read before anything runs."""

from __future__ import annotations

from nano_banana.core.errors import Invalid
from nano_banana.core.json import JSONObject
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.templates.budget import MAX_SOURCE
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.lexer import offset_of
from nano_banana.recipe.templates.parsed import Parsed, parse
from nano_banana.recipe.templates.sandbox import Sandbox
from nano_banana.recipe.templates.shape import included

MAX_INSIDE = 8
"""Template files inside one another."""


class Library:
    """Reads each file once. Names are paths from the recipe's folder, within its root."""

    def __init__(self, files: RecipeFiles, sandbox: Sandbox) -> None:
        self._files = files
        self._sandbox = sandbox
        self.parts: dict[str, Parsed] = {}

    def gather(self, parsed: Parsed, chain: tuple[str, ...] = ()) -> None:
        """Read all that `parsed` includes, and what that includes. Raises TemplateFault where it is named."""
        for name, node, optional in included(parsed.tree):
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
            if len(chain) >= MAX_INSIDE:
                raise fault("template_include_too_deep", {"limit": MAX_INSIDE})
            try:
                text = self._files.read_text(name, limit_bytes=MAX_SOURCE * 4)
            except Invalid as error:
                (problem,) = error.problems
                if optional and problem.kind == "file_missing":
                    continue
                raise fault(problem.kind, problem.data, hint=problem.suggestions) from error
            inner = parse(self._sandbox, text, self._files.locate(name))
            self.gather(inner, (*chain, name))
            self.parts[name] = inner
