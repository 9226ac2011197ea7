"""Safetensors headers: what is whole is read, what is not is refused, whatever it is."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nano_banana.formats.safetensors import read_safetensors_header
from nano_banana.model.problem import Invalid
from tests.shelf.files import AI_TOOLKIT_FLUX, AI_TOOLKIT_SAID, safetensors, write

WHOLE = safetensors({"a.lora_A.weight": (2, 4), "a.lora_B.weight": (4, 2)}, {"who": "ana"})


def made(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def tensor(begin: object = 0, end: object = 16, shape: object = (2, 4), dtype: object = "F16") -> Mapping[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def fault(folder: Path, data: bytes, name: str = "a.safetensors") -> tuple[str, object]:
    with pytest.raises(Invalid) as error:
        read_safetensors_header(write(folder, name, data), name=name)
    (problem,) = error.value.problems
    return problem.kind, problem.data.get("why")


def test_a_whole_file_tells_its_words_and_shapes(tmp_path: Path) -> None:
    header = read_safetensors_header(write(tmp_path, "a", safetensors(AI_TOOLKIT_FLUX, AI_TOOLKIT_SAID)), name="a")
    assert header.metadata == AI_TOOLKIT_SAID
    assert dict(header.shapes) == AI_TOOLKIT_FLUX


def test_a_header_whose_length_looks_like_a_pickle_is_read(tmp_path: Path) -> None:
    text = json.dumps({"a.lora_A": tensor()}).encode()
    text += b" " * (0x0280 - len(text))
    data = struct.pack("<Q", len(text)) + text + bytes(16)
    assert data.startswith(b"\x80\x02")
    assert read_safetensors_header(write(tmp_path, "a", data), name="a").shapes == {"a.lora_A": (2, 4)}


@pytest.mark.parametrize(
    ("header", "body", "why"),
    [
        (b"{]}     ", b"", "no JSON"),
        (b"{\xff}     ", b"", "no JSON"),
        (b'{"a":' * 90_000, b"", "no JSON"),
        (b'{"a": 1, "a": 2}', b"", "a name twice"),
        ({"__metadata__": {"a": 1}, "a": tensor()}, bytes(16), "metadata"),
        ({"__metadata__": [], "a": tensor()}, bytes(16), "metadata"),
        ({"a": 5}, b"", "tensor"),
        ({"a": tensor(dtype="Q4")}, bytes(16), "dtype"),
        ({"a": tensor(shape="24")}, bytes(16), "tensor"),
        ({"a": tensor(shape=[2, -4])}, bytes(16), "tensor"),
        ({"a": tensor(shape=[2, 4.0])}, bytes(16), "tensor"),
        ({"a": tensor(shape=[True, 8])}, bytes(16), "tensor"),
        ({"a": tensor(shape=[2] + [1] * 9 + [4])}, bytes(16), "tensor"),
        ({"a": tensor(shape=[1 << 50])}, bytes(16), "tensor"),
        ({"a": {"dtype": "F16", "shape": [2, 4], "data_offsets": [0, 8, 16]}}, bytes(16), "tensor"),
        ({"a": tensor(end=15)}, bytes(15), "size"),
        ({"a": tensor(), "b": tensor(8, 24)}, bytes(24), "overlap"),
        ({"a": tensor(), "b": tensor(20, 36)}, bytes(36), "hole"),
        ({"a": tensor()}, bytes(15), "cut short"),
        ({"a": tensor()}, bytes(17), "bytes behind the end"),
        ({"__metadata__": {}}, b"", "no tensors"),
    ],
)
def test_a_header_that_contradicts_its_file_is_refused(tmp_path: Path, header: object, body: bytes, why: str) -> None:
    assert fault(tmp_path, made(header, body)) == ("model_broken", why)


def test_a_file_that_breaks_off_in_its_header_is_said_to(tmp_path: Path) -> None:
    assert fault(tmp_path, WHOLE[:60]) == ("model_broken", "cut short")


def test_a_header_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 50 << 20) + b"{")
        file.truncate(60 << 20)
    with pytest.raises(Invalid) as error:
        read_safetensors_header(path, name="a")
    assert error.value.problems[0].data["why"] == "a header without measure"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (pickle.dumps({"a": 1}, protocol=2) + bytes(20), "a.safetensors"),
        (pickle.dumps({"a": 1}, protocol=5) + bytes(20), "a"),
        (pickle.dumps({"a": 1}, protocol=0) + bytes(20), "ana.ckpt"),
        (b"PK\x03\x04" + bytes(30), "a.safetensors"),
        (bytes(40), "ANA.PT"),
        (b"\x80", "a"),
    ],
)
def test_a_pickle_is_never_opened(tmp_path: Path, data: bytes, name: str) -> None:
    assert fault(tmp_path, data, name) == ("model_pickle", None)


@pytest.mark.parametrize("data", [b"", b"x", b"<!doctype html><html><body>Log in</body></html>", bytes(64)])
def test_something_else_is_said_to_be(tmp_path: Path, data: bytes) -> None:
    assert fault(tmp_path, data) == ("model_not_safetensors", None)


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as error:
        read_safetensors_header(tmp_path / "no", name="no")
    assert error.value.problems[0].kind == "model_unreadable"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(WHOLE) - 1), bits=st.integers(1, 255), end=st.integers(0, len(WHOLE)))
def test_damage_is_refused_or_does_not_matter(tmp_path: Path, at: int, bits: int, end: int) -> None:
    data = bytearray(WHOLE)
    data[at] ^= bits
    path = write(tmp_path, "a", bytes(data[: max(end, at)]))
    found = 2
    with suppress(Invalid):
        found = len(read_safetensors_header(path, name="a").shapes)
    assert found == 2
