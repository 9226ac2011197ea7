"""A result is taken apart: files here, words there, addresses nowhere."""

from __future__ import annotations

import json

import pytest

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.providers.fal.downloads import RemoteFile, split_result

PICTURE: JSONObject = {"url": "https://f/a.png", "content_type": "image/png", "width": 8, "height": 6, "file_name": "a"}


def test_a_picture_leaves_its_size_and_type() -> None:
    data, files = split_result(
        {"images": [PICTURE], "seed": 7, "timings": {}, "prompt": "at https://x.y"}, ["images/*"]
    )
    assert data == {
        "images": [{"width": 8, "height": 6, "content_type": "image/png"}],
        "seed": 7,
        "timings": {},
        "prompt": "at https://x.y",
    }
    assert files == {
        "images/0": RemoteFile(url="https://f/a.png", media="image/png", name="a", expect="picture"),
    }


def test_an_adapter_leaves_its_size_and_type() -> None:
    body: JSONObject = {
        "config_file": {"url": "https://f/c", "content_type": "application/json", "file_size": 12, "file_data": None},
        "diffusers_lora_file": {"url": "https://f/l.safetensors", "content_type": "application/octet-stream"},
    }
    data, files = split_result(body, ["diffusers_lora_file", "config_file"])
    assert list(files) == ["config_file", "diffusers_lora_file"]
    assert {remote.expect for remote in files.values()} == {"file"}
    assert files["config_file"].size == 12
    assert data["config_file"] == {"content_type": "application/json", "file_size": 12}


def test_what_the_endpoint_is_called_for_comes_first() -> None:
    body: JSONObject = {"debug": {"url": "https://f/d", "file_size": 1}, "image": {"url": "https://f/i", "a": 1}}
    assert list(split_result(body, ["image"])[1]) == ["image", "debug"]
    assert list(split_result(body, [])[1]) == ["debug"]


@pytest.mark.parametrize(
    ("value", "makes", "found"),
    [
        ({"url": "https://f/a", "width": None}, [], True),
        ({"url": "https://f/a"}, [], True),
        ({"url": "https://f/a", "title": "a page"}, [], False),
        ({"url": "https://f/a", "title": "a picture"}, ["it"], True),
        ({"url": "ftp://f/a", "width": 1}, [], False),
        ({"url": None, "width": 1}, ["it"], False),
        ("https://f/a", [], False),
        ("https://f/a", ["it"], True),
        ("DATA:image/png;base64,", ["it"], True),
        ("a word", ["it"], False),
        (7, ["it"], False),
    ],
)
def test_what_counts_as_a_file(value: JSONValue, makes: list[str], *, found: bool) -> None:
    assert ("it" in split_result({"it": value}, makes)[1]) is found


def test_no_address_stays() -> None:
    body: JSONObject = {
        "images": [PICTURE, "https://f/b.png"],
        "more": {"page": "https://f/c", "deep": [["http://f/d", "data:text/plain,x"]]},
        "image": {"url": "https://f/e", "nested": {"url": "https://f/e2"}},
    }
    data, _ = split_result(body, ["image"])
    assert "://" not in json.dumps(data)
    assert "data:" not in json.dumps(data)
    assert data["more"] == {"page": None, "deep": [[None, None]]}


@pytest.mark.parametrize(
    ("place", "about", "expect"),
    [
        ("images", {"content_type": "image/jpeg"}, "picture"),
        ("vector", {"content_type": "image/svg+xml"}, "file"),
        ("video", {"content_type": "video/mp4", "width": 4}, "file"),
        ("image", {"content_type": None}, "picture"),
        ("cutout", {"width": 4}, "picture"),
        ("cutout", {"file_size": 4}, "file"),
    ],
)
def test_what_is_expected(place: str, about: dict[str, JSONValue], expect: str) -> None:
    assert split_result({place: {"url": "https://f/a", **about}}, [])[1][place].expect == expect
