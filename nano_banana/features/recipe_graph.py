"""A recipe as a graph: subjects, stages and how many takes go each way."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from nano_banana.planner.takes import stage_paths, subjects_in_turn
from nano_banana.recipe.recipe_model import Recipe
from nano_banana.recipe.resolve_shots import axis_combinations
from nano_banana.stages.stage_registry import kind_of


class GraphVertex(Struct, frozen=True, kw_only=True):
    """A thing in the graph. `sort` is `photos`, `adapter`, `shot` or `stage`; `note` is said below the name."""

    id: str
    sort: str
    name: str
    note: str = ""


class GraphEdge(Struct, frozen=True, kw_only=True):
    """One thing goes into another; `label` may be empty."""

    start: str
    end: str
    label: str = ""


class RecipeGraph(Struct, frozen=True, kw_only=True):
    """What depends on what."""

    vertices: Sequence[GraphVertex]
    edges: Sequence[GraphEdge]


def graph_of_recipe(recipe: Recipe) -> RecipeGraph:
    """Photos → adapters → stages, and shots → the stages that draw them."""
    vertices: dict[str, GraphVertex] = {}
    edges: dict[tuple[str, str], GraphEdge] = {}

    def vertex(sort: str, name: str, note: str = "") -> str:
        found = GraphVertex(id=f"{sort}_{len(vertices)}", sort=sort, name=name, note=note)
        return vertices.setdefault(f"{sort}/{name}", found).id

    def edge(start: str, end: str, label: str = "") -> None:
        edges.setdefault((start, end), GraphEdge(start=start, end=end, label=label))

    for stage in recipe.stages:
        for subject in stage.subjects:
            photos = vertex("photos", subject, _photo_count(recipe, subject))
            edge(photos, vertex("adapter", f"{stage.id}/{subject}", stage.endpoint))
    for path in stage_paths(recipe):
        shot = path.shot
        takes = sum(len(axis_combinations(shot, subject)) for subject in subjects_in_turn(shot)) * len(shot.seeds)
        before, label = vertex("shot", shot.name, f"{takes} takes"), ""
        for stage in path.stages:
            working = next(iter(stage.inner), stage)
            endpoint = working.endpoint
            here = vertex("stage", stage.id, f"{stage.verb} · {endpoint}" if endpoint else stage.verb)
            edge(before, here, label)
            for name, scale in working.adapters:
                for start in _adapters(recipe, name, shot.cast):
                    edge(vertex("adapter", start), here, f"{scale:g}")
            for subject in shot.cast if kind_of(stage).measures_people else ():
                edge(vertex("photos", subject, _photo_count(recipe, subject)), here)
            before = here
    return RecipeGraph(vertices=list(vertices.values()), edges=list(edges.values()))


def _photo_count(recipe: Recipe, subject: str) -> str:
    return f"{len(recipe.subjects[subject].photos)} photos"


def _adapters(recipe: Recipe, name: str, cast: Sequence[str]) -> list[str]:
    return [name] if name in recipe.adapters else [f"{name}/{subject}" for subject in cast]
