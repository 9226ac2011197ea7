"""`graph`: draw a recipe's dependency graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.formatting import one_line
from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.project_loading import open_session, recipe_argument
from nano_banana.cli.screen import Screen

if TYPE_CHECKING:
    from nano_banana.features.recipe_graph import RecipeGraph

SECTION = ("Inspect", 6)

MERMAID_SHAPES = {"photos": ("[(", ")]"), "adapter": ("([", "])"), "shot": ("[/", "/]"), "stage": ("[", "]")}
MERMAID_ESCAPES = {ord(sign): f"#{ord(sign)};" for sign in '"<>&#`'}
"""Mermaid's own escapes, because its labels may contain HTML."""
DOT_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})
DOT_SHAPES = {"photos": "cylinder", "adapter": "oval", "shot": "parallelogram", "stage": "box"}


@click.command(name="graph")
@recipe_argument
@click.option("--format", "form", type=click.Choice(["mermaid", "dot"]), default="mermaid", show_default=True)
@add_options("--set", "--allow-env", "--json")
@pass_screen
def command(screen: Screen, recipe: Path, *, form: str) -> None:
    """Draw the recipe's dependency graph for Mermaid or Graphviz.

    Shows photos, adapters, shots and stages; takes move along the arrows independently.

    Examples:
      nano-banana graph
      nano-banana graph portraits/recipe.yaml --format dot | dot -Tsvg > graph.svg
    """
    from nano_banana.features.recipe_graph import graph_of_recipe

    with open_session(screen, recipe) as session:
        drawing = graph_of_recipe(session.recipe)
    text = mermaid(drawing) if form == "mermaid" else dot(drawing)
    if screen.machine:
        screen.json({"format": form, "graph": text})
    else:
        screen.say(text)


def mermaid(drawing: RecipeGraph) -> str:
    """The graph as a Mermaid flowchart."""
    lines = ["flowchart LR"]
    for vertex in drawing.vertices:
        opened, closed = MERMAID_SHAPES[vertex.sort]
        label = "<br/>".join(one_line(text).translate(MERMAID_ESCAPES) for text in (vertex.name, vertex.note) if text)
        lines.append(f'  {vertex.id}{opened}"{label}"{closed}')
    for edge in drawing.edges:
        arrow = f"-- {edge.label} -->" if edge.label else "-->"
        lines.append(f"  {edge.start} {arrow} {edge.end}")
    return "\n".join(lines)


def dot(drawing: RecipeGraph) -> str:
    """The graph in Graphviz's DOT language."""
    lines = ["digraph recipe {", "  rankdir=LR; node [fontname=sans-serif]; edge [fontname=sans-serif];"]
    for vertex in drawing.vertices:
        label = "\\n".join(one_line(text).translate(DOT_ESCAPES) for text in (vertex.name, vertex.note) if text)
        lines.append(f'  {vertex.id} [shape={DOT_SHAPES[vertex.sort]}, label="{label}"];')
    for edge in drawing.edges:
        label = f' [label="{edge.label}"]' if edge.label else ""
        lines.append(f"  {edge.start} -> {edge.end}{label};")
    return "\n".join([*lines, "}"])
