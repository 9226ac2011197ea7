"""Habits of the whole repository: few mocks, declared dependencies, no place of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from nano_banana.cli.diagnostics import EXTRAS
from tests.house.source import PACKAGE, ROOT, dotted, imported, modules

MOCKS = {"Mock", "MagicMock", "AsyncMock", "patch", "object", "create_autospec"}
FOREIGN = re.compile(r"(?:pip|pipx|uv|tool) install [^#]*\bnano-banana(?!-portraits)\b")
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


def test_no_test_is_about_the_clock_on_the_wall() -> None:
    """What a busy machine takes says nothing of the code: see `cpu_budget`, `until`, and the clocks that tests set."""
    clocks = {"time.monotonic", "time.perf_counter", "time.process_time", "time.thread_time"}
    helpers = {"cpu_budget.py", "fal/forks.py", "fal/service.py", "fal/test_chaos.py"}
    found = {
        path.relative_to(ROOT / "tests").as_posix()
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and dotted(node.func) in clocks
    }
    assert found - helpers == set()


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


def test_install_hints_name_what_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {extra: sorted(lines) for extra, lines in project["optional-dependencies"].items()}
    assert {extra: sorted(lines) for extra, lines in EXTRAS.items()} == declared


def test_no_line_installs_the_package_of_somebody_else() -> None:
    """`nano-banana` on PyPI is not this program."""
    folders = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / PACKAGE).rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in folders
        for line in path.read_text(encoding="utf-8").splitlines()
        if FOREIGN.search(line) and "somebody else" not in line
    ]
    assert found == []


def test_everything_that_is_declared_is_pinned_for_development() -> None:
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = whole["project"]
    lines = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    lines += whole["dependency-groups"]["dev"]
    text = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8")
    pins = {_plain(name): Version(version) for name, version in re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)}
    wanted = [Requirement(line) for line in lines]
    assert [str(one) for one in wanted if not (pin := pins.get(_plain(one.name))) or pin not in one.specifier] == []


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
