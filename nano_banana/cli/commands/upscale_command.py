"""`upscale`: upscale pictures."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from nano_banana.cli.options import FiniteRange, OptionValues, pass_screen, shared
from nano_banana.cli.screen import Screen
from nano_banana.cli.single_runner import SINGLE_OPTIONS, images, name, run_single, say_pictures, single_context, using

SECTION = ("Single pictures", 5)

EPILOG = """\b
Examples:
  nano-banana upscale out/generate/pictures/*.png
  nano-banana upscale beach.jpg --factor 4 --using fal-ai/clarity-upscaler
  nano-banana upscale old.jpg --using fal-ai/codeformer
"""


@click.command(name="upscale", epilog=EPILOG)
@images
@click.option("--factor", type=FiniteRange(min=1), metavar="NUMBER", help="Scale factor.")
@using
@name
@shared(*SINGLE_OPTIONS)
@pass_screen
def command(
    screen: Screen,
    asked: OptionValues,
    *,
    images: tuple[Path, ...],
    factor: float | None,
    using: str | None,
    name: str | None,
) -> int:
    """Upscale pictures.

    Face-restoration endpoints also work; check the result, because they alter faces.
    """
    from nano_banana.features.single.single_commands import upscale_command, with_name

    desk = single_context(screen, asked)
    single = with_name(upscale_command(desk.catalog, images, using=using, said={"factor": factor}), name)
    return run_single(screen, asked, single, desk, then=partial(say_pictures, screen))
