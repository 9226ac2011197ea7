"""The wheel: built, installed where nothing else is, and run from another folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, PathDistribution, distribution, version
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
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
    (installed,) = site.glob("nano_banana_portraits-*.dist-info")
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
    assert version("nano-banana-portraits") in run(python, tmp_path, "--version")


def test_every_shipped_recipe_is_planned_elsewhere(python: Path, tmp_path: Path) -> None:
    """The recipes are taken from the installed package, and find nothing but photos beside them."""
    (shipped,) = python.parents[1].glob("lib/python*/site-packages/nano_banana/share/recipes")
    copied = shutil.copytree(shipped, tmp_path / "recipes")
    recipes = sorted(copied.glob("*.yaml"))
    assert recipes
    for recipe in recipes:
        for photos in training_sets(recipe):
            photos.mkdir(parents=True, exist_ok=True)
            for number in range(5):
                (photos / f"{number}.jpg").write_bytes(photo(number))
        said = json.loads(run(python, recipe.parent, "plan", recipe.name, "--provider", "local", "--json"))
        assert said["calls"]["total"] > 0, recipe.name


def training_sets(recipe: Path) -> Iterator[Path]:
    for subject in (yaml.safe_load(recipe.read_text(encoding="utf-8")).get("subjects") or {}).values():
        named = subject["training_set"]
        folder = named if isinstance(named, str) else named["photos"]
        yield recipe.parent / (Path(folder).parent if "*" in folder else folder)


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_everything_that_the_extras_need_is_there_as_a_wheel(minor: int, tmp_path: Path) -> None:
    needed = [line for line in distribution("nano-banana-portraits").requires or [] if "sys_platform" not in line]
    plain = [str(requirement) for requirement in map(bare, needed)]
    platforms = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-input"),
            *("--target", str(tmp_path), "--only-binary", ":all:", "--python-version", f"3.{minor}"),
            *(word for platform in platforms for word in ("--platform", platform)),
            *plain,
        ],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if "ConnectionError" in done.stderr and "CI" not in os.environ:
        pytest.skip("no package index")
    assert done.returncode == 0, done.stderr


def bare(line: str) -> Requirement:
    """The requirement without what it is for: an extra's is one like any other."""
    requirement = Requirement(line)
    requirement.marker = None
    return requirement
