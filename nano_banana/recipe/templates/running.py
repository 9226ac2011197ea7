"""Turns what went wrong inside Jinja into a fault with its offset."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jinja2 import Template as JinjaTemplate
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.templates.budget import MAX_DEPTH, OutOfBoundsError
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.lexer import offset_of
from nano_banana.recipe.templates.parsed import Parsed

_WORD = re.compile(r"[.|\[\s]*(\w+)")


def fault_in(
    error: Exception, parsed: Parsed, included: Mapping[str, Parsed], context: Mapping[str, object]
) -> TemplateFault:
    """The fault that `error` is, in `parsed` or in one of the files it includes."""
    name, offset = _where(error, parsed.text.find("{{") + 2)
    part = included.get(name or "", parsed)
    told = _told(error, context)
    start, length = _span(part.text, offset, str(told.data.get("name", "")))
    return told.moved(offset=start, length=length, file=part.file)


def _span(text: str, offset: int, name: str) -> tuple[int, int]:
    """The name that is meant, or else the first word: operators and brackets have their own offset."""
    end = text.find("}", offset)
    at = text.find(name, offset, end) if name else -1
    if at < 0 and name:
        at = text.rfind(name, max(0, text.rfind("{", 0, offset)), offset)
    if at >= 0:
        return at, len(name)
    word = _WORD.match(text, offset)
    return (word.start(1), len(word[1])) if word else (offset, 1)


def _told(error: Exception, context: Mapping[str, object]) -> TemplateFault:
    if isinstance(error, OutOfBoundsError):
        return TemplateFault(error.kind, data=error.data)
    if isinstance(error, UndefinedError):
        return _undefined(error.message or "", context)
    if isinstance(error, SecurityError):
        return TemplateFault("template_forbidden", data={"what": str(error)})
    if isinstance(error, RecursionError | MemoryError):
        return TemplateFault("template_too_deep", data={"limit": MAX_DEPTH})
    return TemplateFault("template_failed", data={"message": str(error) or type(error).__name__})


def _undefined(message: str, context: Mapping[str, object]) -> TemplateFault:
    """What `sandbox.Missing` says: a name, what it is, and what there is instead; or a sentence of Jinja's."""
    name, *rest = message.split("\n")
    if not rest:
        return TemplateFault("template_failed", data={"message": name.rstrip(".")})
    what, *known = rest
    if what == "name":
        return TemplateFault("template_name", suggestions=did_you_mean(name, context), data={"name": name})
    hint = did_you_mean(name, known)
    return TemplateFault("template_field", suggestions=hint, data={"name": name, "owner": "this"})


def _where(error: Exception, first: int) -> tuple[str | None, int]:
    """The template that was running when `error` was raised, and the offset it had come to, else `first`."""
    name, offset = None, first
    trace = error.__traceback__
    while trace is not None:
        running: object = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(running, JinjaTemplate):
            name, offset = running.name, offset_of(running.get_corresponding_lineno(trace.tb_lineno))
        trace = trace.tb_next
    return name, offset
