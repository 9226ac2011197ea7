"""The command that makes pictures larger."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from nano_banana.cli.options import Asked, Between, pass_screen, shared
from nano_banana.cli.screen import Screen
from nano_banana.cli.single.options import images, name, using
from nano_banana.cli.single.running import MANNER, at_hand, do_single, say_pictures

EPILOG = """\b
Examples:
  nano-banana upscale out/generate/pictures/*.png
  nano-banana upscale beach.jpg --factor 4 --using fal-ai/clarity-upscaler
  nano-banana upscale old.jpg --using fal-ai/codeformer
"""


@click.command(name="upscale", epilog=EPILOG)
@images
@click.option("--factor", type=Between(min=1), metavar="NUMBER", help="How many times as wide.")
@using
@name
@shared(*MANNER)
@pass_screen
def command(
    screen: Screen,
    asked: Asked,
    *,
    images: tuple[Path, ...],
    factor: float | None,
    using: str | None,
    name: str | None,
) -> int:
    """Make pictures larger.

    An endpoint that restores faces does as well: judge what it makes, it changes them.
    """
    from nano_banana.project.single.making import called, enlarging

    desk = at_hand(screen, asked)
    single = called(enlarging(desk.catalog, images, using=using, said={"factor": factor}), name)
    return do_single(screen, asked, single, desk, then=partial(say_pictures, screen))
