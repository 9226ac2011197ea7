"""What click complains about, as problems like all others."""

from __future__ import annotations

import click

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.problem import Problem, did_you_mean

PROGRAM = "nano-banana"


def invalid(error: click.ClickException) -> Invalid:
    """Translate an error of click's."""
    return Invalid([_problem(error)])


def _problem(error: click.ClickException) -> Problem:
    context = error.ctx if isinstance(error, click.UsageError) else None
    program = context.command_path if context else PROGRAM
    if isinstance(error, click.FileError):
        return trouble("broken_file", file=str(error.ui_filename), why=_sentence(error.message))
    if isinstance(error, click.NoSuchOption):
        hint = did_you_mean(error.option_name, _options(context))
        return trouble("no_such_option", hint=hint, name=error.option_name, program=program)
    return trouble("usage", message=_sentence(error.format_message()), program=program)


def _options(context: click.Context | None) -> list[str]:
    parameters = context.command.get_params(context) if context else []
    return [name for parameter in parameters for name in parameter.opts if name.startswith("--")]


def _sentence(text: str) -> str:
    """As ours are: lower-case start, no full stop, back-ticks for names."""
    line = " ".join(text.split()).removesuffix(".").replace("'", "`")
    return line[:1].lower() + line[1:]
