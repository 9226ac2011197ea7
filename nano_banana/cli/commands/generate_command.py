"""`generate`: pictures from a prompt, with adapters from the shelf."""

from __future__ import annotations

import click

from nano_banana.cli.options import OptionValues, add_options, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.cli.single_runner import SINGLE_OPTIONS, run_single, single_context

SECTION = ("Single pictures", 2)


@click.command(name="generate")
@add_options("--model", "--prompt", "--count", "--seed", "--size", "--using", "--guidance", "--steps", "--scale")
@add_options("--name", *SINGLE_OPTIONS)
@pass_screen
def command(screen: Screen) -> int:
    """Generate pictures from a prompt, using adapters from the shelf.

    Runs as a one-stage recipe: cached, planned and paid for like any other. If the prompt lacks an adapter's trigger,
    the trigger and noun are added in front. The prompt is a template: `{{ subject.trigger }}` is the first model's
    person.

    Examples:
      nano-banana generate --model ana --prompt "in a red coat, on a bridge at dusk" --count 4
      nano-banana generate --model ana@2 --model film --scale 0.95 --scale 0.4 --prompt "at a café table"
      nano-banana generate --prompt "an empty street after rain" --plan
    """
    from nano_banana.features.single.single_commands import picture_command
    from nano_banana.features.single.single_recipe import SingleCommand, adapter_refs

    given, context = OptionValues.given(), single_context(screen)
    adapters = adapter_refs(context.settings.store, given.models, given.scales)
    single = SingleCommand(command="generate", prompt_text=given.prompt, adapters=adapters)
    roles = {"guidance": given.guidance, "steps": given.steps}
    single = picture_command(context.catalog, single, using=given.using, roles=roles, size=given.size)
    return run_single(screen, single, context)
