"""A group of commands that knows what an unknown one was meant to be."""

from __future__ import annotations

import click

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.problem import did_you_mean


class Text(click.types.StringParamType):
    """A text that is no path: a shell may hand over bytes that are none."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As click does it. Fails for what is not UTF-8."""
        text = str(super().convert(value, param, ctx))
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self.fail(f"{text!r} is not UTF-8", param, ctx)
        return text


TEXT = Text()


class Family(click.Group):
    """Finds a command, or says which one was probably meant."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command. Raises Invalid (`no_such_command`), but not while a shell completes."""
        found = self.find(ctx, cmd_name)
        if found is None and not ctx.resilient_parsing and not cmd_name.startswith("-"):
            hint = did_you_mean(cmd_name, self.list_commands(ctx))
            raise Invalid([trouble("no_such_command", hint=hint, name=cmd_name, program=ctx.command_path)])
        for parameter in found.params if found else ():
            if type(parameter.type) is click.types.StringParamType:
                parameter.type = TEXT
        return found

    def find(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        return super().get_command(ctx, name)
