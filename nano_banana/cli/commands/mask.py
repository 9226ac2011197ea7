"""The command that finds a region in a picture, and shows it."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.completing import one_of
from nano_banana.cli.options import FOLDER, Between, as_json, pass_screen
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.json import JSONObject, as_items, as_number
from nano_banana.core.problem import did_you_mean
from nano_banana.core.replacing import replacing
from nano_banana.faces.parts import ORDERS, PARTS, WHICH

MOST_FACES = 32

EPILOG = """\b
Examples:
  nano-banana mask portrait.png --find face --grow 0.25 --feather 0.08
  nano-banana mask group.jpg --find eyes --which 2 --order left_to_right
  nano-banana mask portrait.png --find background --out masks --force

The same words make a stage's mask in a recipe: `mask: {find: face, grow: 0.25}`. `face` ends at the
hairline, so let it grow where a whole head is repainted. A hat counts as hair.
"""


@click.command(name="mask", epilog=EPILOG)
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--find",
    "part",
    required=True,
    metavar="PART",
    shell_complete=one_of(PARTS),
    help=f"What to find: {', '.join(PARTS)}.",
)
@click.option(
    "--which",
    default="largest",
    metavar="WHICH",
    shell_complete=one_of(WHICH),
    help="Whose: largest (if not said), smallest, all, or a number.",
)
@click.option("--order", type=click.Choice(ORDERS), default="size", help="How faces are counted for a number.")
@click.option("--grow", type=Between(0, 2), default=0.0, metavar="X", help="Widen it by this fraction of its size.")
@click.option("--feather", type=Between(0, 1), default=0.0, metavar="X", help="Soften its edge, likewise a fraction.")
@click.option("--invert", is_flag=True, help="Everything but this.")
@click.option("--out", type=FOLDER, default=Path(), help="The folder for both files; else the current one.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@as_json
@pass_screen
def command(
    screen: Screen,
    *,
    image: Path,
    part: str,
    which: str,
    order: str,
    grow: float,
    feather: float,
    invert: bool,
    out: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Find a face, hair or background in a picture, and show the mask.

    Writes NAME.PART.mask.png (white is repainted) and NAME.PART.overlay.png (the picture with the region tinted
    and the rest darker). Files that are there are left alone without `--force`.
    """
    from nano_banana.project.masking import find_mask

    _check_part(part)
    whose = _whose(which)
    mask, overlay = (out / f"{image.stem}.{part}.{name}.png" for name in ("mask", "overlay"))
    there = [path for path in (mask, overlay) if path.exists()]
    if there and not force:
        raise Invalid([trouble("already_there", file=str(path)) for path in there])
    made = find_mask(image, part, which=whose, order=order, grow=grow, feather=feather, invert=invert)
    for path, data in ((mask, made.mask), (overlay, made.overlay)):
        _write(path, data)
    if as_json:
        screen.json({"image": str(image), "find": part, "mask": str(mask), "overlay": str(overlay), **made.data})
        return
    screen.say(_summary(part, made.data, invert=invert))
    screen.say(f"mask: {mask}")
    screen.say(f"overlay: {overlay}")


def _check_part(part: str) -> None:
    if part not in PARTS:
        raise Invalid([trouble("no_such_part", hint=did_you_mean(part, PARTS), name=part, known=", ".join(PARTS))])


def _whose(which: str) -> str | int:
    if which in WHICH:
        return which
    if which.isascii() and which.isdigit() and 1 <= int(which) <= MOST_FACES:
        return int(which)
    raise Invalid([trouble("no_such_face", hint=did_you_mean(which, WHICH), given=which, known=", ".join(WHICH))])


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as fresh:
            fresh.write_bytes(data)
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(path), why=error.strerror or "")]) from error


def _summary(part: str, data: JSONObject, *, invert: bool) -> str:
    what = f"all but {part}" if invert else part
    faces = len(as_items(data["face"]))
    whose = f", of {numbered(faces, 'face')}" if faces else ""
    rough = "; only roughly, because the face is hard to make out" if data["rough"] else ""
    return f"{what}: {as_number(data['coverage']):.1%} of the picture{whose}{rough}"
