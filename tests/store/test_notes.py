"""Texts by name: whole, in pieces, and in each other's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.model.problem import Unusable
from nano_banana.store.local_store import Store


def test_a_text_in_pieces_is_the_same_text(tmp_path: Path) -> None:
    pieces = ["{", '"mood": "heiß"', "," * 1_000_000, "}"]
    with Store.open(tmp_path / "store") as store:
        store.notes.write("a", "first")
        store.notes.write("a", iter(pieces))
        store.notes.write("b", [])
        assert store.notes.read("a") == "".join(pieces)
        assert store.notes.read("b") == ""
        assert store.notes.read("c") is None
        store.notes.write("a", "last")
    with Store.open(tmp_path / "store") as store:
        assert store.notes.read("a") == "last"


def test_what_goes_wrong_while_pieces_are_made_leaves_what_was_there(tmp_path: Path) -> None:
    def pieces() -> list[str]:
        raise OSError(28, "No space left on device")

    with Store.open(tmp_path / "store") as store:
        store.notes.write("a", "first")
        with pytest.raises(Unusable, match="store_full"):
            store.notes.write("a", (piece for _ in "x" for piece in pieces()))
        assert store.notes.read("a") == "first"
