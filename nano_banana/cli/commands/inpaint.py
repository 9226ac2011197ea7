"""The command that paints over a part of pictures that exist."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from nano_banana.cli.completing import one_of
from nano_banana.cli.options import Asked, Between, pass_screen, shared
from nano_banana.cli.screen import Screen
from nano_banana.cli.single.options import (
    PICTURE,
    count,
    guidance,
    images,
    model,
    name,
    prompt,
    scale,
    seed,
    steps,
    strength,
    using,
)
from nano_banana.cli.single.running import MANNER, at_hand, do_single, say_front, say_pictures
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONValue
from nano_banana.faces.parts import PARTS

EPILOG = """\b
Examples:
  nano-banana inpaint beach.jpg --find face --model ana --prompt "a calm look, natural skin texture"
  nano-banana inpaint beach.jpg --mask sign.png --prompt "a plain wooden sign" --strength 0.9
  nano-banana inpaint *.jpg --find background --prompt "a grey paper backdrop" --plan
"""

FEATHER = 0.08
EDGES: Mapping[str, tuple[float, float]] = {
    "face": (0.2, FEATHER),
    "eyes": (0.2, FEATHER),
    "mouth": (0.2, FEATHER),
    "hair": (0.04, 0.03),
    "skin": (0.02, 0.02),
    "clothes": (0.02, 0.02),
    "person": (0.02, 0.02),
    "background": (0, 0.01),
}
"""How far what is found is widened, and how soft its edge is: hair and chin come with a face; what lies beside larger
parts is not meant."""


@click.command(name="inpaint", epilog=EPILOG)
@images
@click.option("--mask", type=PICTURE, metavar="FILE", help="A picture of the same proportions; white is painted over.")
@click.option(
    "--find",
    metavar="PART",
    shell_complete=one_of(PARTS),
    help="What to find and paint over: face, hair, background, clothes …",
)
@prompt
@model
@strength
@click.option(
    "--grow",
    type=Between(min=0, max=2),
    metavar="0–2",
    help="How far to widen the region (0.2 around a face).",
)
@click.option(
    "--feather",
    type=Between(min=0, max=1),
    metavar="0–1",
    help="How soft its edge is (0.08 around a face).",
)
@count
@seed
@using
@guidance
@steps
@scale
@name
@shared(*MANNER)
@pass_screen
def command(
    screen: Screen,
    asked: Asked,
    *,
    images: tuple[Path, ...],
    mask: Path | None,
    find: str | None,
    prompt: str,
    models: tuple[str, ...],
    strength: float | None,
    grow: float | None,
    feather: float | None,
    count: int | None,
    seeds: tuple[int, ...],
    using: str | None,
    guidance: float | None,
    steps: int | None,
    scales: tuple[float, ...],
    name: str | None,
) -> int:
    """Paint over a part of pictures that exist.

    The region is cut out with what is around it, painted, and put back: all other pixels stay as they are. Which
    region: a picture (`--mask`), or what is found there on this machine (`--find`).
    """
    from nano_banana.project.single.making import called, painting, sown
    from nano_banana.project.single.single import with_triggers
    from nano_banana.project.single.worn import models_of

    if (mask is None) == (find is None):
        raise Invalid([trouble("mask_or_find")])
    region: dict[str, JSONValue] = {} if find is None else {"find": find}
    wider, softer = (0.0, FEATHER) if find is None else EDGES.get(find, EDGES["face"])
    region["grow"] = wider if grow is None else grow
    region["feather"] = softer if feather is None else feather
    desk = at_hand(screen, asked)
    single = painting(
        desk.catalog,
        images,
        prompt,
        models_of(desk.settings.store, models, scales),
        using=using,
        mask=region,
        mask_file=mask,
        said={"strength": strength, "guidance": guidance, "steps": steps},
    )
    single, front = with_triggers(called(sown(single, seeds, count), name))
    say_front(screen, front)
    return do_single(screen, asked, single, desk, then=partial(say_pictures, screen))
