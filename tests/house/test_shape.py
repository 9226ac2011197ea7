"""Name-plates and sizes: marks of a design that is right, not targets."""

from __future__ import annotations

import ast
from statistics import median

from tests.house.source import definitions
from tests.house.source import length
from tests.house.source import modules

LONGER_AND_SAYS_WHY: dict[str, int] = {}
"""Modules over 250 lines, with their length; each one's docstring gives the reason."""


def test_every_module_has_a_name_plate() -> None:
    plates = {module.name: (ast.get_docstring(module.tree) or "").split("\n")[0] for module in modules()}
    assert {name: plate for name, plate in plates.items() if not 10 <= len(plate) <= 72} == {}
    assert {name: plate for name, plate in plates.items() if plate.startswith("Contains")} == {}


def test_no_file_is_over_250_lines() -> None:
    long = {module.name: module.lines for module in modules() if module.lines > 250}
    assert long == LONGER_AND_SAYS_WHY


def test_the_median_file_is_short() -> None:
    assert median(module.lines for module in modules() if not module.face) <= 120


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
    assert {name: lines for name, lines in sizes.items() if lines >= 150} == {}
