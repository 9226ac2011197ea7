"""The plan as a graph: subjects, stages and how many takes go each way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nano_banana.planner.batch import in_turn
from nano_banana.planner.track import tracks_of
from nano_banana.recipe.recipe import Recipe
from nano_banana.recipe.resolve.shots import cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """A thing in the graph. `sort` is `photos`, `adapter`, `shot` or `stage`; `note` is said below the name."""

    id: str
    sort: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One thing goes into another; `label` may be empty."""

    start: str
    end: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What depends on what."""

    vertices: Sequence[Vertex]
    edges: Sequence[Edge]


def draw_recipe(recipe: Recipe) -> Drawing:
    """Photos → adapters → stages, and shots → the stages that draw them."""
    vertices: dict[str, Vertex] = {}
    edges: dict[tuple[str, str], Edge] = {}

    def vertex(sort: str, name: str, note: str = "") -> str:
        found = Vertex(id=f"{sort}_{len(vertices)}", sort=sort, name=name, note=note)
        return vertices.setdefault(f"{sort}/{name}", found).id

    def edge(start: str, end: str, label: str = "") -> None:
        edges.setdefault((start, end), Edge(start=start, end=end, label=label))

    for stage in recipe.stages:
        for subject in stage.subjects:
            photos = vertex("photos", subject, _photos(recipe, subject))
            edge(photos, vertex("adapter", f"{stage.id}/{subject}", stage.endpoint))
    for track in tracks_of(recipe):
        shot = track.shot
        takes = sum(len(cells(shot, subject)) for subject in in_turn(shot)) * len(shot.seeds)
        before, label = vertex("shot", shot.name, f"{takes} takes"), ""
        for stage in track.stages:
            repair = stage.gate.repair if stage.gate else None
            endpoint = repair.endpoint if repair else stage.endpoint
            here = vertex("stage", stage.id, f"{stage.verb} · {endpoint}" if endpoint else stage.verb)
            edge(before, here, label)
            for name, scale in repair.adapters if repair else stage.adapters:
                for start in _adapters(recipe, name, shot.cast):
                    edge(vertex("adapter", start), here, f"{scale:g}")
            for subject in shot.cast if stage.gate else ():
                edge(vertex("photos", subject, _photos(recipe, subject)), here)
            before = here
    return Drawing(vertices=list(vertices.values()), edges=list(edges.values()))


def _photos(recipe: Recipe, subject: str) -> str:
    return f"{len(recipe.subjects[subject].photos)} photos"


def _adapters(recipe: Recipe, name: str, cast: Sequence[str]) -> list[str]:
    return [name] if name in recipe.adapters else [f"{name}/{subject}" for subject in cast]
