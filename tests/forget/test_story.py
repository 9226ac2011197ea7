"""Two people and a pair on the local provider: one of them is forgotten."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pexpect

from nano_banana.model.json_values import as_items, as_object
from nano_banana.session.run_snapshot import unpack_snapshot
from nano_banana.store.local_store import Store
from tests.stories.people import takes
from tests.workspace import ROOT, Workspace

STORE = ".nano-banana"


def secrets(project: Workspace) -> list[bytes]:
    """Everything that leads to her: name, trigger, photo digests, the words of her prompts, paths of her photos."""
    photos = sorted(project.path("photos/eileen").iterdir())
    digests = [hashlib.sha256(photo.read_bytes()).hexdigest() for photo in photos]
    with sqlite3.connect(project.path(f"{STORE}/store.sqlite")) as rows:
        adapter = rows.execute("SELECT digest FROM adapters WHERE subject = 'eileen'").fetchone()
    return [
        *(word.encode() for word in ("eileen", "ecllns7", "Eileen", "side by side", *digests)),
        *(str(photo).encode() for photo in photos),
        *(digest.encode() for digest in adapter or ()),
    ]


def found_in(folder: Path, words: list[bytes]) -> list[str]:
    """Where a grep through every byte of the folder finds any of them, also in names of files."""
    hits = []
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        name = path.relative_to(folder).as_posix().replace("/", "").encode()
        hits += [f"{path.name}: {word.decode()}" for word in words if word in data or word in name]
    return hits


def test_a_dry_run_shows_what_would_go_and_deletes_nothing(project: Workspace) -> None:
    before = {path: path.stat().st_size for path in project.root.rglob("*") if path.suffix in (".png", ".jpg", ".json")}
    screen = project.expect("forget", "eileen", "--dry-run")
    screen.shows("eileen@1", "out/two/takes/heads_eileen_office_s3.png", "out/two/placed/pairs_office_s5.png")
    screen.shows("handed/eileen-3.png", "handed.zip", "4 photos in photos/eileen", "recipe.yaml, line")
    screen.hides("takes/heads_grace")
    assert all(path.stat().st_size == size for path, size in before.items())
    told = project.json("run")
    assert as_object(told["calls"])["made"] == 0


def test_without_a_terminal_it_needs_a_yes(project: Workspace) -> None:
    project.expect("forget", "eileen", exit_code=2).shows("eileen@1", "nothing was deleted", "--yes")
    assert project.files("out/two/takes/*eileen*")


def test_nothing_of_her_is_left_in_the_store(project: Workspace) -> None:
    words = secrets(project)
    assert found_in(project.path(STORE), words)
    project.expect("forget", "eileen", "--yes").shows("Everything is deleted")
    assert found_in(project.path(STORE), words) == []
    assert not project.path(f"{STORE}/store.sqlite-wal").exists()
    assert not re.search("eileen|ecllns7|pairs", project.read("out/two/manifest.json"))
    with Store.open(project.path(STORE)) as store:
        packed = [unpack_snapshot(store.snapshots.get(run)) for run in store.snapshots.runs()]
    assert [{node.id for node in snapshot.nodes} for snapshot in packed if snapshot] == [
        {"judged/grace", "likeness/grace", "heads/grace/office/s3"}
    ]


def test_her_pictures_go_and_the_other_s_stay(project: Workspace) -> None:
    project.run("forget", "eileen", "--yes")
    assert [name for name in project.files("out/**/*") if "manifest" not in name] == [
        "out/two/judged/heads_grace_office_s3.png",
        "out/two/takes/heads_grace_office_s3.png",
    ]
    assert project.files("handed*/**/*") == ["handed/grace-3.png"]
    assert len(project.files("photos/eileen/*")) == 4
    project.expect("models").shows("grace@1").hides("eileen")
    project.expect("cache", "verify").shows("no damage found")


def test_the_other_s_adapter_and_pictures_are_not_made_again(project: Workspace) -> None:
    project.run("forget", "eileen", "--yes")
    project.edit("recipe.yaml", "  eileen: {noun", "  # eileen: {noun")
    project.edit("recipe.yaml", "  pairs: {template", "  # pairs: {template")
    text = project.read("recipe.yaml")
    project.write("recipe.yaml", text[: text.index("  - {id: base")])
    told = project.json("run")
    assert as_object(told["calls"])["made"] == 0
    assert list(takes(told)) == ["heads/grace/office/s3"]


def test_a_run_afterwards_would_make_her_anew_from_her_photos(project: Workspace) -> None:
    project.run("forget", "eileen", "--yes")
    project.expect("plan").shows("20 calls to make, 10 cached")


def test_a_second_time_there_is_nothing(project: Workspace) -> None:
    project.run("forget", "eileen", "--yes")
    project.expect("forget", "eileen", "--yes").shows("Nothing about eileen is stored here", "4 photos")
    project.write("recipe.yaml", "").path("recipe.yaml").unlink()
    project.expect("forget", "eileen", "--yes", exit_code=2).shows("unknown subject `eileen`", "grace")


def test_her_photos_and_recipe_may_be_gone_already(project: Workspace) -> None:
    words = secrets(project)
    project.path("recipe.yaml").unlink()
    for photo in project.path("photos/eileen").iterdir():
        photo.unlink()
    project.expect("forget", "eileen", "--yes").shows("eileen@1")
    assert found_in(project.path(STORE), words) == []


def test_the_receipt_says_it_all_and_takes_nobody_s_place(project: Workspace) -> None:
    told = project.json("forget", "eileen", "--yes", "--receipt", "receipt.json")
    assert project.read("receipt.json").startswith('{\n "subject": "eileen"')
    deleted = as_object(told["deleted"])
    assert deleted["adapters"] == ["eileen@1"]
    assert len(as_items(deleted["pictures"])) == 4
    assert as_object(told["left"])["photos"]
    project.expect("forget", "grace", "--yes", "--receipt", "receipt.json", exit_code=1).shows("already exists")
    project.expect("models").shows("grace@1")


def test_a_typing_error_is_met_with_a_name(project: Workspace) -> None:
    project.expect("forget", "eilen", "--yes", exit_code=2).shows("did you mean `eileen`?")


def test_what_was_cut_short_is_finished_by_the_next(project: Workspace) -> None:
    words = secrets(project)
    with closing(sqlite3.connect(project.path(f"{STORE}/store.sqlite"))) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM replies").fetchone()
        project.expect("forget", "eileen", "--yes", exit_code=1).shows("another program is reading the store")
    project.path("recipe.yaml").unlink()
    project.expect("forget", "eileen", "--yes").shows("finished an earlier deletion that was interrupted")
    assert found_in(project.path(STORE), words) == []


def test_records_of_runs_are_found_where_nothing_else_is_left(project: Workspace) -> None:
    with Store.open(project.path(STORE)) as store:
        (run,) = store.snapshots.runs()
        snapshot = store.snapshots.get(run) or b""
        project.run("forget", "eileen", "--yes")
        store.snapshots.keep(run, "two", snapshot)
    project.path("recipe.yaml").unlink()
    project.expect("forget", "eileen", "--yes").shows(" 1 run record (only the entries about this person)")
    project.expect("forget", "eileen", "--yes", exit_code=2)


def test_copies_that_are_something_else_by_now_are_left(project: Workspace) -> None:
    project.write("handed/eileen-3.png", "not a picture").write("handed.zip", "no archive")
    project.expect("forget", "eileen", "--yes", "--recipe", ".").hides("handed")
    assert project.read("handed/eileen-3.png") == "not a picture"
    assert project.read("handed.zip") == "no archive"


def test_a_manifest_or_sheet_of_hers_that_is_gone_hinders_nothing(project: Workspace) -> None:
    words = secrets(project)
    project.path("out/two/manifest.json").unlink()
    project.path("handed/eileen-3.png").unlink()
    project.expect("forget", "eileen", "--yes").shows("out/two/base/pairs_office_s5.png")
    assert found_in(project.path(STORE), words) == []


def test_on_a_terminal_it_asks(project: Workspace) -> None:
    def answer(word: str) -> tuple[int | None, str]:
        environ = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT)}
        command = ["-m", "nano_banana", "forget", "eileen"]
        child = pexpect.spawn(sys.executable, command, cwd=project.root, env=environ, encoding="utf-8", timeout=60)
        child.expect("Delete all of this about eileen")
        child.sendline(word)
        child.expect(pexpect.EOF)
        child.close()
        return child.exitstatus, child.before or ""

    code, text = answer("n")
    assert (code, "nothing was deleted" in text) == (3, True)
    assert project.files("out/two/takes/*eileen*")
    assert answer("y")[0] == 0
    assert not project.files("out/two/takes/*eileen*")


def test_a_receipt_that_can_t_be_written_stops_it(project: Workspace) -> None:
    project.expect("forget", "eileen", "--yes", "--receipt", "no/folder.json", exit_code=1).shows("nothing was deleted")
    assert project.files("out/two/takes/*eileen*")
