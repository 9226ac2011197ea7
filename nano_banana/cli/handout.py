"""What was handed out, in words."""

from __future__ import annotations

from pathlib import Path

from nano_banana.cli.cells import visible
from nano_banana.cli.render import shown
from nano_banana.cli.screen import Screen
from nano_banana.project.nouns import Handout

SHOWN = 5


def say_handout(screen: Screen, handout: Handout) -> None:
    """Print where the copies are, how many are new, and what was left alone."""
    places = [shown(str(path), Path.cwd()) for path in (handout.folder, handout.zip) if path is not None]
    where = " and ".join(places)
    if where:
        count = f"{handout.fresh:,} " if handout.folder is not None else ""
        fresh = f", {count}written now" if handout.fresh else ""
        screen.say(f"{_copies(handout.copies)} in {where}{fresh}")
    for paths, what in (
        (handout.edited, "changed by somebody and left alone"),
        (handout.older, "of an earlier run only; nothing was removed"),
    ):
        if paths:
            names = ", ".join(visible(path.name) for path in paths[:SHOWN]) + (" …" if len(paths) > SHOWN else "")
            screen.say(f"{_copies(len(paths))} there {what}: {names}")


def _copies(count: int) -> str:
    return f"{count:,} {'copy' if count == 1 else 'copies'}"
