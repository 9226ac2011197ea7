"""Training archives are read with care, and each that can't be says why."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from nano_banana.model.problem import CallFailed
from nano_banana.providers.local import local_training
from nano_banana.providers.local.local_training import iter_photos
from tests.photos import photo


def zipped(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return out.getvalue()


def refused(tmp_path: Path, data: bytes) -> tuple[object, object]:
    path = tmp_path / "photos.zip"
    path.write_bytes(data)
    with pytest.raises(CallFailed) as caught:
        list(iter_photos(path, place="images_data_url"))
    (problem,) = caught.value.problems
    assert problem.kind == "invalid_archive"
    return problem.data["reason"], problem.data["file"]


def test_photos_come_in_order_without_captions_and_masks(tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    names = {"b.jpg": photo(1), "a.jpg": photo(2), "a.txt": b"a caption", "a_mask.jpg": b"?", "__MACOSX/._a.jpg": b"?"}
    with_folder = zipped(**names, **{"more/": b"", "more/c.jpg": photo(3)})
    path.write_bytes(with_folder)
    assert [name for name, _ in iter_photos(path, place="x")] == ["a.jpg", "b.jpg", "more/c.jpg"]


def test_photos_are_decoded_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(zipped(**{"a.jpg": photo(1), "b.jpg": b"no picture"}))
    found = iter_photos(path, place="x")
    assert next(found)[0] == "a.jpg"
    with pytest.raises(CallFailed):
        next(found)


@pytest.mark.parametrize("name", ["../a.jpg", "/a.jpg", "C:\\a.jpg", "a/../../b.jpg"])
def test_no_way_out(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path, zipped(**{name: photo(1)}))[0] == "outside"


def test_what_is_no_archive_or_has_no_pictures(tmp_path: Path) -> None:
    assert refused(tmp_path, b"nothing like it") == ("not_a_zip", "")
    assert refused(tmp_path, zipped(**{"a.txt": b"words"})) == ("no_pictures", "")
    assert refused(tmp_path, zipped(**{"a.jpg": b"no picture"})) == ("not_a_picture", "a.jpg")


def test_a_damaged_or_encrypted_entry(tmp_path: Path) -> None:
    data = bytearray(zipped(**{"a.jpg": photo(1)}))
    data[60] ^= 0xFF
    assert refused(tmp_path, bytes(data)) == ("damaged", "a.jpg")
    locked = bytearray(zipped(**{"a.jpg": photo(1)}))
    locked[locked.rindex(b"PK\1\2") + 8] |= 1
    assert refused(tmp_path, bytes(locked)) == ("encrypted", "a.jpg")


def test_bombs_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_training, "MAX_FILE_BYTES", 1_000_000)
    assert refused(tmp_path, zipped(**{"a.jpg": bytes(2_000_000)})) == ("too_big", "a.jpg")
    monkeypatch.setattr(local_training, "MAX_TOTAL_BYTES", 1_500_000)
    assert refused(tmp_path, zipped(**{"a.jpg": bytes(900_000), "b.jpg": bytes(900_000)})) == ("too_big", "a.jpg")
    monkeypatch.setattr(local_training, "MAX_FILES", 1)
    assert refused(tmp_path, zipped(**{"a.jpg": b"", "b.jpg": b""})) == ("too_many", "")
