"""What was made from what: backwards, forwards, and where it ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nano_banana.store.personal_data import CallFiles, Lineage

CALLS = {
    "zip": CallFiles(inputs=["photo1", "photo2"], outputs=["archive"]),
    "train": CallFiles(inputs=["archive"], outputs=["adapter", "config"]),
    "draw": CallFiles(inputs=["adapter"], outputs=["picture"]),
    "look": CallFiles(inputs=["picture"], outputs=["no faces"]),
    "look at another": CallFiles(inputs=["landscape"], outputs=["no faces"]),
    "judge another": CallFiles(inputs=["no faces", "landscape"], outputs=["verdict"]),
}
NONE: frozenset[str] = frozenset()


def test_an_adapter_leads_back_to_its_photos() -> None:
    assert Lineage(CALLS).before([], ["adapter"]) == {"adapter", "archive", "photo1", "photo2"}
    assert Lineage(CALLS).before(["train"], []) == {"archive", "photo1", "photo2"}


def test_a_photo_leads_to_all_that_came_of_it() -> None:
    keys, digests = Lineage(CALLS).after([], ["photo1"], spared=NONE)
    assert keys == {"zip", "train", "draw", "look"}
    assert digests == {"photo1", "archive", "adapter", "config", "picture"}


def test_what_another_made_just_so_says_nothing_of_anybody() -> None:
    keys, digests = Lineage(CALLS).after([], ["photo1"], spared=NONE)
    assert "judge another" not in keys
    assert "no faces" not in digests
    _, both = Lineage(CALLS).after([], ["photo1", "landscape"], spared=NONE)
    assert {"no faces", "verdict"} <= both


def test_another_s_adapter_is_spared_with_what_was_drawn_by_it() -> None:
    keys, digests = Lineage(CALLS).after([], ["photo1"], spared=frozenset({"adapter"}))
    assert (keys, digests) == ({"zip"}, {"photo1", "archive"})


def test_calls_that_nothing_is_known_of_are_named_all_the_same() -> None:
    assert Lineage({}).after(["lost"], [], spared=NONE) == ({"lost"}, set())


FILES = st.lists(st.integers(0, 9).map(str), max_size=3)


@given(
    st.dictionaries(st.integers(0, 12).map(lambda number: f"k{number}"), st.tuples(FILES, FILES), max_size=10),
    st.sets(st.integers(0, 9).map(str), max_size=3),
)
def test_what_is_left_comes_of_nothing_that_went(
    calls: dict[str, tuple[list[str], list[str]]], begun: set[str]
) -> None:
    found = {key: CallFiles(inputs=inputs, outputs=outputs) for key, (inputs, outputs) in calls.items()}
    keys, digests = Lineage(found).after([], begun, spared=NONE)
    for key, made in found.items():
        assert (key in keys) == (not digests.isdisjoint(made.inputs))
    for digest in digests - begun:
        assert all(key in keys for key, made in found.items() if digest in made.outputs)
