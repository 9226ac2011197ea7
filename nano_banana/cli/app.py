"""The list of commands, their lazy group, and click's errors.

Commands are found by their files; `--help` imports none of them. Unknown commands and options get "did you mean".
"""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import click
from msgspec import Struct

from nano_banana import __version__
from nano_banana.model.problem import Invalid, Problem, did_you_mean, problem

PROGRAM = "nano-banana"


def click_problem(error: click.ClickException) -> Problem:
    """Click's error as a problem."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    program = context.command_path if context else PROGRAM
    if isinstance(error, click.FileError):
        return problem("broken_file", file=str(error.ui_filename), why=_lower_sentence(error.message))
    if isinstance(error, click.NoSuchOption):
        options = [name for each in (context.command.get_params(context) if context else ()) for name in each.opts]
        hint = did_you_mean(error.option_name, [name for name in options if name.startswith("--")])
        return problem("no_such_option", suggestions=hint, name=error.option_name, program=program)
    return problem("usage", message=_lower_sentence(error.format_message()), program=program)


def _lower_sentence(text: str) -> str:
    """In the style of our messages: lower-case start, no full stop, backticks around names."""
    line = " ".join(text.split()).removesuffix(".").replace("'", "`")
    return line[:1].lower() + line[1:]


class Utf8Text(click.types.StringParamType):
    """Text that is not a path; a shell may pass bytes that are not UTF-8."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Convert as click does. Fails if the text is not UTF-8."""
        text = str(super().convert(value, param, ctx))
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self.fail(f"{text!r} is not UTF-8", param, ctx)
        return text


UTF8_TEXT = Utf8Text()


class SuggestingGroup(click.Group):
    """A group that suggests similar names for an unknown command."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command. Raises Invalid (`no_such_command`), except during shell completion."""
        found = self.find(ctx, cmd_name)
        if found is None and not ctx.resilient_parsing and not cmd_name.startswith("-"):
            hint = did_you_mean(cmd_name, self.list_commands(ctx))
            raise Invalid([problem("no_such_command", suggestions=hint, name=cmd_name, program=ctx.command_path)])
        if found is not None:
            _complete_command(found)
        return found

    def find(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command with that name, or None."""
        return super().get_command(ctx, name)


def _complete_command(command: click.Command) -> None:
    """Let texts be checked, and show the examples of the docstring below the options."""
    for parameter in command.params:
        if type(parameter.type) is click.types.StringParamType:
            parameter.type = UTF8_TEXT
    text, examples, rest = inspect.cleandoc(command.help or "").partition("\n\nExample")
    if examples:
        command.help, command.epilog = text, f"\b\nExample{rest}"


class CommandEntry(Struct, frozen=True, kw_only=True):
    """A command as the list of commands shows it."""

    section: str
    position: int
    help: str


SECTIONS = ("Recipes", "Single pictures", "Inspect", "Manage", "Setup")
"""The sections of the list, in order. Other names come after them."""

COMMANDS_FOLDER = Path(__file__).with_name("commands")
_SECTION = re.compile(r'^SECTION = \("(.+)", (\d+)\)$', re.MULTILINE)
_SUMMARY = re.compile(r'^def command\(.*?r?"""(.*?)(?:"""|\n\n)', re.MULTILINE | re.DOTALL)
_SUFFIX = "_command.py"


@functools.cache
def command_entries() -> Mapping[str, CommandEntry]:
    """Every command by name, in the order of the list. Reads their files and imports none, so help is quick.

    The line `SECTION = ("Inspect", 3)` of a file says where it is listed; the docstring of `command` says what it does.
    """
    found = {}
    for file in COMMANDS_FOLDER.glob(f"*{_SUFFIX}"):
        text = file.read_text("utf-8")
        if (section := _SECTION.search(text)) and (summary := _SUMMARY.search(text)):
            words = " ".join(summary[1].split()).removesuffix(".")
            name = file.name.removesuffix(_SUFFIX).replace("_", "-")
            found[name] = CommandEntry(section=section[1], position=int(section[2]), help=words)
    order = {section: at for at, section in enumerate(SECTIONS)}

    def place(item: tuple[str, CommandEntry]) -> tuple[int, str, int, str]:
        name, entry = item
        return order.get(entry.section, len(order)), entry.section, entry.position, name

    return dict(sorted(found.items(), key=place))


ALIASES = {"pack": "packs"}
"""Other names of commands, not shown in help."""

EPILOG = """\b
Examples:
  nano-banana new portraits --subject ana --photos ~/Pictures/ana
  nano-banana plan portraits/recipe.yaml
  nano-banana run portraits/recipe.yaml

Exit codes: 0 done, 1 some takes failed, 2 error in the recipe or the command line,
3 stopped by a limit, 4 refused by the provider, 130 interrupted.
"""


def import_command(name: str) -> click.Command | None:
    """The command of this name, imported now; None if there is none."""
    file = name.replace("-", "_")
    module = f"{__package__}.commands.{file}_command"
    is_name = "_" not in name and file.isidentifier()
    if not is_name or (module not in sys.modules and not (COMMANDS_FOLDER / f"{file}{_SUFFIX}").is_file()):
        return None
    found: click.Command = importlib.import_module(module).command
    return found


class LazyGroup(SuggestingGroup):
    """Lists commands by their files, and imports one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """The names in the order of the list."""
        return list(command_entries())

    def find(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - its base's signature
        """Import the command."""
        return import_command(ALIASES.get(name, name))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, then the options."""
        for section, entries in itertools.groupby(command_entries().items(), key=lambda item: item[1].section):
            with formatter.section(section):
                formatter.write_dl([(name, entry.help) for name, entry in entries])
        click.Command.format_options(self, ctx, formatter)


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="%(prog)s %(version)s", prog_name=PROGRAM)
def app() -> None:
    """Make reproducible portrait sets from a recipe in git.

    A recipe lists people, prompts, shots and stages. Everything is cached by content hash, so nothing is
    paid for twice.
    """
