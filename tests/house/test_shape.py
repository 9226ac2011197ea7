"""Name-plates and sizes: marks of a design that is right, not targets."""

from __future__ import annotations

import ast
from collections import Counter
from statistics import median

from tests.house.source import definitions, length, modules


def test_every_module_has_a_name_plate() -> None:
    plates = {module.name: (ast.get_docstring(module.tree) or "").split("\n")[0] for module in modules()}
    assert {name: plate for name, plate in plates.items() if not 10 <= len(plate) <= 72} == {}
    assert {name: plate for name, plate in plates.items() if plate.startswith("Contains")} == {}


def test_functions_are_short() -> None:
    sizes = {
        f"{module.name}.{node.name}": length(node)
        for module in modules()
        for node in definitions(module)
        if not isinstance(node, ast.ClassDef)
    }
    assert {name: lines for name, lines in sizes.items() if lines >= 60} == {}
    assert median(sizes.values()) <= 10


def test_classes_are_short() -> None:
    sizes = {
        f"{module.name}.{node.name}": length(node)
        for module in modules()
        for node in definitions(module)
        if isinstance(node, ast.ClassDef)
    }
    assert {name: lines for name, lines in sizes.items() if lines >= 250} == {}


def test_no_class_and_no_module_has_the_name_of_another() -> None:
    classes = Counter(
        node.name
        for module in modules()
        for node in definitions(module)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    files = Counter(module.name.rpartition(".")[2] for module in modules() if not module.face)
    assert [name for names in (classes, files) for name, count in names.items() if count > 1] == []
