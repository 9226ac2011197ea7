"""A template's text and its tree, whose nodes know their offsets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from nano_banana.recipe.templates.budget import MAX_DEPTH, MAX_SOURCE
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.shape import fault_of, forbid


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A template that can be read; `file` is None for one that stands in the recipe."""

    text: str
    tree: nodes.Template
    file: Path | None = None


def parse(environment: Environment, text: str, file: Path | None = None) -> Parsed:
    """Read `text`. Raises TemplateFault for syntax errors and for what no template may do."""
    if len(text) > MAX_SOURCE:
        raise TemplateFault("template_source_too_long", file=file, data={"size": len(text), "limit": MAX_SOURCE})
    try:
        tree = Parser(environment, text).parse()
        forbid(tree)
    except TemplateSyntaxError as error:
        raise placed(error, text, file) from error
    except RecursionError as error:
        raise TemplateFault("template_too_deep", file=file, data={"limit": MAX_DEPTH}) from error
    except TemplateFault as fault:
        raise fault.moved(offset=fault.offset, length=fault.length, file=file) from None
    return Parsed(text=text, tree=tree, file=file)


def placed(error: TemplateSyntaxError, text: str, file: Path | None) -> TemplateFault:
    """The fault that a syntax error in `text` is, at its place."""
    fault = fault_of(error)
    return fault.moved(offset=min(fault.offset, max(len(text) - 1, 0)), length=1, file=file)


def whole(tree: nodes.Template) -> nodes.Expr | None:
    """The one expression that `tree` is, blanks around it aside; None where there is more or less."""
    parts = [part for output in tree.body for part in (output.nodes if isinstance(output, nodes.Output) else [output])]
    told = [part for part in parts if not (isinstance(part, nodes.TemplateData) and not part.data.strip())]
    only = told[0] if len(told) == 1 else None
    return only if isinstance(only, nodes.Expr) and not isinstance(only, nodes.TemplateData) else None
