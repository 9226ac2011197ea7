"""`schema`: print a JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nano_banana.cli.options import FILE, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.formats.file_writing import as_user, translate_unwritable
from nano_banana.model.known_folders import shipped_path
from nano_banana.model.problem import Unusable, problem

SECTION = ("Inspect", 11)


@click.command(name="schema")
@click.argument("what", type=click.Choice(["recipe", "endpoint", "pack", "run"]), default="recipe")
@click.option("--out", type=FILE, help="Write to this file (default: stdout).")
@pass_screen
def command(screen: Screen, what: str, out: Path | None) -> None:
    """Print a JSON Schema, for editors and programs.

    Schemas: `recipe`, `endpoint` (files in `endpoints/`), `pack` (pack.yaml) and `run` (output of `run --json` and
    `plan --json`). JSON Schema draft 2020-12.

    Examples:
      nano-banana schema recipe --out recipe.schema.json
      nano-banana schema run | jq .properties

    Editors complete and check a recipe that starts with the line
    `# yaml-language-server: $schema=recipe.schema.json`.
    """
    text = (_with_installed_stages() if what == "recipe" else "") or _shipped_schema(what)
    if out is None:
        screen.data(text)
        return
    with translate_unwritable(out), as_user():
        out.write_text(text, "utf-8")
    screen.note(f"wrote {out}")


def _shipped_schema(what: str) -> str:
    source = shipped_path("schemas", f"{what}.schema.json")
    try:
        return source.read_text("utf-8")
    except OSError as error:
        raise Unusable([problem("no_such_schema_file", file=str(source))]) from error


def _with_installed_stages() -> str:
    """The schema of recipes with the stage kinds of other packages; empty if there are none."""
    from importlib.metadata import entry_points

    if not entry_points(group="nano_banana.stages"):
        return ""
    from nano_banana.catalog.catalog import Catalog
    from nano_banana.recipe.json_schema import recipe_schema

    return json.dumps(recipe_schema(Catalog.load()), indent=1, ensure_ascii=False) + "\n"
