"""`edit`: edit or combine pictures with a prompt."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.options import OptionValues, add_options, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.cli.single_runner import SINGLE_OPTIONS, images, run_single, single_context

SECTION = ("Single pictures", 4)


@click.command(name="edit")
@images
@add_options("--prompt", "--using", "--count", "--seed", "--size", "--strength", "--name", *SINGLE_OPTIONS)
@pass_screen
def command(screen: Screen, images: tuple[Path, ...]) -> int:
    """Edit or combine pictures with a prompt.

    Sends all pictures to an editing endpoint in one request.

    Examples:
      nano-banana edit ana.jpg --prompt "the same woman in a navy blazer, plain grey backdrop"
      nano-banana edit ana.jpg coat.jpg --prompt "she wears this coat" --using fal-ai/nano-banana-2/edit
    """
    from nano_banana.features.single.single_commands import picture_command
    from nano_banana.features.single.single_recipe import SingleCommand

    given, context = OptionValues.given(), single_context(screen)
    roles = {"strength": given.strength}
    single = SingleCommand(command="edit", prompt_text=given.prompt, images=images)
    single = picture_command(context.catalog, single, using=given.using, roles=roles, size=given.size)
    return run_single(screen, single, context)
