"""The command line's reference, written from its own `--help`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from nano_banana.cli.app import PROGRAM, app

WIDTH = 100
HEAD = """# The command line

Written by `python -m nano_banana.cli.cli_reference > docs/cli.md` from each command's `--help`; a test keeps it so.
"""


def reference() -> str:
    """The help of every command, in Markdown."""
    return HEAD + "".join(_page(app, PROGRAM, None, level=2))


def _page(command: click.Command, path: str, parent: click.Context | None, *, level: int) -> Iterator[str]:
    context = click.Context(
        command, info_name=path.rsplit(" ", 1)[-1], parent=parent, terminal_width=WIDTH, color=False
    )
    context.help_option_names = ["-h", "--help"]
    help_text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"\n{'#' * level} `{path}`\n\n```text\n{help_text}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _page(child, f"{path} {name}", context, level=level + (parent is not None))


if __name__ == "__main__":
    sys.stdout.write(reference())
