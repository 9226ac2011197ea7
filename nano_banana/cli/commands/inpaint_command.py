"""`inpaint`: repaint a part of existing pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from nano_banana.cli.options import FiniteRange, OptionValues, add_options, complete_choices, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.cli.single_runner import PICTURE_PATH, SINGLE_OPTIONS, images, run_single, single_context
from nano_banana.faces.face import PARTS
from nano_banana.model.problem import Invalid, problem

SECTION = ("Single pictures", 3)

DEFAULT_FEATHER = 0.08
MASK_EDGES: Mapping[str, tuple[float, float]] = {
    "face": (0.2, DEFAULT_FEATHER),
    "eyes": (0.2, DEFAULT_FEATHER),
    "mouth": (0.2, DEFAULT_FEATHER),
    "hair": (0.04, 0.03),
    "skin": (0.02, 0.02),
    "clothes": (0.02, 0.02),
    "person": (0.02, 0.02),
    "background": (0, 0.01),
}
"""Default growth and feather of each part: a face includes hair and chin; larger parts are not widened."""


@click.command(name="inpaint")
@images
@click.option(
    "--mask", type=PICTURE_PATH, metavar="FILE", help="Mask image of the same proportions; white is repainted."
)
@click.option(
    "--find",
    metavar="PART",
    shell_complete=complete_choices(PARTS),
    help="What to detect and repaint: face, hair, background, clothes …",
)
@add_options("--prompt", "--model", "--strength")
@click.option(
    "--grow",
    type=FiniteRange(min=0, max=2),
    metavar="0–2",
    help="How far to widen the region (default for a face: 0.2).",
)
@click.option(
    "--feather",
    type=FiniteRange(min=0, max=1),
    metavar="0–1",
    help="How soft the edge is (default for a face: 0.08).",
)
@add_options("--count", "--seed", "--using", "--guidance", "--steps", "--scale", "--name", *SINGLE_OPTIONS)
@pass_screen
def command(
    screen: Screen,
    images: tuple[Path, ...],
    *,
    mask: Path | None,
    find: str | None,
    grow: float | None,
    feather: float | None,
) -> int:
    """Repaint a part of existing pictures.

    Crops the region with some context, repaints it and pastes it back; all other pixels stay the same. Choose the
    region with a mask file (`--mask`) or by detection on this machine (`--find`).

    Examples:
      nano-banana inpaint beach.jpg --find face --model ana --prompt "a calm look, natural skin texture"
      nano-banana inpaint beach.jpg --mask sign.png --prompt "a plain wooden sign" --strength 0.9
      nano-banana inpaint *.jpg --find background --prompt "a grey paper backdrop" --plan
    """
    from nano_banana.features.single.single_commands import picture_command
    from nano_banana.features.single.single_recipe import SingleCommand, adapter_refs

    if (mask is None) == (find is None):
        raise Invalid([problem("mask_or_find")])
    wider, softer = (0.0, DEFAULT_FEATHER) if find is None else MASK_EDGES.get(find, MASK_EDGES["face"])
    region = {"grow": wider if grow is None else grow, "feather": softer if feather is None else feather}
    given, context = OptionValues.given(), single_context(screen)
    single = SingleCommand(
        command="inpaint",
        prompt_text=given.prompt,
        adapters=adapter_refs(context.settings.store, given.models, given.scales),
        pictures=images,
        mask=region if find is None else {"find": find, **region},
        mask_file=mask,
    )
    roles = {"strength": given.strength, "guidance": given.guidance, "steps": given.steps}
    single = picture_command(context.catalog, single, using=given.using, roles=roles)
    return run_single(screen, single, context)
