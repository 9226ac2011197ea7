"""The command that draws pictures from words, with adapters of the shelf."""

from __future__ import annotations

from functools import partial

import click

from nano_banana.cli.options import Asked, pass_screen, shared
from nano_banana.cli.screen import Screen
from nano_banana.cli.single.options import count, guidance, model, name, prompt, scale, seed, size, steps, using
from nano_banana.cli.single.running import MANNER, at_hand, do_single, say_front, say_pictures

EPILOG = """\b
Examples:
  nano-banana generate --model ana --prompt "in a red coat, on a bridge at dusk" --count 4
  nano-banana generate --model ana@2 --model film --scale 0.95 --scale 0.4 --prompt "at a café table"
  nano-banana generate --prompt "an empty street after rain" --plan
"""


@click.command(name="generate", epilog=EPILOG)
@model
@prompt
@count
@seed
@size
@using
@guidance
@steps
@scale
@name
@shared(*MANNER)
@pass_screen
def command(
    screen: Screen,
    asked: Asked,
    *,
    models: tuple[str, ...],
    prompt: str,
    count: int | None,
    seeds: tuple[int, ...],
    size: str | None,
    using: str | None,
    guidance: float | None,
    steps: int | None,
    scales: tuple[float, ...],
    name: str | None,
) -> int:
    """Draw pictures from words, with adapters of the shelf.

    One stage of a recipe that is in memory: kept, planned and paid for as all others. Where the words lack an
    adapter's trigger, trigger and noun are put in front, and the screen says so. The words are a template, as in a
    recipe: `{{ subject.trigger }}` is the person of the first model.
    """
    from nano_banana.project.single.making import called, drawing, sown
    from nano_banana.project.single.single import with_triggers
    from nano_banana.project.single.worn import models_of

    desk = at_hand(screen, asked)
    worn = models_of(desk.settings.store, models, scales)
    single = drawing(desk.catalog, prompt, worn, using=using, size=size, said={"guidance": guidance, "steps": steps})
    single, front = with_triggers(called(sown(single, seeds, count), name))
    say_front(screen, front)
    return do_single(screen, asked, single, desk, then=partial(say_pictures, screen))
