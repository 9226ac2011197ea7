"""A file that is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nano_banana.formats.file_writing import atomic_write


def test_the_file_is_the_old_one_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")
    with atomic_write(target) as fresh:
        fresh.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [tmp_path / "page.html"]


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")

    def fail() -> None:
        with atomic_write(target) as fresh:
            fresh.write_text("ne")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "page.html"]


def test_what_was_not_written_replaces_nothing(tmp_path: Path) -> None:
    target = tmp_path / "pictures.zip"
    target.write_text("old")
    with atomic_write(target) as fresh:
        fresh.write_text("the same")
        fresh.unlink()
    assert target.read_text() == "old"


def test_two_writers_of_one_file_are_not_in_each_others_way(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    with atomic_write(target) as one, atomic_write(target) as other:
        one.write_text("one")
        other.write_text("other")
    assert target.read_text() == "one"


def test_a_file_of_the_longest_name_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 255)
    with atomic_write(target) as fresh:
        fresh.write_text("new")
    assert target.read_text() == "new"


def test_what_a_dead_process_of_the_same_number_left_is_not_in_the_way(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "first") as fresh:
        number = int(fresh.name.rpartition("-")[2].partition(".")[0])
    left = tmp_path / f".nb-{os.getpid()}-{number + 1}.tmp"
    left.write_text("half")
    left.chmod(0o400)
    with atomic_write(tmp_path / "page.html") as fresh:
        assert fresh == left
        fresh.write_text("new")
    assert list(tmp_path.iterdir()) == [tmp_path / "page.html"]


def test_what_is_no_file_is_written_into_and_stays_what_it_is(tmp_path: Path) -> None:
    """As root a device such as /dev/null would be replaced by a file, for the whole machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR)
    link = tmp_path / "link"
    link.symlink_to(pipe)
    for target in (pipe, link):
        with atomic_write(target) as fresh:
            fresh.write_text("new")
        assert os.read(reader, 100) == b"new"
    os.close(reader)
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, pipe]
