"""The shelf: versions that are never given twice, names, tags, and what a sweep leaves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from nano_banana.model.call import Blob
from nano_banana.model.problem import Invalid
from nano_banana.store.adapter_shelf import (
    AdapterCard,
    AdapterOrigin,
    AdapterShelf,
    ShelvedAdapter,
    card_json,
    parse_card,
)
from nano_banana.store.local_store import Store
from nano_banana.store.personal_data import DataSubject, ErasureSeeds
from tests.store.tools import DAY, Clock, a_call, an_entry

ANA = AdapterCard(base="flux-1", provider="fal", subject="ana", trigger="anqz7", noun="woman", photos=9, cost_usd=2.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(tmp_path / "store", clock=clock) as opened:
        yield opened


@pytest.fixture
def shelf(store: Store) -> AdapterShelf:
    return store.shelf


def adapter(store: Store, text: str) -> Blob:
    return store.blobs.put(text.encode(), media="application/octet-stream")


def kept(
    store: Store, shelf: AdapterShelf, *texts: str, name: str = "ana", card: AdapterCard = ANA
) -> list[ShelvedAdapter]:
    return [shelf.keep(name, adapter(store, text), card) for text in texts]


def problem(error: pytest.ExceptionInfo[Invalid]) -> tuple[str, tuple[str, ...]]:
    (found,) = error.value.problems
    return found.kind, found.suggestions


def test_a_reference_is_a_name_a_version_or_a_tag(store: Store, shelf: AdapterShelf) -> None:
    first, second = kept(store, shelf, "one", "two")
    assert [found.reference for found in shelf.all()] == ["ana@1", "ana@2"]
    assert shelf.find("ana") == shelf.find("ana@2") == shelf.find("ana@latest") == second
    assert shelf.tag("ana@1", "good").tags == ("good",)
    found = shelf.find("ana@good")
    assert found is not None
    assert (found.digest, found.size, found.card) == (first.digest, 3, ANA)
    assert shelf.path(found).read_bytes() == b"one"
    assert [shelf.find(other) for other in ("ana@3", "ana@", "eva", "ana@goo", "", "@1")] == [None] * 6


def test_a_tag_moves_and_goes(store: Store, shelf: AdapterShelf) -> None:
    kept(store, shelf, "one", "two")
    shelf.tag("ana@1", "good")
    shelf.tag("ana", "good")
    assert [found.tags for found in shelf.all()] == [(), ("good",)]
    assert shelf.untag("ana", "good").version == 2
    assert shelf.find("ana@good") is None


@pytest.mark.parametrize("tag", ["latest", "3", "", "a b", "-x", "x" * 65])
def test_what_could_be_mistaken_is_no_tag(store: Store, shelf: AdapterShelf, tag: str) -> None:
    kept(store, shelf, "one")
    with pytest.raises(Invalid) as error:
        shelf.tag("ana", tag)
    assert problem(error)[0] == "shelf_tag"


def test_the_same_bytes_are_one_version_of_a_name(store: Store, shelf: AdapterShelf) -> None:
    kept(store, shelf, "one", "two", "one")
    kept(store, shelf, "one", name="anna")
    assert [found.reference for found in shelf.all()] == ["ana@1", "ana@2", "anna@1"]


def test_a_subjects_bytes_under_another_name_stay_there(store: Store, shelf: AdapterShelf) -> None:
    kept(store, shelf, "one")
    shelf.rename("ana", "anna")
    again = shelf.keep("ana", adapter(store, "one"), ANA, anywhere=True)
    assert again.reference == "anna@1"
    assert len(shelf.all()) == 1


def test_the_number_of_a_version_that_is_gone_is_not_given_again(store: Store, shelf: AdapterShelf) -> None:
    kept(store, shelf, "one", "two")
    shelf.tag("ana@2", "good")
    shelf.remove("ana@2")
    assert shelf.find("ana@good") is None
    (third,) = kept(store, shelf, "three")
    assert third.reference == "ana@3"


def test_a_new_name_takes_versions_and_tags_along(store: Store, shelf: AdapterShelf) -> None:
    kept(store, shelf, "one", "two")
    kept(store, shelf, "other", name="eva")
    shelf.tag("ana@1", "good")
    shelf.rename("ana", "anna")
    assert [found.reference for found in shelf.all()] == ["anna@1", "anna@2", "eva@1"]
    assert shelf.get("anna@good").version == 1
    with pytest.raises(Invalid) as error:
        shelf.rename("anna", "eva")
    assert problem(error)[0] == "shelf_name_taken"
    with pytest.raises(Invalid) as error:
        shelf.rename("anna@1", "other")
    assert problem(error)[0] == "rename_version"
    with pytest.raises(Invalid) as error:
        shelf.rename("anna", "../x")
    assert problem(error)[0] == "shelf_name"


def test_what_is_not_there_is_said_with_what_is(store: Store, shelf: AdapterShelf) -> None:
    with pytest.raises(Invalid) as error:
        shelf.get("ana")
    assert problem(error) == ("shelf_empty", ())
    kept(store, shelf, "one")
    shelf.tag("ana", "good")
    with pytest.raises(Invalid) as error:
        shelf.get("anna@1")
    assert problem(error) == ("not_on_shelf", ("ana",))
    with pytest.raises(Invalid) as error:
        shelf.get("ana@goo")
    assert problem(error) == ("no_such_version", ("ana@good",))
    assert error.value.problems[0].data["known"] == "1, good"


def test_a_sweep_leaves_what_is_on_the_shelf(store: Store, shelf: AdapterShelf, clock: Clock) -> None:
    kept(store, shelf, "one", "two")
    adapter(store, "nobody's")
    clock.now += 2 * DAY
    shelf.remove("ana@2")
    report = store.gc(dry_run=False)
    assert report.blobs == 2
    assert shelf.path(shelf.get("ana")).read_bytes() == b"one"
    assert store.stats().wasted == 0


def test_a_blob_of_the_shelf_that_lost_its_row_is_not_swept(store: Store, shelf: AdapterShelf, clock: Clock) -> None:
    (one,) = kept(store, shelf, "one")
    place = shelf.path(one)
    place.chmod(0o644)
    assert store.verify().damaged == ()
    clock.now += 2 * DAY
    store.gc(dry_run=False)
    assert place.is_file()


def test_a_forgotten_subject_is_under_no_name(store: Store, shelf: AdapterShelf) -> None:
    kept(store, shelf, "one", "two")
    kept(store, shelf, "three", name="portrait")
    kept(store, shelf, "four", name="eva", card=AdapterCard(base="flux-1", subject="eva"))
    shelf.tag("ana@1", "good")
    shelf.tag("eva@1", "good")
    oblivion = store.erasure()
    traces = oblivion.forget(DataSubject(name="ana"), ErasureSeeds(), dry_run=False)
    oblivion.finish()
    assert traces.adapters == ("ana@1", "ana@2", "portrait@1")
    assert [found.reference for found in shelf.all()] == ["eva@1"]
    assert shelf.get("eva@good").version == 1
    (again,) = kept(store, shelf, "five")
    assert again.reference == "ana@1"
    assert again.tags == ()


def test_who_drew_with_it_is_told_by_recipe_and_run(store: Store, shelf: AdapterShelf) -> None:
    (one,) = kept(store, shelf, "one")
    assert shelf.uses() == []
    worn = adapter(store, "one")
    twice = replace(a_call(2), inputs={"loras/0/path": worn, "loras/1/path": worn})
    calls = [replace(a_call(1), inputs={"loras/0/path": worn}), twice, a_call(3)]
    run = store.runs.begin("portraits", arguments={})
    store.replies.record([replace(an_entry(seed), call=call, run=run) for seed, call in enumerate(calls)])
    assert shelf.users() == {}
    store.trail.set("portraits", {"takes|a|0": calls[0].key}, whole=True)
    assert [(use.digest, use.recipe, use.run, use.calls) for use in shelf.uses()] == [(one.digest, "portraits", run, 2)]
    assert shelf.users() == {one.digest: ["portraits"]}


def test_a_measured_likeness_is_told_afterwards(store: Store, shelf: AdapterShelf) -> None:
    (one,) = kept(store, shelf, "one")
    shelf.amend(one, replace(one.card, likeness=0.61, judged=8))
    found = shelf.get("ana").card
    assert (found.likeness, found.judged) == (0.61, 8)


def test_whoever_remembers_the_shelf_sees_that_it_changed(store: Store, shelf: AdapterShelf) -> None:
    assert not shelf.file.exists()
    looks = []
    kept(store, shelf, "one")
    looks.append(shelf.file.stat().st_ino)
    shelf.tag("ana", "good")
    looks.append(shelf.file.stat().st_mtime_ns)
    shelf.rename("ana", "anna")
    assert shelf.file.stat().st_mtime_ns > looks[-1]


def test_a_card_that_an_older_version_let_in_is_read_without_what_cannot_be(store: Store, shelf: AdapterShelf) -> None:
    poison = replace(ANA, made_at=1e300, photos=10**400, cost_usd=1e308, judged=-1, likeness=7.0)
    (found,) = kept(store, shelf, "one", card=poison)
    assert found.card == replace(ANA, made_at=0.0, photos=None, cost_usd=None, judged=0, likeness=None)
    strange = json.dumps({"origin": "of a later version", "photos": "nine"})
    with closing(sqlite3.connect(store.folder / "store.sqlite")) as rows, rows:
        rows.execute("UPDATE adapters SET card = ?", (strange,))
    assert [each.card for each in shelf.all()] == [AdapterCard(base="")]


def test_a_card_comes_back_from_its_json() -> None:
    card = AdapterCard(
        base="flux-1", settings={"steps": 900}, likeness=0.5, judged=3, origin=AdapterOrigin.FILE, made_at=1.5
    )
    assert parse_card(card_json(card)) == card
    assert parse_card({**card_json(ANA), "later": 1}) == ANA
