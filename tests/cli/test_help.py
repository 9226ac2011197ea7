"""Help is quick, in order, and tells the truth about each command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copytree

import click
import pytest

from nano_banana import __version__
from nano_banana.cli.app import app, command_entries
from tests.workspace import ROOT, Workspace

HEAVY = {
    "asyncio",
    "cv2",
    "fal_client",
    "importlib.metadata",
    "jinja2",
    "jsonschema",
    "numpy",
    "PIL",
    "platformdirs",
    "rich",
    "shutil",
    "sqlite3",
    "yaml",
}
WRITTEN = list(command_entries())


def loaded_by(*arguments: str) -> set[str]:
    # -S leaves out what the test environment loads at start, so the way to the packages is given by hand.
    script = (
        f"import sys; sys.path[:0] = {[str(ROOT), *filter(None, sys.path)]!r}\n"
        f"sys.argv = ['nano-banana', *{arguments!r}]\n"
        "import nano_banana.cli.main as entry\n"
        "try: entry.main()\n"
        "except SystemExit: pass\n"
        "sys.stderr.write('\\n' + ' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def command_of(name: str) -> click.Command:
    found = app.get_command(click.Context(app), name)
    assert found is not None
    return found


def test_help_shows_the_sections(workspace: Workspace) -> None:
    workspace.expect("--help", golden="cli/help")


def test_no_arguments_show_the_help(workspace: Workspace) -> None:
    assert workspace.run().stdout == workspace.run("--help").stdout


def test_version(workspace: Workspace) -> None:
    assert workspace.run("--version").stdout == f"nano-banana {__version__}\n"


def test_help_imports_no_command_and_nothing_heavy() -> None:
    loaded = loaded_by("--help")
    assert not loaded & HEAVY
    assert not [name for name in loaded if name.startswith("nano_banana.cli.commands")]


def test_a_mistyped_command_imports_nothing_heavy() -> None:
    assert not loaded_by("rnu") & HEAVY


@pytest.mark.parametrize("name", WRITTEN)
def test_help_of_a_command_imports_nothing_heavy(name: str) -> None:
    assert not loaded_by(name, "--help") & HEAVY


@pytest.mark.parametrize("name", WRITTEN)
def test_the_tables_help_is_the_commands(name: str) -> None:
    assert command_of(name).get_short_help_str(limit=200).removesuffix(".") == command_entries()[name].help
    assert command_of(name).name == name


@pytest.mark.parametrize("name", WRITTEN)
def test_each_command_shows_examples(name: str) -> None:
    assert f"  nano-banana {name}" in (command_of(name).epilog or "") or name == "completion"


def test_a_plan_loads_no_numpy(tmp_path: Path) -> None:
    recipe = copytree(ROOT / "examples" / "astronaut", tmp_path / "astronaut") / "recipe.yaml"
    loaded = loaded_by("plan", str(recipe), "--provider", "local")
    assert "nano_banana.session.forecasting" in loaded
    assert not loaded & {"cv2", "httpx", "numpy", "onnxruntime"}
