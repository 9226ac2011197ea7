"""The wheel: built, installed where nothing else is, and run from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib.metadata import Distribution
from importlib.metadata import PathDistribution
from importlib.metadata import distribution
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from tests.photos import photo
from tests.workspace import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel and what it says it needs, nothing more."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(folder, symlinks=True)
    program = folder / "bin" / "python"
    pip("--python", str(program), "install", "--no-deps", "--no-index", str(wheel))
    (site,) = folder.glob("lib/python*/site-packages")
    (installed,) = site.glob("nano_banana-*.dist-info")
    lend(PathDistribution(installed), site)
    return program


def pip(*argv: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", *argv], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def lend(wanting: Distribution, site: Path) -> None:
    """Link what `wanting` declares, and what that declares, from this environment: no network, and no more."""
    for line in wanting.requires or []:
        needed = Requirement(line)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        lent = distribution(needed.name)
        names = {file.parts[0] for file in lent.files or [] if file.parts[0] not in {"..", "__pycache__"}}
        new = [name for name in names if not (site / name).exists()]
        for name in new:
            (site / name).symlink_to(str(lent.locate_file(name)))
        if new:
            lend(lent, site)


def run(python: Path, folder: Path, *argv: str) -> str:
    program = python.with_name("nano-banana")
    home = {"HOME": str(folder), "PATH": os.environ["PATH"], "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run([program, *argv], cwd=folder, env=home, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_recipes_and_schemas_are_inside(wheel: Path) -> None:
    inside = set(ZipFile(wheel).namelist())
    shipped = [path for folder in ("recipes", "schemas") for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert shipped
    assert {f"nano_banana/share/{path.relative_to(ROOT).as_posix()}" for path in shipped} <= inside


def test_data_of_the_package_is_inside(wheel: Path) -> None:
    inside = set(ZipFile(wheel).namelist())
    ours = (path for path in (ROOT / "nano_banana").rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert {path.relative_to(ROOT).as_posix() for path in ours} <= inside


def test_it_says_its_version(python: Path, tmp_path: Path) -> None:
    assert version("nano-banana") in run(python, tmp_path, "--version")


def test_a_shipped_recipe_is_planned_elsewhere(python: Path, tmp_path: Path) -> None:
    """`new` writes the commented starter, `plan` reads it in a folder that has nothing else but photos."""
    for number in range(5):
        target = tmp_path / "photos" / "ana" / f"{number}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(photo(number))
    (tmp_path / "recipe.yaml").write_text((ROOT / "recipes" / "first-portraits.yaml").read_text(encoding="utf-8"))
    assert "train" in run(python, tmp_path, "plan", "recipe.yaml", "--provider", "local")
