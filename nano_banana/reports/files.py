"""Names of pictures below the output folder: each take's, each attempt's."""

from __future__ import annotations

from nano_banana.core.flow import FIRST
from nano_banana.core.flow import Attempt

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}

FITTED = ".export"
"""Ends the folder of what is handed out otherwise than it is; no stage's name holds a dot."""

SEAM = "+"
"""Between a take's stem and an attempt's label; no name in a recipe holds it."""


def file_name(node: str, stage: str, media: str, attempt: Attempt = FIRST) -> str:
    """`takes/portraits_ana_s11.png`; of an attempt `takes/portraits_ana_s11+retry1.png`."""
    return f"{folder_of(node, stage)}/{stem_of(node)}{_label(attempt)}{SUFFIXES.get(media, '.bin')}"


def stem_of(node: str) -> str:
    """The name of a take's files without suffix: `heads/ana/s1@faces` → `heads_ana_s1`. No two takes have one name."""
    name = node.partition("@")[0]
    # Names begin with a letter or a digit and have no dot, so that each seam can be told from what is in a name.
    seam = "_" if "_" not in name else "." if "__" in name or "_/" in name else "__"
    return name.replace("/", seam)


def folder_of(node: str, stage: str) -> str:
    """The folder of a stage's pictures: its id, or the way to it (`draft+faces`) where there are several."""
    way = node.partition("@")[2].split("+")
    return "+".join(way[: way.index(stage) + 1]) if stage in way else stage


def fitted_name(name: str, media: str) -> str:
    """The name of what is handed out of a picture, fitted: `finish/ana.png` → `finish.export/ana.jpg`."""
    folder, _, file = name.rpartition("/")
    return f"{folder}{FITTED}/{file.rpartition('.')[0]}{SUFFIXES.get(media, '.bin')}"


def _label(attempt: Attempt) -> str:
    """What tells an attempt's files from the first try's, also where it was given no label."""
    label = attempt.label or (f"try{attempt.number}" if attempt.number else "")
    return label and f"{SEAM}{label}"
