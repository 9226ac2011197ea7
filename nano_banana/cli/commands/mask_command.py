"""`mask`: detect a region in a picture and write its mask."""

from __future__ import annotations

from pathlib import Path

import click

from nano_banana.cli.formatting import plural
from nano_banana.cli.options import FOLDER, FiniteRange, add_options, complete_choices, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.faces.face import FACE_CHOICES, FACE_ORDERS, PARTS
from nano_banana.formats.file_writing import replaced_file
from nano_banana.model.json_values import JSONObject, as_items, as_number
from nano_banana.model.problem import Invalid, did_you_mean, problem

SECTION = ("Inspect", 7)

MAX_FACES = 32


@click.command(name="mask")
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--find",
    "part",
    required=True,
    metavar="PART",
    shell_complete=complete_choices(PARTS),
    help=f"What to detect: {', '.join(PARTS)}.",
)
@click.option(
    "--which",
    default="largest",
    metavar="WHICH",
    shell_complete=complete_choices(FACE_CHOICES),
    help="Which face: largest (default), smallest, all, or a number.",
)
@click.option("--order", type=click.Choice(FACE_ORDERS), default="size", help="Order in which faces are numbered.")
@click.option(
    "--grow", type=FiniteRange(0, 2), default=0.0, metavar="X", help="Widen the region by this fraction of its size."
)
@click.option(
    "--feather", type=FiniteRange(0, 1), default=0.0, metavar="X", help="Soften the edge by this fraction of its size."
)
@click.option("--invert", is_flag=True, help="Invert the mask.")
@click.option("--out", type=FOLDER, default=Path(), help="Folder for both files (default: the current one).")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@add_options("--json")
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
) -> None:
    """Detect a face, hair or background and write its mask.

    Writes NAME.PART.mask.png (white is repainted) and NAME.PART.overlay.png (the picture with the region tinted
    and the rest darker). Existing files are kept unless `--force` is given.

    Examples:
      nano-banana mask portrait.png --find face --grow 0.25 --feather 0.08
      nano-banana mask group.jpg --find eyes --which 2 --order left_to_right
      nano-banana mask portrait.png --find background --out masks --force

    The same options make a mask in a recipe: `mask: {find: face, grow: 0.25}`. `face` ends at the hairline, so use
    `--grow` to repaint a whole head. A hat counts as hair.
    """
    from nano_banana.features.mask_preview import preview_mask_of

    if part not in PARTS:
        raise Invalid(
            [problem("no_such_part", suggestions=did_you_mean(part, PARTS), name=part, known=", ".join(PARTS))]
        )
    whose = _which_face(which)
    mask, overlay = (out / f"{image.stem}.{part}.{name}.png" for name in ("mask", "overlay"))
    there = [path for path in (mask, overlay) if path.exists()]
    if there and not force:
        raise Invalid([problem("already_there", file=str(path)) for path in there])
    find: JSONObject = {"part": part, "which": whose, "order": order}
    told, *files = preview_mask_of(image, find, grow=grow, feather=feather, invert=invert)
    for path, data in zip((mask, overlay), files, strict=True):
        with replaced_file(path) as fresh:
            fresh.write_bytes(data)
    if screen.machine:
        screen.json({"image": str(image), "find": part, "mask": str(mask), "overlay": str(overlay), **told})
        return
    screen.say(_summary(part, told, invert=invert))
    screen.say(f"mask: {mask}")
    screen.say(f"overlay: {overlay}")


def _which_face(which: str) -> str | int:
    if which in FACE_CHOICES:
        return which
    if which.isascii() and which.isdigit() and 1 <= int(which) <= MAX_FACES:
        return int(which)
    hint, known = did_you_mean(which, FACE_CHOICES), ", ".join(FACE_CHOICES)
    raise Invalid([problem("no_such_face", suggestions=hint, given=which, known=known)])


def _summary(part: str, data: JSONObject, *, invert: bool) -> str:
    what = f"everything but {part}" if invert else part
    faces = len(as_items(data["face"]))
    whose = f" ({plural(faces, 'face')})" if faces else ""
    rough = " (approximate: the face is hard to make out)" if data["rough"] else ""
    return f"{what}: {as_number(data['coverage']):.1%} of the picture{whose}{rough}"
