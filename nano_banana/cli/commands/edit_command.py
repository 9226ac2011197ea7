"""`edit`: edit or combine pictures with a prompt."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from nano_banana.cli.options import OptionValues, pass_screen, shared
from nano_banana.cli.screen import Screen
from nano_banana.cli.single_runner import (
    SINGLE_OPTIONS,
    count,
    images,
    name,
    prompt,
    run_single,
    say_pictures,
    seed,
    single_context,
    size,
    strength,
    using,
)

SECTION = ("Single pictures", 4)

EPILOG = """\b
Examples:
  nano-banana edit ana.jpg --prompt "the same woman in a navy blazer, plain grey backdrop"
  nano-banana edit ana.jpg coat.jpg --prompt "she wears this coat" --using fal-ai/nano-banana-2/edit
"""


@click.command(name="edit", epilog=EPILOG)
@images
@prompt
@using
@count
@seed
@size
@strength
@name
@shared(*SINGLE_OPTIONS)
@pass_screen
def command(
    screen: Screen,
    asked: OptionValues,
    *,
    images: tuple[Path, ...],
    prompt: str,
    using: str | None,
    count: int | None,
    seeds: tuple[int, ...],
    size: str | None,
    strength: float | None,
    name: str | None,
) -> int:
    """Edit or combine pictures with a prompt.

    Sends all pictures to an editing endpoint in one request.
    """
    from nano_banana.features.single.single_commands import edit_command, with_name, with_seeds

    desk = single_context(screen, asked)
    single = edit_command(desk.catalog, images, prompt, using=using, size=size, said={"strength": strength})
    single = with_name(with_seeds(single, seeds, count), name)
    return run_single(screen, asked, single, desk, then=partial(say_pictures, screen))
