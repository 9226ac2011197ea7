"""`completion`: print a shell's completion script."""

from __future__ import annotations

import click

from nano_banana.cli.app import PROGRAM, app
from nano_banana.cli.main import COMPLETION_VARIABLE
from nano_banana.cli.options import pass_screen
from nano_banana.cli.screen import Screen

SECTION = ("Setup", 7)

INSTALL_COMMANDS = {
    "bash": f"echo 'eval \"$({PROGRAM} completion bash)\"' >> ~/.bashrc",
    "zsh": f"echo 'eval \"$({PROGRAM} completion zsh)\"' >> ~/.zshrc",
    "fish": f"{PROGRAM} completion fish > ~/.config/fish/completions/{PROGRAM}.fish",
}

EPILOG = """\b
Install it once:
  {bash}
  {zsh}
  {fish}
""".format(**INSTALL_COMMANDS)


@click.command(name="completion", epilog=EPILOG)
@click.argument("shell", type=click.Choice(sorted(INSTALL_COMMANDS)))
@pass_screen
def command(screen: Screen, shell: str) -> None:
    """Print a completion script for bash, zsh or fish.

    Add it to your shell once (see below) to complete commands, options and values with Tab.
    """
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    kinds = {"bash": BashComplete, "fish": FishComplete, "zsh": ZshComplete}
    source = kinds[shell](app, {}, PROGRAM, COMPLETION_VARIABLE).source()
    # Click's own script for fish shows descriptions only up to their first comma.
    screen.data(source.replace('string split "," ', 'string split --max 1 "," '))
    if screen.out.isatty():
        screen.note(f"\n# install it once:  {INSTALL_COMMANDS[shell]}")
