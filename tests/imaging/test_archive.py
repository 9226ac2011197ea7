"""A zip is its content and nothing else."""

from __future__ import annotations

import hashlib
import io
import zipfile

from nano_banana.formats.photo_export import reproducible_zip


def test_the_bytes_are_pinned() -> None:
    made = reproducible_zip([("0001.jpg", b"\xff\xd8\xff\xd9"), ("0001.txt", b"a portrait")])
    assert hashlib.sha256(made).hexdigest() == GOLDEN


def test_any_unzip_reads_it() -> None:
    with zipfile.ZipFile(io.BytesIO(reproducible_zip([("b", b"2"), ("a", b"1")]))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["b", "a"]
        assert archive.read("a") == b"1"


GOLDEN = "0afeaf4b346bc4d07c75833915b264e3331ed4fb73886efe1414dc5200ab9ee6"
