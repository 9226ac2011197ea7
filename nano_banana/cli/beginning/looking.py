"""What is seen in a folder of photos, and what pictures of them may cost."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import replace
from pathlib import Path

from nano_banana.cli.beginning.answers import Answers
from nano_banana.cli.beginning.text import PROMPT, recipe_text
from nano_banana.cli.house import settings_for
from nano_banana.cli.screen import Screen
from nano_banana.core.errors import NanoBananaError


def look(screen: Screen, name: str, photos: Path, folder: Path) -> None:
    """Look at the photos of `name` for the project in `folder`, whose store keeps what is seen; print it in short."""
    from nano_banana.cli.photo_table import say_album
    from nano_banana.cli.progress import progress
    from nano_banana.project.photos.studio import folder_studio

    try:
        with folder_studio(photos, settings_for(screen, start=folder)) as studio, progress(screen) as watch:
            albums = studio.albums(watch)
    except NanoBananaError as error:
        screen.problems(error.problems)
        return
    for album in albums:
        say_album(screen, replace(album, name=name), whole=False)
        if any(finding.severity != "reject" for photo in album.photos for finding in photo.findings):
            recipe = "" if folder == Path() else f" {shlex.quote(str(folder / 'recipe.yaml'))}"
            screen.say(f"What to do about each, once the recipe is there: nano-banana photos{recipe}")


def price_of(screen: Screen, answers: Answers, folder: Path) -> float | None:
    """The most that the recipe of these answers would cost at fal, in USD; None where that is not known."""
    from nano_banana.project.project import Project
    from nano_banana.project.wish import Wish

    text = recipe_text(replace(answers, budget=None)).replace("{file: prompts/headshot.j2}", json.dumps(PROMPT))
    wish = Wish(recipe=folder / "recipe.yaml", text=text, provider="fal")
    try:
        with Project.open(wish, settings_for(screen, start=folder), environ=os.environ) as project:
            tally = project.forecast().tally
    except NanoBananaError:
        return None
    return None if tally.unpriced or tally.may_unpriced else tally.money.high + tally.may_high
