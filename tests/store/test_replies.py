"""A reply is served whole or its call is made again."""

from __future__ import annotations

import json
import sqlite3
from types import MappingProxyType
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from nano_banana.model.call import Blob, Reply, call_document
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Unusable
from nano_banana.store.database import json_text
from nano_banana.store.local_store import Store
from nano_banana.store.reply_cache import RecordedCall
from tests.store.tools import a_call, an_entry, answered, file_of, kind_of, spoil

JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=12,
)


def test_replies_come_back_by_key(store: Store) -> None:
    pictures = [store.blobs.put(name, media="image/png") for name in (b"a", b"b")]
    entries = [an_entry(1, *pictures), an_entry(2), an_entry(3, pictures[0], cost_usd=None)]
    store.replies.record(entries)
    keys = [a_call(seed).key for seed in (3, 2, 1, 1, 99)]
    assert store.replies.get(iter(keys)) == {entry.call.key: entry.reply for entry in entries}
    assert store.replies.get([]) == {}


def test_documents_come_back_for_explaining(store: Store) -> None:
    key, _ = answered(store, 1)
    assert store.replies.documents([key, "no such key"]) == {key: call_document(a_call(1))}


def test_thousands_of_replies_are_asked_for_at_once(store: Store) -> None:
    store.replies.record([an_entry(seed) for seed in range(3000)])
    assert len(store.replies.get(a_call(seed).key for seed in range(3001))) == 3000


@pytest.mark.parametrize("harm", ["gone", "spoilt", "unknown and gone"])
def test_a_reply_with_a_bad_file_is_a_miss_until_made_again(store: Store, harm: str) -> None:
    key, picture = answered(store, 1)
    other, _ = answered(store, 2)
    if harm == "spoilt":
        spoil(file_of(store, picture), b"picture 2")
    else:
        file_of(store, picture).unlink()
    if harm == "unknown and gone":
        with sqlite3.connect(store.folder / "store.sqlite") as rows:
            rows.execute("DELETE FROM blobs")
        rows.close()
    assert set(store.replies.get([key, other])) == {other}
    assert set(store.replies.get([key, other])) == {other}
    answered(store, 1)
    assert set(store.replies.get([key, other])) == {key, other}


def test_one_bad_file_of_two_makes_the_reply_a_miss(store: Store) -> None:
    pictures = [store.blobs.put(name, media="image/png") for name in (b"a", b"b")]
    store.replies.record([an_entry(1, *pictures)])
    file_of(store, pictures[0]).unlink()
    assert store.replies.get([a_call(1).key]) == {}


def test_a_reply_made_again_takes_the_place_of_the_first(store: Store) -> None:
    first, second = (store.blobs.put(name, media="image/png") for name in (b"a", b"b"))
    store.replies.record([an_entry(1, first, first)])
    store.replies.record([an_entry(1, second)])
    assert store.replies.get([a_call(1).key]) == {a_call(1).key: an_entry(1, second).reply}


def test_recording_is_all_or_nothing(store: Store) -> None:
    unsound = Reply(data={}, files={"images/0": Blob(digest="d", size=1 << 70, media="image/png")})
    with pytest.raises(OverflowError):
        store.replies.record([an_entry(1), RecordedCall(call=a_call(2), reply=unsound, run="a-run")])
    assert store.replies.get([a_call(1).key]) == {}
    answered(store, 1)


def test_a_full_disk_loses_no_reply(store: Store) -> None:
    key, _ = answered(store, 1)
    rows = store._database._connection
    (pages,) = rows.execute("PRAGMA page_count").fetchone()
    rows.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unusable) as error:
        store.replies.record([an_entry(seed) for seed in range(2, 500)])
    assert kind_of(error) == "store_full"
    assert set(store.replies.get([key, a_call(2).key])) == {key}
    rows.execute("PRAGMA max_page_count = 100000")
    store.replies.record([an_entry(seed) for seed in range(2, 500)])
    assert len(store.replies.get([a_call(seed).key for seed in range(500)])) == 499


def test_recording_ends_the_claim(store: Store) -> None:
    key = a_call(1).key
    assert store.claims.claim([key], owner="far:1:1") == {key}
    answered(store, 1)
    assert store.claims.claim([key], owner="far:2:2") == {key}


@settings(max_examples=60, deadline=None)
@given(some.dictionaries(some.text(), JSON, max_size=4))
def test_any_answer_comes_back_equal(data: dict[str, JSONValue]) -> None:
    assert json.loads(json_text(MappingProxyType({"data": MappingProxyType(data)}))) == {"data": data}


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON: bytes"):
        json_text([cast("str", b"")])
