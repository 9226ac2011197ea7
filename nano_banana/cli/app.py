"""The command table, its lazy command group, and click's errors.

Help is in the table, so that `--help` imports no command. Unknown commands and options get "did you mean".
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass

import click

from nano_banana import __version__
from nano_banana.model.problem import Invalid, Problem, did_you_mean, problem

PROGRAM = "nano-banana"


def translate_click_error(error: click.ClickException) -> Invalid:
    """Translate an error of click's."""
    return Invalid([_click_problem(error)])


def _click_problem(error: click.ClickException) -> Problem:
    context = error.ctx if isinstance(error, click.UsageError) else None
    program = context.command_path if context else PROGRAM
    if isinstance(error, click.FileError):
        return problem("broken_file", file=str(error.ui_filename), why=_lower_sentence(error.message))
    if isinstance(error, click.NoSuchOption):
        hint = did_you_mean(error.option_name, _long_options(context))
        return problem("no_such_option", suggestions=hint, name=error.option_name, program=program)
    return problem("usage", message=_lower_sentence(error.format_message()), program=program)


def _long_options(context: click.Context | None) -> list[str]:
    parameters = context.command.get_params(context) if context else []
    return [name for parameter in parameters for name in parameter.opts if name.startswith("--")]


def _lower_sentence(text: str) -> str:
    """As ours are: lower-case start, no full stop, back-ticks for names."""
    line = " ".join(text.split()).removesuffix(".").replace("'", "`")
    return line[:1].lower() + line[1:]


class Utf8Text(click.types.StringParamType):
    """A text that is no path: a shell may hand over bytes that are none."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As click does it. Fails for what is not UTF-8."""
        text = str(super().convert(value, param, ctx))
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self.fail(f"{text!r} is not UTF-8", param, ctx)
        return text


UTF8_TEXT = Utf8Text()


class SuggestingGroup(click.Group):
    """Finds a command, or says which one was probably meant."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command. Raises Invalid (`no_such_command`), but not while a shell completes."""
        found = self.find(ctx, cmd_name)
        if found is None and not ctx.resilient_parsing and not cmd_name.startswith("-"):
            hint = did_you_mean(cmd_name, self.list_commands(ctx))
            raise Invalid([problem("no_such_command", suggestions=hint, name=cmd_name, program=ctx.command_path)])
        for parameter in found.params if found else ():
            if type(parameter.type) is click.types.StringParamType:
                parameter.type = UTF8_TEXT
        return found

    def find(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        return super().get_command(ctx, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEntry:
    """A command: its section, and its short help, which is here so that help imports no command."""

    section: str
    help: str


COMMANDS = {
    "new": CommandEntry(section="Work", help="Begin a project: a commented recipe that is ready to run"),
    "check": CommandEntry(section="Work", help="Find every mistake in a recipe"),
    "plan": CommandEntry(section="Work", help="Say what a run would do and cost, and do nothing"),
    "run": CommandEntry(section="Work", help="Make what a recipe asks for, and pay only for what is missing"),
    "fine-tune": CommandEntry(section="Pictures", help="Train an adapter of a person on a folder of photos"),
    "generate": CommandEntry(section="Pictures", help="Draw pictures from words, with adapters of the shelf"),
    "inpaint": CommandEntry(section="Pictures", help="Paint over a part of pictures that exist"),
    "edit": CommandEntry(section="Pictures", help="Make one picture from others, by words"),
    "upscale": CommandEntry(section="Pictures", help="Make pictures larger"),
    "again": CommandEntry(section="Pictures", help="Make a picture again, from what it tells of itself"),
    "explain": CommandEntry(section="Look", help="Say why a take is as it is, and what changed since the last run"),
    "sheet": CommandEntry(section="Look", help="Lay out what was made: a page to look through, pictures, a PDF"),
    "judge": CommandEntry(section="Look", help="Judge again what was made, by other thresholds and for free"),
    "photos": CommandEntry(section="Look", help="Look at training photos: faces, light, duplicates, captions"),
    "compare": CommandEntry(section="Look", help="Say whether two pictures show the same person"),
    "graph": CommandEntry(section="Look", help="Draw what depends on what, for Mermaid or Graphviz"),
    "mask": CommandEntry(section="Look", help="Find a face, hair or background in a picture, and show the mask"),
    "detect-watermark": CommandEntry(
        section="Look", help="Look for marks of AI in pictures: signed, written or hidden"
    ),
    "prices": CommandEntry(section="Look", help="Say what endpoints cost, by whose word and of what day"),
    "catalog": CommandEntry(section="Look", help="Show endpoints, and bring the project's copies up to date"),
    "schema": CommandEntry(section="Look", help="Print a JSON Schema, for editors and programs"),
    "models": CommandEntry(section="Keep", help="List, share and bring in adapters"),
    "list-models": CommandEntry(section="Keep", help="List every adapter, by name and version"),
    "packs": CommandEntry(section="Keep", help="Show, try, begin and take in packs of templates"),
    "runs": CommandEntry(section="Keep", help="Look back at runs: what each made and cost, and what changed"),
    "forget": CommandEntry(section="Keep", help="Delete everything about somebody"),
    "config": CommandEntry(section="House", help="Show and change settings, and keep the fal key"),
    "trust": CommandEntry(section="House", help="Accept what a recipe or its project asks for beyond its folder"),
    "cache": CommandEntry(section="House", help="Measure, verify and clean the store"),
    "stats": CommandEntry(
        section="House", help="Say what was spent and saved, what gates accepted, and what is still open"
    ),
    "setup": CommandEntry(section="House", help="Fetch the weights that faces, cut-outs and marks need"),
    "emulate": CommandEntry(section="House", help="Serve fal's protocols here, for tests and for trying things out"),
    "completion": CommandEntry(section="House", help="Print a completion script for bash, zsh or fish"),
}

ALIASES = {"pack": "packs"}
"""Other names of commands, which no list shows."""

EPILOG = """\b
Examples:
  nano-banana new portraits --subject ana --photos ~/Pictures/ana
  nano-banana plan portraits/recipe.yaml
  nano-banana run portraits/recipe.yaml

Exit codes: 0 done, 1 some takes failed, 2 the recipe or the command line is wrong,
3 stopped by a limit, 4 the provider refused, 130 interrupted.
"""


def module_of(name: str) -> str:
    """The module that holds a command."""
    file = "models" if name == "list-models" else name.replace("-", "_")
    return f"nano_banana.cli.commands.{file}_command"


def import_command(name: str) -> click.Command:
    """A command of the table, imported now."""
    found: click.Command = getattr(
        importlib.import_module(module_of(name)), "list_models" if name == "list-models" else "command"
    )
    return found


class LazyGroup(SuggestingGroup):
    """Lists commands from the table, and imports one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """Their names, in the table's order."""
        return list(COMMANDS)

    def find(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - its base's signature
        """The command, imported now."""
        name = ALIASES.get(name, name)
        if name not in COMMANDS:
            return None
        return import_command(name)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, then the options."""
        for section, rows in _help_sections():
            with formatter.section(section):
                formatter.write_dl(rows)
        click.Command.format_options(self, ctx, formatter)


def _help_sections() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
        yield section, [(name, entry.help) for name, entry in COMMANDS.items() if entry.section == section]


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="%(prog)s %(version)s", prog_name=PROGRAM)
def app() -> None:
    """Make reproducible portrait sets from a recipe in git.

    A recipe names people, prompts, shots and stages. Nothing is paid for twice: everything made is kept
    by the hash of what it was made from.
    """
