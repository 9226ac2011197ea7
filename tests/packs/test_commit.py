"""The commit of a clone, by what git leaves in its folder."""

from __future__ import annotations

from pathlib import Path

from nano_banana.features.packs.pack_install import head_commit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_branch_is_followed_to_its_commit(tmp_path: Path) -> None:
    written(tmp_path / ".git/HEAD", "ref: refs/heads/main\n")
    written(tmp_path / ".git/refs/heads/main", f"{COMMIT}\n")
    assert head_commit(tmp_path / "packs" / "travel") == COMMIT


def test_a_packed_branch_too(tmp_path: Path) -> None:
    written(tmp_path / ".git/HEAD", "ref: refs/heads/main\n")
    written(tmp_path / ".git/packed-refs", f"# pack-refs\n{'f' * 40} refs/heads/other\n{COMMIT} refs/heads/main\n")
    assert head_commit(tmp_path) == COMMIT


def test_a_detached_head_says_its_commit(tmp_path: Path) -> None:
    written(tmp_path / ".git/HEAD", f"{COMMIT}\n")
    assert head_commit(tmp_path) == COMMIT


def test_a_worktree_says_where_the_real_one_is(tmp_path: Path) -> None:
    written(tmp_path / "tree/.git", f"gitdir: {tmp_path}/main/.git/worktrees/tree\n")
    written(tmp_path / "main/.git/worktrees/tree/HEAD", "ref: refs/heads/side\n")
    written(tmp_path / "main/.git/worktrees/tree/commondir", "../..\n")
    written(tmp_path / "main/.git/refs/heads/side", f"{COMMIT}\n")
    assert head_commit(tmp_path / "tree") == COMMIT


def test_what_cannot_be_told_is_left_open(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert head_commit(tmp_path) == ""
    written(tmp_path / ".git/HEAD", "gibberish\n")
    assert head_commit(tmp_path) == ""
    written(tmp_path / ".git/HEAD", "ref: refs/heads/unborn\n")
    assert head_commit(tmp_path) == ""
