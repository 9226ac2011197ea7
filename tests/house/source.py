"""The package as text and syntax trees, read once; runs none of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "nano_banana"

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One file of the package. `name` is dotted, a folder's own file being named for the folder."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The room that the module is in."""
        return room_of(self.name)

    @property
    def face(self) -> bool:
        """Whether this is an `__init__.py`."""
        return self.path.name == "__init__.py"

    @property
    def lines(self) -> int:
        """How long the file is."""
        return len(self.text.splitlines())


def room_of(name: str) -> str:
    """The first name below the package, `""` for the package's own face."""
    return name.removeprefix(PACKAGE).removeprefix(".").split(".")[0]


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package, by name."""
    return tuple(sorted(map(_read, (ROOT / PACKAGE).rglob("*.py")), key=lambda module: module.name))


def _read(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    text = path.read_text(encoding="utf-8")
    return Module(
        name=".".join(parts[:-1] if parts[-1] == "__init__" else parts),
        path=path,
        text=text,
        tree=ast.parse(text, filename=str(path)),
    )


def imported(module: Module) -> Iterator[tuple[str, int]]:
    """Every name that a module imports, typing-only and lazy ones too, dotted, with its line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def arrows(module: Module) -> Iterator[tuple[str, int]]:
    """The modules of ours that a module imports, with the line."""
    known = {other.name for other in modules()}
    for name, line in imported(module):
        target = name if name in known else name.rpartition(".")[0]
        if target in known:
            yield target, line


def definitions(module: Module) -> Iterator[Definition]:
    """Every function and class, nested ones too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node


def length(node: Definition) -> int:
    """How many lines a definition has, from its `def` or `class` to its end."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def dotted(node: ast.expr) -> str:
    """`a.b.c` as written, through calls and subscripts; "" where there is no name."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{dotted(node.value)}.{node.attr}"
        case ast.Call():
            return dotted(node.func)
        case ast.Subscript():
            return dotted(node.value)
        case _:
            return ""
