from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nano_banana.formats.file_stamps import stamp_or_none
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid
from nano_banana.recipe.recipe_files import RecipeFiles


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "recipes/photos").mkdir(parents=True)
    (root / "recipes/.hidden").mkdir()
    (root / "recipes/photos/old").mkdir()
    for name in ["b.jpg", "a.jpg", "c.png", ".d.jpg", "old/e.jpg", "f [1].jpg"]:
        (root / "recipes/photos" / name).write_bytes(b"x")
    (root / "recipes/.hidden/g.jpg").write_bytes(b"x")
    (root / "recipes/photos/loop").symlink_to(root / "recipes/photos")
    (root / "word.txt").write_bytes("\ufeffa\r\nb\rc".encode())
    (tmp_path / "outside.jpg").write_bytes(b"x")
    return root


def kind_of(call: Callable[[], object]) -> str:
    with pytest.raises(Invalid) as caught:
        call()
    (problem,) = caught.value.problems
    assert problem.position is None
    return problem.kind


def test_text_has_one_kind_of_line_end(project: Path) -> None:
    assert RecipeFiles(project).read_text("word.txt") == "a\nb\nc"


def test_a_text_is_read_once(project: Path) -> None:
    files = RecipeFiles(project)
    files.read_text("word.txt")
    (project / "word.txt").write_text("other")
    assert files.read_text(project / "word.txt") == "a\nb\nc"
    assert files.lines("word.txt") == ["a", "b", "c"]
    assert files.lines("none.txt") == [""]


def test_what_cannot_be_read(project: Path, tmp_path: Path) -> None:
    files = RecipeFiles(project, project / "recipes")
    (project / "big.txt").write_bytes(b"x" * 11)
    (project / "bytes.txt").write_bytes(b"a\n\xff")
    (project / "link.txt").symlink_to(tmp_path / "outside.jpg")
    (project / "circle.txt").symlink_to(project / "circle.txt")
    assert kind_of(lambda: files.read_text("../none.txt")) == "file_missing"
    assert kind_of(lambda: files.read_text("photos")) == "file_not_regular"
    assert kind_of(lambda: files.read_text("../big.txt", limit_bytes=10)) == "file_too_big"
    assert kind_of(lambda: files.read_text("../bytes.txt")) == "file_not_text"
    assert kind_of(lambda: files.read_text("../link.txt")) == "file_outside"
    assert kind_of(lambda: files.read_text("../circle.txt")) in {"file_missing", "file_unreadable"}
    assert kind_of(lambda: files.read_text("../../outside.jpg")) == "file_outside"
    assert kind_of(lambda: files.read_text("/etc/passwd")) == "file_outside"
    assert kind_of(lambda: files.read_text("a\0b")) == "file_missing"
    assert kind_of(lambda: files.read_text("n" * 5000)) in {"file_missing", "file_unreadable"}


def test_a_device_that_never_ends_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert kind_of(lambda: RecipeFiles(tmp_path).read_text("pipe")) == "file_not_regular"


def test_a_file_that_grows_while_it_is_read_stays_bounded() -> None:
    files = RecipeFiles(Path("/proc"))  # its files say that they are empty, and are not
    if not Path("/proc/self/status").exists():
        pytest.skip("needs Linux")
    assert kind_of(lambda: files.read_text("self/status", limit_bytes=10)) in {"file_too_big", "file_outside"}


def test_seen_tells_whether_something_changed(project: Path) -> None:
    files = RecipeFiles(project)
    files.read_text("word.txt")
    assert not files.exists("none.txt")
    assert files.exists("recipes")
    assert files.is_folder("recipes")
    assert not files.is_folder("word.txt")
    seen = dict(files.seen)
    assert set(seen) == {project / "word.txt", project / "none.txt", project / "recipes"}
    assert all(stamp_or_none(path) == was for path, was in seen.items())
    (project / "none.txt").touch()
    assert stamp_or_none(project / "none.txt") is not None


def test_what_was_seen_first_is_kept(project: Path) -> None:
    files = RecipeFiles(project)
    files.exists("word.txt")
    before = files.seen[project / "word.txt"]
    (project / "word.txt").write_text("longer than before")
    files.exists("word.txt")
    assert files.seen[project / "word.txt"] == before


def test_globs(project: Path) -> None:
    files = RecipeFiles(project, project / "recipes")

    def names(pattern: str) -> list[str]:
        return [str(path.relative_to(project / "recipes/photos")) for path in files.glob(pattern)]

    assert names("photos/*.jpg") == ["a.jpg", "b.jpg", "f [1].jpg"]
    assert names("photos/[ab].jpg") == ["a.jpg", "b.jpg"]
    assert names("photos/f [1].jpg") == ["f [1].jpg"]
    assert names("photos/.*.jpg") == [".d.jpg"]
    assert names("**/?.jpg") == ["a.jpg", "b.jpg", "old/e.jpg"]
    assert names("photos/**") == ["a.jpg", "b.jpg", "c.png", "f [1].jpg", "old/e.jpg"]
    assert names("none/*.jpg") == names("photos/none.jpg") == names("photos/old") == []
    assert project / "recipes/photos" in files.seen
    assert files.seen[project / "recipes/none"] is None


def test_globs_may_lead_outside_when_told_so(project: Path, tmp_path: Path) -> None:
    files = RecipeFiles(project)
    pattern = f"{tmp_path}/*.jpg"
    assert files.glob(pattern, confined=False) == [tmp_path / "outside.jpg"]
    assert kind_of(lambda: files.glob(pattern)) == "file_outside"
    (project / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    assert files.glob("*.jpg") == []
    assert files.glob("*.jpg", confined=False) == [project / "link.jpg"]


@pytest.mark.parametrize("mark", [".git", "nano-banana.toml", ".nano-banana"])
def test_the_root_is_the_nearest_project(tmp_path: Path, mark: str) -> None:
    recipe = tmp_path / "project/deep/er/recipe.yaml"
    recipe.parent.mkdir(parents=True)
    (tmp_path / "project" / mark).mkdir()
    (tmp_path / ".git").mkdir()
    assert project_root(recipe.parent, home=tmp_path / "home") == tmp_path / "project"


def test_the_root_is_never_home_or_above(tmp_path: Path) -> None:
    recipe = tmp_path / "home/deep/recipe.yaml"
    recipe.parent.mkdir(parents=True)
    (tmp_path / "home/.git").mkdir()
    (tmp_path / ".git").mkdir()
    assert project_root(recipe.parent, home=tmp_path / "home") == recipe.parent


def test_the_root_may_be_the_recipes_folder(tmp_path: Path) -> None:
    assert project_root(tmp_path, home=tmp_path / "home") == tmp_path
