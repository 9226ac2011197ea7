"""Texts by name: whole, in pieces, and in each other's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.model.problem import Unusable
from nano_banana.store.local_store import Store


def test_a_text_in_pieces_is_the_same_text(tmp_path: Path) -> None:
    pieces = ["{", '"mood": "heiß"', "," * 1_000_000, "}"]
    with Store.open(tmp_path / "store") as store:
        store.note("a", "first")
        store.note("a", iter(pieces))
        store.note("b", [])
        assert store.notes("a") == "".join(pieces)
        assert store.notes("b") == ""
        assert store.notes("c") is None
        store.note("a", "last")
    with Store.open(tmp_path / "store") as store:
        assert store.notes("a") == "last"


def test_what_goes_wrong_while_pieces_are_made_leaves_what_was_there(tmp_path: Path) -> None:
    def pieces() -> list[str]:
        raise OSError(28, "No space left on device")

    with Store.open(tmp_path / "store") as store:
        store.note("a", "first")
        with pytest.raises(Unusable, match="store_full"):
            store.note("a", (piece for _ in "x" for piece in pieces()))
        assert store.notes("a") == "first"
