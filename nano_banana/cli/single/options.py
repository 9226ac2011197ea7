"""Options that several single commands have, beside those of every run."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.completing import endpoint_ids
from nano_banana.cli.options import Between, Common, option

MOST = 100
"""Pictures of one command: for more, a recipe says it better."""

PICTURE = click.Path(exists=True, path_type=Path)

images = click.argument("images", nargs=-1, required=True, type=PICTURE, metavar="IMAGE...")

prompt: Common = option("--prompt", required=True, metavar="TEXT", help="What is to be seen, in words.")
model: Common = option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME[@VERSION]",
    help="An adapter on the shelf, or a .safetensors file; several work together.",
)
scale: Common = option(
    "--scale",
    "scales",
    multiple=True,
    type=Between(min=0, max=4),
    metavar="NUMBER",
    help="How strongly each --model works, in their order (0.95, further ones 0.3).",
)
count: Common = option(
    "--count", type=click.IntRange(1, MOST), metavar="N", help="How many pictures, by seeds of their own."
)
seed: Common = option(
    "--seed",
    "seeds",
    multiple=True,
    type=click.IntRange(0, 4294967295),
    metavar="N",
    help="A seed; as often as you like.",
)
size: Common = option("--size", metavar="SIZE", help="880x1104, 4:5, or a name such as portrait_4_3.")
using: Common = option(
    "--using",
    metavar="ENDPOINT",
    shell_complete=endpoint_ids,
    help="The endpoint that does it; `nano-banana catalog` lists them.",
)
guidance: Common = option(
    "--guidance", type=Between(min=0), metavar="NUMBER", help="How closely the words are followed."
)
steps: Common = option("--steps", type=click.IntRange(min=1), metavar="N", help="How many steps it takes.")
strength: Common = option(
    "--strength", type=Between(min=0, max=1), metavar="0–1", help="How far it may go from what is there."
)
name: Common = option("--name", metavar="NAME", help="The recipe's name, and that of the folder of pictures.")
