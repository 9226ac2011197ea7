"""Names of pictures below the output folder: each take's, each attempt's."""

from __future__ import annotations

import hashlib

from nano_banana.core.flow import FIRST, Attempt

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}

FITTED = ".export"
"""Ends the folder of what is handed out otherwise than it is; no stage's name holds a dot."""

SEAM = "+"
"""Between a take's stem and an attempt's label; no name in a recipe holds it."""


LONGEST = 255
"""Bytes of a file's name on the usual file systems; names here are ASCII."""
_ROOM = LONGEST - max(map(len, SUFFIXES.values()))
_LONGEST_LABEL = 120


def file_name(node: str, stage: str, media: str, attempt: Attempt = FIRST) -> str:
    """`takes/portraits_ana_s11.png`; of an attempt `takes/portraits_ana_s11+retry1.png`.

    A name that no file system would take is cut and marked with a digest.
    """
    label = _label(attempt)
    return f"{folder_of(node, stage)}/{_cut(_whole_stem(node), _ROOM - len(label))}{label}{SUFFIXES.get(media, '.bin')}"


def has_stem(node: str, stem: str) -> bool:
    """Whether files of the take are called `stem`, of its first try or of another, cut or not."""
    return stem == _cut(_whole_stem(node), min(len(stem), _ROOM))


def folder_of(node: str, stage: str) -> str:
    """The folder of a stage's pictures: its id, or the way to it (`draft+faces`) where there are several."""
    way = node.partition("@")[2].split("+")
    return _cut("+".join(way[: way.index(stage) + 1]), LONGEST - len(FITTED)) if stage in way else stage


def _whole_stem(node: str) -> str:
    """`heads/ana/s1@faces` → `heads_ana_s1`. No two takes have one name."""
    name = node.partition("@")[0]
    # Names begin with a letter or a digit and have no dot, so that each seam can be told from what is in a name.
    seam = "_" if "_" not in name else "." if "__" in name or "_/" in name else "__"
    return name.replace("/", seam)


def fitted_name(name: str, media: str) -> str:
    """The name of what is handed out of a picture, fitted: `finish/ana.png` → `finish.export/ana.jpg`."""
    folder, _, file = name.rpartition("/")
    return f"{folder}{FITTED}/{file.rpartition('.')[0]}{SUFFIXES.get(media, '.bin')}"


def _label(attempt: Attempt) -> str:
    """What tells an attempt's files from the first try's, also where it was given no label."""
    label = attempt.label or (f"try{attempt.number}" if attempt.number else "")
    return label and f"{SEAM}{_cut(label, _LONGEST_LABEL)}"


def _cut(name: str, room: int) -> str:
    """The name if it has room; else its beginning, and a mark that tells it from others that begin alike."""
    mark = f"-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return name if len(name) <= room else f"{name[: max(room - len(mark), 0)]}{mark}"
