"""The command that makes one picture from others, by words."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from nano_banana.cli.options import Asked, pass_screen, shared
from nano_banana.cli.screen import Screen
from nano_banana.cli.single.options import count, images, name, prompt, seed, size, strength, using
from nano_banana.cli.single.running import MANNER, at_hand, do_single, say_pictures

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
@shared(*MANNER)
@pass_screen
def command(
    screen: Screen,
    asked: Asked,
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
    """Make one picture from others, by words.

    All of them go to an editing endpoint in one request: a picture to change, or several to put together.
    """
    from nano_banana.project.single.making import called, editing, sown

    desk = at_hand(screen, asked)
    single = editing(desk.catalog, images, prompt, using=using, size=size, said={"strength": strength})
    single = called(sown(single, seeds, count), name)
    return do_single(screen, asked, single, desk, then=partial(say_pictures, screen))
