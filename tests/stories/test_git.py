"""Pictures of people don't slip into a repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

from nano_banana.formats.weight_files import FOLDER_VARIABLE
from nano_banana.model.json_values import as_items, as_object
from tests.stories.people import WEIGHTS
from tests.stories.project import Project
from tests.workspace import Workspace

FILES = "outputs:\n  files: {export: takes, to: delivered, zip: delivered.zip}\n"


def git(project: Workspace, *arguments: str) -> str:
    command = ["git", "-c", "init.defaultBranch=main", *arguments]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True).stdout


def test_what_new_writes_ignores_all_that_shows_faces(workspace: Workspace) -> None:
    git(workspace, "init")
    workspace.photos("my [photos]/ana", count=2).write(".gitignore", "*.log\nout/")
    workspace.expect("new", "--subject", "ana", "--photos", "my [photos]/ana", "--no-gate")
    recipe = workspace.path("recipe.yaml")
    recipe.write_text(recipe.read_text() + FILES)
    workspace.env(**{FOLDER_VARIABLE: str(WEIGHTS)}).expect("run").hides("are not in .gitignore")
    workspace.write("ana.nbm", "an adapter")
    git(workspace, "add", "-A")
    # (What measures these tests leaves files of its own.)
    committed = [name for name in git(workspace, "ls-files").splitlines() if not name.startswith(".coverage.")]
    assert "recipe.yaml" in committed
    assert {Path(name).suffix for name in committed} <= {"", ".yaml", ".toml", ".j2", ".json", ".lock"}
    assert workspace.read(".gitignore").startswith("*.log\nout/\n# Files generated")


def test_what_nothing_ignores_is_warned_of(project: Project) -> None:
    workspace = project.workspace
    recipe = workspace.path("recipe.yaml")
    recipe.write_text(recipe.read_text() + FILES)
    workspace.expect("check").hides("are not in .gitignore")
    git(workspace, "init")
    workspace.write(".gitignore", "out/\n*.zip\n")
    told = workspace.json("check")
    found = [as_object(each) for each in as_items(told["problems"])]
    said = [str(each["message"]) for each in found if each["kind"] == "git_sees_faces"]
    assert said == ["the pictures in delivered show faces and are not in .gitignore"]
    workspace.expect("run").shows("the pictures in delivered show faces")
    workspace.write(".gitignore", "out/\n*.zip\ndelivered/\n")
    workspace.expect("check").hides("are not in .gitignore")
