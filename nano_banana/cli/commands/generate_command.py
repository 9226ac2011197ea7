"""`generate`: pictures from a prompt, with adapters from the shelf."""

from __future__ import annotations

from functools import partial

import click

from nano_banana.cli.options import OptionValues, pass_screen, shared
from nano_banana.cli.screen import Screen
from nano_banana.cli.single_runner import (
    SINGLE_OPTIONS,
    count,
    guidance,
    model,
    name,
    prompt,
    run_single,
    say_added_words,
    say_pictures,
    scale,
    seed,
    single_context,
    size,
    steps,
    using,
)

SECTION = ("Single pictures", 2)

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
@shared(*SINGLE_OPTIONS)
@pass_screen
def command(
    screen: Screen,
    asked: OptionValues,
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
    """Generate pictures from a prompt, using adapters from the shelf.

    Runs as a one-stage recipe: cached, planned and paid for like any other. If the prompt lacks an adapter's trigger,
    the trigger and noun are added in front. The prompt is a template: `{{ subject.trigger }}` is the first model's
    person.
    """
    from nano_banana.features.single.single_commands import generate_command, with_name, with_seeds
    from nano_banana.features.single.single_recipe import adapter_refs, with_missing_triggers

    desk = single_context(screen, asked)
    worn = adapter_refs(desk.settings.store, models, scales)
    single = generate_command(
        desk.catalog, prompt, worn, using=using, size=size, said={"guidance": guidance, "steps": steps}
    )
    single, front = with_missing_triggers(with_name(with_seeds(single, seeds, count), name))
    say_added_words(screen, front)
    return run_single(screen, asked, single, desk, then=partial(say_pictures, screen))
