"""Somebody is forgotten in a project that was moved, copied, or never remembered what it wrote."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nano_banana.model.json_values import as_items, as_object
from tests.workspace import Workspace


def shows_her(folder: Path) -> list[str]:
    """Pictures, sheets and archives in the folder that show her (her photos are her own)."""
    found = (
        path.relative_to(folder).as_posix()
        for pattern in ("out/**/*", "handed*/**/*", "*.zip")
        for path in folder.glob(pattern)
        if path.is_file()
    )
    return sorted(
        {name for name in found if "eileen" in name or "pairs" in name or name.endswith((".zip", "sheet.html"))}
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_moved_project_is_cleaned_where_it_lies_now(project: Workspace) -> None:
    assert shows_her(project.root)
    moved = project.root.rename(project.root.with_name("moved"))
    project.root.mkdir()
    screen = project.expect("forget", "eileen", "--yes", "--recipe", str(moved)).shows("Everything is deleted")
    screen.shows("moved/out/two/takes/heads_eileen_office_s3.png")
    assert shows_her(moved) == []
    assert (moved / "out/two/takes/heads_grace_office_s3.png").is_file()


@pytest.mark.parametrize("known", ["recipe", "store alone"])
def test_a_copy_is_cleaned_and_the_first_project_stays_as_it_is(project: Workspace, known: str) -> None:
    first = project.root
    copied = first.with_name("copied")
    shutil.copytree(first, copied, symlinks=True)
    before = digests(first)
    if known == "store alone":
        (copied / "recipe.yaml").unlink()
        shutil.rmtree(copied / "photos")
    project.root = copied
    told = project.json("forget", "eileen", "--yes")
    assert digests(first) == before
    assert told["complete"] is True
    assert shows_her(copied) == [] if known == "recipe" else shows_her(copied / "out") == []


def test_a_store_of_before_that_was_copied_deletes_nothing_of_the_first_project(project: Workspace) -> None:
    first = project.root
    with closing(sqlite3.connect(first / ".nano-banana/store.sqlite", isolation_level=None)) as rows:
        rows.create_function("absolute", 1, lambda name: str((first / ".nano-banana" / name).resolve()))
        rows.executescript(
            "UPDATE memo SET path = absolute(path); ALTER TABLE runs DROP COLUMN beat_at; PRAGMA user_version = 5;"
        )
    copied = first.with_name("copied")
    shutil.copytree(first, copied, symlinks=True)
    before = digests(first)
    screen = project.expect("forget", "eileen", "--yes", "--recipe", str(copied))
    screen.shows("outside this project", "out/two/takes/heads_eileen_office_s3.png").hides("Everything is deleted")
    assert digests(first) == before
    assert shows_her(copied) == []


def test_exports_outside_of_the_project_stay_and_are_named(project: Workspace) -> None:
    project.edit("recipe.yaml", "to: handed", "to: ../handed")
    project.run("run")
    outside = project.root.parent / "handed/eileen-3.png"
    assert outside.is_file()
    told = project.json("forget", "eileen", "--yes")
    assert as_object(told["left"])["elsewhere"] == [str(outside)]
    assert outside.is_file()


def test_copies_by_hand_are_found_by_what_is_embedded_in_them(project: Workspace) -> None:
    project.path("favourites").mkdir()
    shutil.copy(project.path("out/two/takes/heads_eileen_office_s3.png"), project.path("favourites/best.png"))
    shutil.copy(project.path("out/two/takes/heads_grace_office_s3.png"), project.path("favourites/grace.png"))
    shutil.copy(project.path("out/two/takes/heads_eileen_office_s3.png"), project.path("out/two/renamed.png"))
    screen = project.expect("forget", "eileen", "--yes").shows("favourites/best.png").hides("favourites/grace.png")
    screen.hides("Everything is deleted").shows("1 file outside the output folders still")
    assert project.path("favourites/best.png").is_file()
    assert not project.path("out/two/renamed.png").exists()


def test_what_a_link_leads_to_outside_of_the_project_stays(project: Workspace) -> None:
    outside = project.root.parent / "outside"
    project.path("out").rename(outside)
    project.path("out").symlink_to(outside)
    told = project.json("forget", "eileen", "--yes")
    assert as_items(as_object(told["left"])["elsewhere"])
    assert (outside / "two/takes/heads_eileen_office_s3.png").is_file()


def test_copies_in_another_format_and_under_nameless_names_go_too(project: Workspace) -> None:
    project.edit(
        "recipe.yaml", 'to: handed, name: "{{ subject.name }}-{{ seed }}"', "to: small, format: jpeg, longest_side: 300"
    )
    project.edit("recipe.yaml", "export: judged,", 'export: judged, name: "{{ subject.trigger | length }}",')
    assert project.run("run").exit_code == 0
    assert len(project.files("small/**/*")) == 2
    her = [path for path in project.files("small/**/*") if "7" in path]
    copied = project.root.with_name("copied")
    shutil.copytree(project.root, copied, symlinks=True)
    project.root = copied
    digest = hashlib.sha256(project.path(her[0]).read_bytes()).hexdigest()
    project.expect("forget", "eileen", "--yes").shows("Everything is deleted")
    assert len(project.files("small/**/*")) == 1
    assert digest.encode() not in project.path(".nano-banana/store.sqlite").read_bytes()
    assert not [path for path in project.files("out/**/*") if "eileen" in path]
