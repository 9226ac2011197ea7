"""The table of commands, and the group that imports them one at a time."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass

import click

from nano_banana import __version__
from nano_banana.cli.family import Family
from nano_banana.cli.usage import PROGRAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A command: its section, and its short help, which is here so that help imports no command."""

    section: str
    help: str


COMMANDS = {
    "new": Entry(section="Work", help="Begin a project: a commented recipe that is ready to run"),
    "check": Entry(section="Work", help="Find every mistake in a recipe"),
    "plan": Entry(section="Work", help="Say what a run would do and cost, and do nothing"),
    "run": Entry(section="Work", help="Make what a recipe asks for, and pay only for what is missing"),
    "fine-tune": Entry(section="Pictures", help="Train an adapter of a person on a folder of photos"),
    "generate": Entry(section="Pictures", help="Draw pictures from words, with adapters of the shelf"),
    "inpaint": Entry(section="Pictures", help="Paint over a part of pictures that exist"),
    "edit": Entry(section="Pictures", help="Make one picture from others, by words"),
    "upscale": Entry(section="Pictures", help="Make pictures larger"),
    "again": Entry(section="Pictures", help="Make a picture again, from what it tells of itself"),
    "explain": Entry(section="Look", help="Say why a take is as it is, and what changed since the last run"),
    "sheet": Entry(section="Look", help="Lay out what was made: a page to look through, pictures, a PDF"),
    "judge": Entry(section="Look", help="Judge again what was made, by other thresholds and for free"),
    "photos": Entry(section="Look", help="Look at training photos: faces, light, duplicates, captions"),
    "compare": Entry(section="Look", help="Say whether two pictures show the same person"),
    "graph": Entry(section="Look", help="Draw what depends on what, for Mermaid or Graphviz"),
    "mask": Entry(section="Look", help="Find a face, hair or background in a picture, and show the mask"),
    "detect-watermark": Entry(section="Look", help="Look for marks of AI in pictures: signed, written or hidden"),
    "prices": Entry(section="Look", help="Say what endpoints cost, by whose word and of what day"),
    "catalog": Entry(section="Look", help="Show endpoints, and bring the project's copies up to date"),
    "schema": Entry(section="Look", help="Print a JSON Schema, for editors and programs"),
    "models": Entry(section="Keep", help="List, share and bring in adapters"),
    "list-models": Entry(section="Keep", help="List every adapter, by name and version"),
    "packs": Entry(section="Keep", help="Show, try, begin and take in packs of templates"),
    "runs": Entry(section="Keep", help="Look back at runs: what each made and cost, and what changed"),
    "forget": Entry(section="Keep", help="Delete everything about somebody"),
    "config": Entry(section="House", help="Show and change settings, and keep the fal key"),
    "trust": Entry(section="House", help="Accept what a recipe or its project asks for beyond its folder"),
    "cache": Entry(section="House", help="Measure, verify and clean the store"),
    "stats": Entry(section="House", help="Say what was spent and saved, what gates accepted, and what is still open"),
    "setup": Entry(section="House", help="Fetch the weights that faces, cut-outs and marks need"),
    "emulate": Entry(section="House", help="Serve fal's protocols here, for tests and for trying things out"),
    "completion": Entry(section="House", help="Print a completion script for bash, zsh or fish"),
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


class House(Family):
    """Lists commands from the table, and imports one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """Their names, in the table's order."""
        return list(COMMANDS)

    def find(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - its base's signature
        """The command, imported now."""
        name = ALIASES.get(name, name)
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"nano_banana.cli.commands.{name.replace('-', '_')}").command
        return command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, then the options."""
        for section, rows in _sections():
            with formatter.section(section):
                formatter.write_dl(rows)
        click.Command.format_options(self, ctx, formatter)


def _sections() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
        yield section, [(name, entry.help) for name, entry in COMMANDS.items() if entry.section == section]


@click.group(
    cls=House,
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
