"""The command `list-models`, which `models list` is called as well."""

from __future__ import annotations

import click

from nano_banana.cli.commands.models import listing

command = click.Command(
    name="list-models",
    params=listing.params,
    callback=listing.callback,
    help=listing.help,
    epilog="\b\nExample:\n  nano-banana list-models\n",
)
