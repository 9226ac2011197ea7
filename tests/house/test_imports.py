"""Which package may import which: the table of docs/design.md, enforced."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter

import pytest

from tests.house.source import PACKAGE, Module, arrows, imported, modules, room_of

LAYERS = (
    {"model"},
    {"formats"},
    {"imaging", "settings"},
    {"catalog", "faces", "provenance"},
    {"store"},
    {"recipe", "stages"},
    {"planner", "engine", "providers"},
    {"session"},
    {"features"},
    {"emulator", "studio"},
    {"cli"},
    {"api"},
    {"__main__"},
)
"""Packages from the lowest layer to the highest: each may import those of lower layers, and none of its own."""

TOGETHER = {"recipe", "stages"}
"""A stage kind reads and checks its part of a recipe, and the loader asks the kinds. They import one another, in no
circle; only the registry of kinds loads them, by name."""

HEIGHT = {package: height for height, packages in enumerate(LAYERS) for package in packages}


def breaches(module: Module) -> list[str]:
    return [
        f"{module.path.name}:{line} imports {target}"
        for target, line in arrows(module)
        if room_of(target) not in {module.room, ""} and HEIGHT[room_of(target)] >= HEIGHT.get(module.room, 0)
        if not {module.room, room_of(target)} <= TOGETHER
    ]


def test_every_room_is_in_the_table() -> None:
    assert {module.room for module in modules()} - {""} <= set(HEIGHT)


@pytest.mark.parametrize(
    "module", [module for module in modules() if module.name != PACKAGE], ids=lambda module: module.name
)
def test_imports_only_what_its_room_may(module: Module) -> None:
    assert breaches(module) == []


def test_no_feature_imports_another() -> None:
    features = f"{PACKAGE}.features."
    crossings = [
        f"{module.name}:{line} {target}"
        for module in modules()
        for target, line in arrows(module)
        if module.name.startswith(features) and target.startswith(features)
        if module.name.split(".")[2] != target.split(".")[2]
    ]
    assert crossings == []


def test_the_emulator_and_the_provider_of_fal_are_strangers() -> None:
    fal = f"{PACKAGE}.providers.fal"
    met = [
        f"{module.name}:{line} {target}"
        for module in modules()
        for target, line in arrows(module)
        if (module.room == "emulator" and target.startswith(fal))
        or (module.name.startswith(fal) and room_of(target) == "emulator")
    ]
    assert met == []


def test_no_module_takes_a_name_from_a_face() -> None:
    known = {module.name for module in modules()}
    faces = {module.name for module in modules() if module.face and module.name != PACKAGE}
    taken = [
        f"{module.name}:{line} {name}"
        for module in modules()
        for name, line in imported(module)
        if name not in known and name.rpartition(".")[0] in faces
    ]
    assert taken == []


def test_faces_hold_names_only() -> None:
    def only_hands_on(statement: ast.stmt) -> bool:
        return isinstance(statement, ast.ImportFrom | ast.Assign) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        )

    # The package's own face looks names up when they are first used.
    faces = [module for module in modules() if module.face and module.name != PACKAGE]
    assert [module.name for module in faces if not all(map(only_hands_on, module.tree.body))] == []


def test_imports_run_in_no_circle() -> None:
    graph = {
        module.name: {target for target, _ in arrows(module)} - {module.name}
        for module in modules()
        if module.name != PACKAGE  # its face names the API for type checkers
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which shows the circle
