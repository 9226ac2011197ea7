"""`list-models`: the short form of `models list`."""

from __future__ import annotations

import click

from nano_banana.cli.commands.models_command import list_adapters

SECTION = ("Manage", 2)


@click.command(name="list-models", params=list_adapters.params)
def command(**options: object) -> None:
    """List all adapters, by name and version.

    Example:
      nano-banana list-models
    """
    click.get_current_context().invoke(list_adapters, **options)
