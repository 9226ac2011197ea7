"""What a room is ignorant of: printing, waiting, files, `Any`."""

from __future__ import annotations

import ast
import re

from tests.house.source import dotted, imported, modules

STAGES_NEVER_IMPORT = {
    "asyncio",
    "fal_client",
    "httpx",
    "io",
    "os",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "time",
}
PRINTS = {"print", "input", "sys.stdout.write", "sys.stderr.write"}
EXPLAINED = re.compile(r"#\s*(type: ignore\[[\w\-, ]+\]|noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*)\s+(#|-|—|–)\s*\w+")
SILENCED = re.compile(r"#\s*(type:\s*ignore|noqa)\b")


def test_only_the_terminal_prints() -> None:
    """A module that is run as a program (`python -m …`, for the generated docs) may write below its guard."""
    calls = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.room != "cli"
        for statement in module.tree.body
        if not is_guard(statement)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and dotted(node.func) in PRINTS
    ]
    assert calls == []


def test_one_place_writes_to_the_terminal() -> None:
    """`Screen` makes every text safe to show; whoever goes past it does not."""
    past = {"click.echo", "click.secho", "click.confirm", "screen.out.write", "screen.err.write"}
    calls = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.name != "nano_banana.cli.screen"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and dotted(node.func) in past
    ]
    assert calls == []


def is_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) == "__name__ == '__main__'"


def test_only_the_terminal_knows_click_and_rich() -> None:
    known = [
        f"{module.name}:{line} {name}"
        for module in modules()
        if module.room != "cli"
        for name, line in imported(module)
        if name.split(".")[0] in {"click", "rich"}
    ]
    assert known == []


def test_stages_do_no_work_themselves() -> None:
    stages = [module for module in modules() if module.room == "stages"]
    imports = [
        f"{module.name}:{line} {name}"
        for module in stages
        for name, line in imported(module)
        if name.split(".")[0] in STAGES_NEVER_IMPORT
    ]
    waits = [
        f"{module.name}:{node.lineno}"
        for module in stages
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await)
    ]
    opens = [
        f"{module.name}:{node.lineno}"
        for module in stages
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        if dotted(node.func).rpartition(".")[2] in {"open", "read_bytes", "read_text", "write_bytes", "write_text"}
    ]
    assert imports + waits + opens == []


def test_nothing_is_any() -> None:
    assert [
        f"{module.name}:{line}" for module in modules() for name, line in imported(module) if name == "typing.Any"
    ] == []


def test_what_silences_a_checker_says_why() -> None:
    unexplained = [
        f"{module.name}:{number} {line.strip()}"
        for module in modules()
        for number, line in enumerate(module.text.splitlines(), start=1)
        if SILENCED.search(line) and not EXPLAINED.search(line)
    ]
    assert unexplained == []
