"""`fine-tune`: train an adapter of a person on a folder of photos."""

from __future__ import annotations

import re
from pathlib import Path

import click

from nano_banana.cli.formatting import visible
from nano_banana.cli.new_project import derive_trigger
from nano_banana.cli.options import OptionValues, add_options, pass_screen
from nano_banana.cli.runner import RunProducts
from nano_banana.cli.screen import Screen
from nano_banana.cli.single_runner import SINGLE_OPTIONS, run_single, single_context

SECTION = ("Single pictures", 1)

PHOTOS = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(name="fine-tune")
@click.option("--images-dir", "photos", required=True, type=PHOTOS, metavar="DIR", help="Folder of training photos.")
@click.option("--name", required=True, metavar="NAME", help="Name of the person, and of the adapter on the shelf.")
@click.option("--trigger", metavar="WORD", help="A rare word that stands for this person (generated if omitted).")
@click.option("--noun", default="person", show_default=True, metavar="WORD", help="Class word: woman, man, dog …")
@add_options("--using", "--steps", *SINGLE_OPTIONS)
@pass_screen
def command(screen: Screen, *, photos: Path, name: str, trigger: str | None, noun: str) -> int:
    """Train an adapter of a person on a folder of photos.

    A photo's caption is the .txt file next to it. The adapter is put on the shelf under NAME, for
    `generate --model NAME`. Training on the same photos with the same settings is never repeated.

    Examples:
      nano-banana fine-tune --images-dir photos/ana --name ana --noun woman
      nano-banana fine-tune --images-dir photos/ana --name ana --using fal-ai/flux-lora-portrait-trainer --plan
    """
    from nano_banana.features.single.single_commands import fine_tune_command
    from nano_banana.features.single.single_recipe import shelf_reference
    from nano_banana.recipe.naming import NAME_PATTERN

    given, context = OptionValues.given(), single_context(screen)
    store, word = context.settings.store, trigger or derive_trigger(name)
    single = fine_tune_command(
        context.catalog, name, photos, noun=noun, trigger=word, using=given.using, steps=given.steps
    )
    if trigger is None and re.fullmatch(NAME_PATTERN, name):  # else an error follows
        screen.note(f"trigger: {visible(word)} (generated for {visible(name)}; `--trigger` sets another)")

    def then(products: RunProducts) -> None:
        for digest in products.adapters.values():
            reference = shelf_reference(store, name, digest) or name
            screen.say(f"on the shelf: {visible(reference)}")
            screen.say(f"use it: `nano-banana generate --model {visible(reference.partition('@')[0])} --prompt …`")

    def still(products: RunProducts) -> bool:
        return all(shelf_reference(store, name, digest) for digest in products.adapters.values())

    return run_single(screen, single, context, then=then, still=still)
