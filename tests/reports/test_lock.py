"""The lock as a text: the same lock, the same lines, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nano_banana.model.problem import Invalid, Unusable
from nano_banana.session.lock_file import (
    Lock,
    LockedCall,
    LockedEndpoint,
    LockedSet,
    load_lock,
    lock_text,
    read_lock,
    save_lock,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
COUNTS = st.integers(min_value=0, max_value=2**63 - 1)
CALLS = st.builds(
    LockedCall,
    key=TEXTS,
    asked=TEXTS,
    seed=st.none() | COUNTS,
    request_id=TEXTS,
    sha256=TEXTS,
    size=st.none() | COUNTS,
)
ENDPOINTS = st.builds(
    LockedEndpoint,
    fields=TEXTS,
    usd=st.none() | st.floats(min_value=0, allow_infinity=False) | COUNTS,
    unit=TEXTS,
    as_of=TEXTS,
)
LOCKS = st.builds(
    Lock,
    version=TEXTS,
    provider=TEXTS,
    recipe=TEXTS,
    training_sets=st.dictionaries(TEXTS, st.builds(LockedSet, photos=COUNTS, sha256=TEXTS), max_size=3),
    endpoints=st.dictionaries(TEXTS, ENDPOINTS, max_size=3),
    adapters=st.dictionaries(TEXTS, CALLS, max_size=3),
    takes=st.dictionaries(TEXTS, st.dictionaries(TEXTS, CALLS, min_size=1, max_size=3), max_size=3),
)

DUO = Lock(
    version="0.1",
    provider="fal",
    recipe="duo",
    training_sets={"ana": LockedSet(photos=2, sha256="aa")},
    endpoints={"fal-ai/flux": LockedEndpoint(fields="ff", usd=0.035, unit="megapixel", as_of="2026-08")},
    adapters={"likeness/ana": LockedCall(key="11", asked="22", request_id="r-1", sha256="33", size=9)},
    takes={
        "heads/ana/s29": {"takes": LockedCall(key="44", asked="55", seed=29, sha256="66")},
        "heads/ana/s11": {
            "takes": LockedCall(key="77", asked="88", seed=11, request_id="r-2", sha256="99"),
            "faces": LockedCall(key="aa", asked="bb", seed=11, request_id="r-3", sha256="cc"),
        },
    },
)
TEXT = """\
# Written by `nano-banana run`. Keep it in git: `nano-banana run --locked` refuses what drifts from it.
lock = 1
nano_banana = "0.1"
provider = "fal"
recipe = "duo"

[training_sets]
ana = { photos = 2, sha256 = "aa" }

[endpoints]
"fal-ai/flux" = { fields = "ff", usd = 0.035, unit = "megapixel", as_of = "2026-08" }

[adapters]
"likeness/ana" = { key = "11", asked = "22", request_id = "r-1", sha256 = "33", size = 9 }

[takes]
"heads/ana/s11".takes = { key = "77", asked = "88", seed = 11, request_id = "r-2", sha256 = "99" }
"heads/ana/s11".faces = { key = "aa", asked = "bb", seed = 11, request_id = "r-3", sha256 = "cc" }
"heads/ana/s29".takes = { key = "44", asked = "55", seed = 29, sha256 = "66" }
"""


def test_a_line_for_each_fact() -> None:
    assert lock_text(DUO) == TEXT
    assert read_lock(TEXT, file="duo.lock") == DUO


@given(lock=LOCKS)
def test_what_is_written_is_read(lock: Lock) -> None:
    text = lock_text(lock)
    again = read_lock(text, file="a.lock")
    assert again == lock
    assert [list(stages) for stages in again.takes.values()] == [list(lock.takes[name]) for name in again.takes]
    assert lock_text(again) == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<<<<<<< HEAD\n" + TEXT, "lock_not_toml"),
        (TEXT + '"heads/ana/s29".takes = { key = "00" }\n', "lock_not_toml"),
        ("", "lock_not_ours"),
        ('lock = "1"', "lock_not_ours"),
        ("lock = 1", "lock_not_ours"),
        (TEXT.replace("photos = 2", "photos = true"), "lock_not_ours"),
        (TEXT.replace("photos = 2, ", ""), "lock_not_ours"),
        (TEXT.replace('key = "77"', "key = 77"), "lock_not_ours"),
        (TEXT.replace('"heads/ana/s29".takes = { key = "44"', '"heads/ana/s29" = { key = "44"'), "lock_not_ours"),
        ("lock = 2", "lock_newer"),
    ],
)
def test_what_is_no_lock(text: str, kind: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_lock(text, file="duo.lock")
    assert [problem.kind for problem in caught.value.problems] == [kind]


def test_files_that_are_no_lock(tmp_path: Path) -> None:
    (tmp_path / "picture.lock").write_bytes(b"\x89PNG")
    (tmp_path / "folder.lock").mkdir()
    for name, kind in (("no", "lock_missing"), ("picture", "lock_not_ours"), ("folder", "lock_unreadable")):
        with pytest.raises(Invalid) as caught:
            load_lock(tmp_path / f"{name}.lock")
        assert caught.value.problems[0].kind == kind


def test_a_lock_that_stands_there_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "duo.lock"
    save_lock(file, DUO)
    before = file.stat()
    save_lock(file, DUO)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert load_lock(file) == DUO
    save_lock(
        file, Lock(version="1", provider="fal", recipe="other", training_sets={}, endpoints={}, adapters={}, takes={})
    )
    assert load_lock(file).recipe == "other"
    assert [path.name for path in tmp_path.iterdir()] == ["duo.lock"]


def test_a_lock_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "duo.lock" / "in-the-way").mkdir(parents=True)
    with pytest.raises(Unusable):
        save_lock(tmp_path / "duo.lock", DUO)
    assert [path.name for path in tmp_path.iterdir()] == ["duo.lock"]
