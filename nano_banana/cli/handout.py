"""What was handed out, in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nano_banana.cli.render import shown
from nano_banana.cli.screen import Screen
from nano_banana.project.nouns import Outcome

SHOWN = 20
"""Paths that are listed; `--json` has all of them."""

WITHHELD = "nothing was handed out: `outputs.files` needs a whole run, without --only and --sample"


def say_handout(screen: Screen, outcome: Outcome) -> None:
    """Print where the copies are, how many are new, and which files were left alone or removed."""
    if outcome.withheld:
        screen.say(WITHHELD)
    handout = outcome.handed
    if handout is None:
        return
    places = [shown(str(path), Path.cwd()) for path in (handout.folder, handout.zip) if path is not None]
    where = " and ".join(places)
    if where:
        count = f"{handout.fresh:,} " if handout.folder is not None else ""
        fresh = f", {count}written now" if handout.fresh else ""
        screen.say(f"{_copies(handout.copies)} in {where}{fresh}")
    if handout.enlarged:
        screen.say(f"{_copies(handout.enlarged)} enlarged: the pictures are smaller than the crop; upscale them first")
    if handout.faceless:
        screen.say(f"{_copies(handout.faceless)} without a face: cropped around the centre")
    _say_paths(screen, handout.edited, "changed by somebody and left alone")
    _say_paths(screen, handout.pruned, "of earlier runs removed")
    _say_paths(
        screen, handout.older, "of earlier runs left there; `nano-banana run --prune` removes those that nobody changed"
    )


def _say_paths(screen: Screen, paths: Sequence[Path], what: str) -> None:
    if paths:
        screen.say(f"{_copies(len(paths))} {what}:")
        for path in paths[:SHOWN]:
            screen.say(f"  {shown(str(path), Path.cwd())}")
        if len(paths) > SHOWN:
            screen.say(f"  … and {len(paths) - SHOWN:,} more")


def _copies(count: int) -> str:
    return f"{count:,} {'copy' if count == 1 else 'copies'}"
