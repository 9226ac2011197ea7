"""Habits of the whole repository: few mocks, declared dependencies, no place of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.house.source import PACKAGE
from tests.house.source import ROOT
from tests.house.source import dotted
from tests.house.source import imported
from tests.house.source import modules

MOCKS = {"Mock", "MagicMock", "AsyncMock", "patch", "object", "create_autospec"}
A_MACHINE = re.compile(rb"(?:^|[^A-Za-z0-9_.~$}])/(?:work|farm|root|home|Users)/\w", re.MULTILINE)


def test_mocks_are_rare() -> None:
    tests = mocks = 0
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                tests += 1
            elif isinstance(node, ast.Call):
                base, _, name = dotted(node.func).rpartition(".")
                mocks += (base in {"mock", "patch", "mocker"} and name in MOCKS) or name in {"MagicMock", "AsyncMock"}
                mocks += base.endswith("monkeypatch") and name == "setattr"
    assert mocks * 50 <= tests


def test_what_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    declared = {_plain(re.split(r"[^\w.-]", line)[0]) for line in wanted}
    owners = packages_distributions()
    undeclared = {
        f"{module.name}:{line} {name}"
        for module in modules()
        for name, line in imported(module)
        if (top := name.split(".")[0]) not in sys.stdlib_module_names | {PACKAGE}
        if not {_plain(owner) for owner in owners.get(top, [top])} & declared
    }
    assert undeclared == set()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_tracked_file_names_a_place_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    named = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
        if path.is_file() and b"\0" not in (data := path.read_bytes())[:8000] and A_MACHINE.search(data)
    ]
    assert named == []
