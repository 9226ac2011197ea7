"""Who can read what is written, by umask, setting and folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from nano_banana.formats.file_writing import as_user, is_shared, private_files, share_files, user_umask
from nano_banana.model.problem import Unusable
from nano_banana.store.local_store import Store
from tests.store.tools import powerless


@contextmanager
def umask(bits: int) -> Iterator[None]:
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, set[str]]:
    """The modes of folders, blobs and other files of a store, in octal."""
    kinds: dict[str, Callable[[Path], bool]] = {
        "folders": Path.is_dir,
        "blobs": lambda path: path.is_file() and "blobs" in path.parts,
        "files": lambda path: path.is_file() and "blobs" not in path.parts,
    }
    paths = (folder, *folder.rglob("*"))
    return {
        kind: {oct(stat.S_IMODE(path.stat().st_mode)) for path in paths if belongs(path)}
        for kind, belongs in kinds.items()
    }


def filled(folder: Path, group: str = "") -> dict[str, set[str]]:
    """The modes of a store that holds something, while it is open (with its log files)."""
    with private_files(), Store.open(folder, group=group) as store:
        share_files(shared=is_shared(folder, group))
        store.blobs.put(b"a face", media="image/png")
        store.shelf.changed()
        assert {path.name for path in folder.glob("store.sqlite*")} == {
            "store.sqlite",
            "store.sqlite-wal",
            "store.sqlite-shm",
        }
        return modes(folder)


@pytest.mark.parametrize(
    ("bits", "folders", "blobs", "files"),
    [
        (0o022, "0o700", "0o400", "0o600"),
        (0o077, "0o700", "0o400", "0o600"),
        (0o027, "0o750", "0o440", "0o640"),
        (0o007, "0o770", "0o440", "0o660"),
    ],
)
def test_a_store_is_closed_to_others_in_all_of_its_files(
    tmp_path: Path, bits: int, folders: str, blobs: str, files: str
) -> None:
    with umask(bits):
        assert filled(tmp_path / "project/.nano-banana") == {"folders": {folders}, "blobs": {blobs}, "files": {files}}


def test_a_umask_for_groups_counts_for_the_database_too(tmp_path: Path) -> None:
    with umask(0o002):
        found = filled(tmp_path / "store")
    assert found["folders"] == {"0o700"}
    assert oct(stat.S_IMODE((tmp_path / "store/store.sqlite").stat().st_mode)) == "0o664"


@pytest.mark.parametrize("bits", [0o022, 0o077])
def test_a_group_shares_every_file_if_the_setting_says_so(tmp_path: Path, bits: int) -> None:
    with umask(bits):
        found = filled(tmp_path / "store", str(os.getgid()))
    assert found == {"folders": {"0o2770"}, "blobs": {"0o440"}, "files": {"0o660"}}


def test_a_group_that_one_is_no_member_of_is_named() -> None:
    with TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        with powerless(), pytest.raises(Unusable) as error:
            Store.open(Path(name, "store"), group="54321")
    assert [problem.kind for problem in error.value.problems] == ["store_group_refused"]


def test_a_store_that_was_private_is_shared_once_the_setting_says_so(tmp_path: Path) -> None:
    with umask(0o022):
        filled(tmp_path / "store")
        assert filled(tmp_path / "store", "yes") == {"folders": {"0o2770"}, "blobs": {"0o440"}, "files": {"0o660"}}


def test_a_folder_that_passes_its_group_on_shares_under_a_umask_for_groups(tmp_path: Path) -> None:
    tmp_path.chmod(0o2775)
    with umask(0o002):
        assert filled(tmp_path / "store")["folders"] == {"0o2770"}
    with umask(0o022):
        assert filled(tmp_path / "other")["folders"] == {"0o2700"}


def test_a_shared_store_whose_database_the_group_could_not_write_is_mended(tmp_path: Path) -> None:
    with umask(0o022):
        filled(tmp_path / "store")
        (tmp_path / "store").chmod(0o775)
        (tmp_path / "store/store.sqlite").chmod(0o644)
        assert "0o644" not in filled(tmp_path / "store")["files"]
    assert (tmp_path / "store/store.sqlite").stat().st_mode & 0o060 == 0o060


def test_a_folder_that_was_made_before_is_closed_with_its_first_store(tmp_path: Path) -> None:
    with umask(0o022):
        (tmp_path / "store").mkdir()
        assert filled(tmp_path / "store")["folders"] == {"0o700"}


def test_what_is_meant_for_others_follows_the_users_umask(tmp_path: Path) -> None:
    with umask(0o022):
        with private_files():
            (tmp_path / "picture").touch()
            with as_user():
                (tmp_path / "recipe").touch()
            assert user_umask() == 0o022
        (tmp_path / "afterwards").touch()
    found = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()}
    assert found == {"picture": "0o600", "recipe": "0o644", "afterwards": "0o644"}
