"""`upscale`: upscale pictures."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.options import FiniteRange, OptionValues, add_options, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.cli.single_runner import SINGLE_OPTIONS, images, run_single, single_context

SECTION = ("Single pictures", 5)


@click.command(name="upscale")
@images
@click.option("--factor", type=FiniteRange(min=1), metavar="NUMBER", help="Scale factor.")
@add_options("--using", "--name", *SINGLE_OPTIONS)
@pass_screen
def command(screen: Screen, images: tuple[Path, ...], factor: float | None) -> int:
    """Upscale pictures.

    Face-restoration endpoints also work; check the result, because they alter faces.

    Examples:
      nano-banana upscale out/generate/pictures/*.png
      nano-banana upscale beach.jpg --factor 4 --using fal-ai/clarity-upscaler
      nano-banana upscale old.jpg --using fal-ai/codeformer
    """
    from nano_banana.features.single.single_commands import picture_command
    from nano_banana.features.single.single_recipe import SingleCommand

    context = single_context(screen)
    using = OptionValues.given().using
    single = SingleCommand(command="upscale", pictures=images)
    single = picture_command(context.catalog, single, using=using, roles={"factor": factor})
    return run_single(screen, single, context)
