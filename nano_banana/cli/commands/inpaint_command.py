"""`inpaint`: repaint a part of existing pictures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from nano_banana.cli.options import FiniteRange, OptionValues, complete_choices, pass_screen, shared
from nano_banana.cli.screen import Screen
from nano_banana.cli.single_runner import (
    PICTURE_PATH,
    SINGLE_OPTIONS,
    count,
    guidance,
    images,
    model,
    name,
    prompt,
    run_single,
    say_added_words,
    say_pictures,
    scale,
    seed,
    single_context,
    steps,
    strength,
    using,
)
from nano_banana.faces.face import PARTS
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, problem

SECTION = ("Single pictures", 3)

EPILOG = """\b
Examples:
  nano-banana inpaint beach.jpg --find face --model ana --prompt "a calm look, natural skin texture"
  nano-banana inpaint beach.jpg --mask sign.png --prompt "a plain wooden sign" --strength 0.9
  nano-banana inpaint *.jpg --find background --prompt "a grey paper backdrop" --plan
"""

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


@click.command(name="inpaint", epilog=EPILOG)
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
@prompt
@model
@strength
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
@count
@seed
@using
@guidance
@steps
@scale
@name
@shared(*SINGLE_OPTIONS)
@pass_screen
def command(
    screen: Screen,
    asked: OptionValues,
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
    """Repaint a part of existing pictures.

    Crops the region with some context, repaints it and pastes it back; all other pixels stay the same. Choose the
    region with a mask file (`--mask`) or by detection on this machine (`--find`).
    """
    from nano_banana.features.single.single_commands import inpaint_command, with_name, with_seeds
    from nano_banana.features.single.single_recipe import adapter_refs, with_missing_triggers

    if (mask is None) == (find is None):
        raise Invalid([problem("mask_or_find")])
    region: dict[str, JSONValue] = {} if find is None else {"find": find}
    wider, softer = (0.0, DEFAULT_FEATHER) if find is None else MASK_EDGES.get(find, MASK_EDGES["face"])
    region["grow"] = wider if grow is None else grow
    region["feather"] = softer if feather is None else feather
    desk = single_context(screen, asked)
    single = inpaint_command(
        desk.catalog,
        images,
        prompt,
        adapter_refs(desk.settings.store, models, scales),
        using=using,
        mask=region,
        mask_file=mask,
        said={"strength": strength, "guidance": guidance, "steps": steps},
    )
    single, front = with_missing_triggers(with_name(with_seeds(single, seeds, count), name))
    say_added_words(screen, front)
    return run_single(screen, asked, single, desk, then=partial(say_pictures, screen))
