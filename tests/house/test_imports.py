"""Who may import whom: the table of docs/design.md, enforced."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter

import pytest

from tests.house.source import PACKAGE, Module, arrows, imported, modules, room_of

MAY_IMPORT = {
    "core": set(),
    "catalog": {"core"},
    "settings": {"core"},
    "store": {"core"},
    "faces": {"core"},
    "imaging": {"core"},
    "marks": {"core", "imaging"},
    "shelf": {"core", "store"},
    "providers": {"core", "catalog", "faces", "imaging", "marks"},
    # it answers what the provider asks; that neither knows the other is tested below
    "emulator": {"core", "catalog", "providers"},
    "stages": {"core", "catalog"},
    "recipe": {"core", "stages", "catalog"},
    "planner": {"core", "recipe", "stages", "catalog"},
    "engine": {"core", "store"},  # what it drives is core's Provider: no provider is known here
    "reports": {"core", "store", "imaging"},
    "workshop": {"core", "settings", "store", "providers", "engine", "reports", "catalog", "marks", "shelf"},
    # the door hands out what both wings make: a site for the plan, records and traces of a run
    "project": {"core", "planner", "recipe", "catalog", "settings", "stages", "reports", "workshop", "marks", "shelf"},
    "web": {"core", "project", "imaging"},
    # `cache`, `config`, `setup` and `detect-watermark` keep house: they have no recipe, so no project to ask
    "cli": {"core", "project", "settings", "store", "faces", "emulator", "web", "marks"},
    "__main__": {"cli"},
    "": set(),
}


def breaches(module: Module) -> list[str]:
    return [
        f"{module.path.name}:{line} imports {target}"
        for target, line in arrows(module)
        if room_of(target) not in {module.room, "", *MAY_IMPORT[module.room]}
    ]


def test_every_room_is_in_the_table() -> None:
    assert {module.room for module in modules()} <= set(MAY_IMPORT)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_imports_only_what_its_room_may(module: Module) -> None:
    assert breaches(module) == []


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

    faces = [module for module in modules() if module.face]
    assert [module.name for module in faces if not all(map(only_hands_on, module.tree.body))] == []


def test_imports_run_in_no_circle() -> None:
    graph = {module.name: {target for target, _ in arrows(module)} - {module.name} for module in modules()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which shows the circle
