"""What single commands print at their end."""

from __future__ import annotations

import io
from pathlib import Path

from nano_banana.cli.runner import RunProducts
from nano_banana.cli.screen import Screen
from nano_banana.cli.single_runner import say_pictures
from nano_banana.model.json_values import JSONValue


def test_a_picture_that_is_nowhere_is_not_named(tmp_path: Path) -> None:
    there = tmp_path / "there.png"
    there.write_bytes(b"a picture")
    out = io.StringIO()
    ending = RunProducts(pictures=[str(there), str(tmp_path / "no room.png")], adapters={})
    say_pictures(Screen(out, io.StringIO(), environ={}), ending)
    assert out.getvalue().splitlines() == [str(there)]


def test_an_earlier_run_is_told_of_by_what_it_left() -> None:
    takes: list[JSONValue] = [{"path": "out/a.png"}, {"path": None}]
    told = RunProducts.of_summary({"takes": takes, "adapters": [{"subject": "ana", "sha256": "ab"}]})
    assert told == RunProducts(pictures=["out/a.png"], adapters={"ana": "ab"})
