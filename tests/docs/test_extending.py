"""The examples of docs/extending.md, written to files and used through the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from nano_banana.catalog.provider_registry import ENTRY_POINT_GROUP
from tests.workspace import ROOT, Workspace, unwatched

PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
BLOCK = re.compile(r"^```\w+ title=\"([^\"]+)\"\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(heading: str) -> dict[str, str]:
    """The files that a section shows, by name."""
    section = re.split(r"^## ", PAGE.partition(f"\n## {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return dict(BLOCK.findall(section))


@pytest.fixture
def swatch(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A project that uses the provider, installed as pip does it."""
    files = examples("A provider")
    ((name, value),) = tomllib.loads(files.pop("pyproject.toml"))["project"]["entry-points"][ENTRY_POINT_GROUP].items()
    workspace.write("packages/swatch-1.0.dist-info/entry_points.txt", f"[{ENTRY_POINT_GROUP}]\n{name} = {value}\n")
    workspace.write("packages/swatch-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: swatch\nVersion: 1.0\n")
    workspace.write("packages/swatch_provider.py", files.pop("swatch_provider.py"))
    for file, text in files.items():
        workspace.write(file, text)
    monkeypatch.delitem(sys.modules, "swatch_provider", raising=False)
    monkeypatch.syspath_prepend(workspace.path("packages"))
    return workspace


def test_the_provider_draws_for_free_and_nothing_twice(swatch: Workspace) -> None:
    assert "2 calls to make" in swatch.run("plan").stdout
    assert swatch.json("run")["status"] == "done"
    pictures = sorted(swatch.path("out/swatches").rglob("*.png"))
    colors = {Image.open(picture).convert("RGB").getpixel((0, 0)) for picture in pictures}
    assert len(pictures) == len(colors) == 2
    assert "0 calls made" in swatch.run("run").stdout


def test_it_answers_no_other_endpoint(swatch: Workspace) -> None:
    recipe = swatch.path("recipe.yaml")
    recipe.write_text(recipe.read_text("utf-8").replace("fal-ai/flux-lora", "fal-ai/flux/dev"), encoding="utf-8")
    assert "doesn't answer fal-ai/flux/dev" in swatch.run("run").stderr


def test_a_bug_in_the_provider_fails_the_call(swatch: Workspace) -> None:
    code = swatch.path("packages/swatch_provider.py")
    code.write_text(code.read_text("utf-8").replace("png = io.BytesIO()", "png = io.BytesIO(0)"), encoding="utf-8")
    failed = swatch.run("run")
    assert failed.exit_code == 1
    assert "the provider `swatch` failed on `fal-ai/flux-lora`: TypeError" in failed.stdout


def test_the_command_is_listed_by_its_file_and_runs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "nano_banana", tmp_path / "nano_banana", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in examples("A command").items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def shown(*argv: str) -> str:
        command = [sys.executable, "-m", "nano_banana", *argv]
        environ = unwatched(os.environ)  # a copy of the package isn't the package
        return subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True, text=True).stdout

    assert re.search(r"^  file-size +Show how large files are$", shown("--help"), re.MULTILINE)
    (tmp_path / "a.txt").write_bytes(bytes(1234))
    assert shown("file-size", "a.txt") == "a.txt: 1,234 bytes\n"
    assert json.loads(shown("file-size", "--json", "a.txt"))["a.txt"] == 1234


def test_the_endpoint_is_listed_checked_and_priced(workspace: Workspace) -> None:
    for name, text in examples("An endpoint").items():
        workspace.write(name, text)
    assert "Studio sketch" in workspace.run("catalog", "show", "studio/sketch").stdout
    assert workspace.run("check").exit_code == 0
    assert "$0.02" in workspace.run("plan", "--provider", "fal").stdout
    assert workspace.json("run")["status"] == "done"
    recipe = workspace.path("recipe.yaml")
    recipe.write_text(recipe.read_text("utf-8").replace("4B", "9B"), encoding="utf-8")
    assert "`9B`" in workspace.run("check").stderr
