"""Somebody leaves the store: rows, files and pages; and nobody else does."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from nano_banana.formats.file_stamps import FileStamp
from nano_banana.model.call import Blob, Call, Reply
from nano_banana.model.problem import Unusable
from nano_banana.model.ticket import Requester, TicketState, Upload, transition
from nano_banana.store.adapter_shelf import AdapterCard
from nano_banana.store.local_store import Store
from nano_banana.store.personal_data import DataSubject, ErasureSeeds, SubjectTraces
from nano_banana.store.reply_cache import RecordedCall
from nano_banana.store.tickets import Saving
from tests.store.tools import a_ticket, file_of, kind_of, no_larger_files, powerless

NOTHING = ErasureSeeds()
ANA = DataSubject(name="ana", triggers=frozenset({"anqz7"}))


def asked(endpoint: str, prompt: str = "", **inputs: Blob) -> Call:
    return Call(provider="local", endpoint=endpoint, arguments={"prompt": prompt}, inputs=inputs)


def made(store: Store, call: Call, data: bytes) -> Blob:
    """The call, answered with one file."""
    blob = store.blobs.put(data, media="image/png")
    store.replies.record(
        [RecordedCall(call=call, reply=Reply(data={"prompt": "seen"}, files={"out": blob}), run="a-run")]
    )
    return blob


def photo_of(name: str) -> Blob:
    return Blob(digest=(name.encode().hex() * 32)[:64], size=1, media="image/jpeg")


def people(store: Store) -> dict[str, Blob]:
    """Ana and Ben: an adapter of each, a picture of each, both together, and a landscape."""
    found: dict[str, Blob] = {}
    for name in ("ana", "ben"):
        found[f"{name}-zip"] = made(store, asked("zip", photo=photo_of(name)), f"zip {name}".encode())
        found[name] = made(store, asked("train", zip=found[f"{name}-zip"]), f"adapter {name}".encode())
        store.shelf.keep(name, found[name], AdapterCard(base="flux-1", subject=name, trigger=f"{name}q"))
        found[f"{name}-drawn"] = made(store, asked("draw", lora=found[name]), f"picture {name}".encode())
    found["landscape"] = made(store, asked("draw", "hills"), b"landscape")
    found["both"] = made(store, asked("paint", one=found["ana"], two=found["ben"]), b"both")
    return found


def forget(store: Store, who: DataSubject = ANA, hints: ErasureSeeds = NOTHING) -> SubjectTraces:
    oblivion = store.erasure()
    traces = oblivion.forget(who, hints, dry_run=False)
    oblivion.finish()
    return traces


def dump(store: Store) -> list[str]:
    with closing(sqlite3.connect(store.folder / "store.sqlite")) as rows:
        return list(rows.iterdump())


def there(store: Store, found: dict[str, Blob]) -> set[str]:
    return {name for name, blob in found.items() if file_of(store, blob).exists()}


def test_the_adapter_on_the_shelf_leads_to_everything(store: Store) -> None:
    found = people(store)
    traces = forget(store)
    assert there(store, found) == {"ben-zip", "ben", "ben-drawn", "landscape"}
    assert (traces.adapters, traces.answers, traces.files) == (("ana@1",), 4, 4)
    assert [row.name for row in store.shelf.all()] == ["ben"]
    assert photo_of("ana").digest in traces.digests
    assert b"anaq" not in (store.folder / "store.sqlite").read_bytes()


def test_a_dry_run_tells_the_same_and_changes_nothing(store: Store) -> None:
    found = people(store)
    before = dump(store)
    dry = store.erasure().forget(ANA, ErasureSeeds(), dry_run=True)
    assert dump(store) == before
    assert there(store, found) == set(found)
    assert forget(store) == dry
    assert forget(store).empty


def test_those_who_remember_the_shelf_see_that_it_changed(store: Store) -> None:
    people(store)
    before = store.shelf.file.stat()
    store.erasure().forget(ANA, ErasureSeeds(), dry_run=True)
    assert store.shelf.file.stat() == before
    forget(store)
    after = store.shelf.file.stat()
    assert (after.st_ino, after.st_ctime_ns) != (before.st_ino, before.st_ctime_ns)
    forget(store)
    assert store.shelf.file.stat().st_ctime_ns == after.st_ctime_ns


def test_photos_lead_to_everything_where_the_shelf_is_empty(store: Store) -> None:
    found = people(store)
    store.shelf.remove("ana@1")
    assert forget(store).empty
    forget(store, replace(ANA, photos=frozenset({photo_of("ana").digest})))
    assert there(store, found) == {"ben-zip", "ben", "ben-drawn", "landscape"}


def test_a_photo_that_shows_both_costs_the_other_no_adapter(store: Store) -> None:
    found = people(store)
    forget(store, DataSubject(name="ana", photos=frozenset({photo_of("ben").digest})))
    assert {"ben", "ben-drawn"} <= there(store, found)
    assert "ben-zip" not in there(store, found)


def test_a_trigger_leads_to_prompts_as_a_word_of_its_own(store: Store) -> None:
    hers = made(store, asked("draw", "anqz7 woman in the rain"), b"hers")
    other = made(store, asked("draw", "anqz77 man in the rain"), b"not hers")
    forget(store)
    assert there(store, {"hers": hers, "other": other}) == {"other"}


def test_a_trail_leads_to_calls_that_name_nobody_unless_others_share_them(store: Store) -> None:
    own, shared = asked("draw", "a room"), asked("draw", "a window")
    root = asked("person", photo=photo_of("ana"))
    blobs = {"own": made(store, own, b"room"), "shared": made(store, shared, b"window")}
    blobs["look"] = made(store, asked("look", photo=photo_of("ana")), b"look")
    made(store, root, b"person")
    positions = {"takes|heads/ana/#0|0": own.key, "takes|heads/ana/#0|1": shared.key, "gate|gate/ana|0": root.key}
    store.trail.set("r", positions | {"takes|heads/ben/#0|0": shared.key}, whole=True)
    forget(store, DataSubject(name="ana"), ErasureSeeds(others=frozenset({shared.key[:32]})))
    assert there(store, blobs) == {"shared"}
    assert list(store.trail.get("r")) == ["takes|heads/ben/#0|0"]


def test_what_reports_know_to_be_theirs_goes_too(store: Store) -> None:
    base = asked("draw", "two strangers")
    blob = made(store, base, b"strangers")
    forget(store, DataSubject(name="ana"), ErasureSeeds(own=frozenset({base.key})))
    assert not file_of(store, blob).exists()


def test_tickets_stay_with_their_sums_and_nothing_else(store: Store) -> None:
    sent = store.tickets.keep([transition(a_ticket(1), TicketState.SENT, request_id="req-ana-1")])
    store.tickets.keep([transition(sent[0], TicketState.COLLECTED, cost_usd=0.5)])
    other = replace(a_ticket(2), requester=Requester(subject="ben"))
    store.tickets.keep([transition(other, TicketState.SENT, request_id="req-2")])
    before = store.ledger.account("endpoint").total
    traces = forget(store)
    assert [ticket.request_id for ticket in traces.requests] == ["req-ana-1"]
    assert store.ledger.account("endpoint").total == before
    assert [line.name for line in store.ledger.account("subject").lines] == ["", "ben"]
    assert "req-ana-1" not in "\n".join(dump(store))
    assert not forget(store).requests


def test_a_request_of_something_that_failed_is_known_by_its_words(store: Store) -> None:
    call = asked("draw", "anqz7 woman")
    ticket = replace(a_ticket(1), key=call.key, document=call.text, requester=Requester())
    (sent,) = store.tickets.keep([transition(ticket, TicketState.SENT, request_id="req-1")])
    store.tickets.keep([transition(sent, TicketState.FAILED)])
    assert len(forget(store).requests) == 1


def test_savings_are_nobody_s_then(store: Store) -> None:
    saving = Saving(recipe="r", subject="ana", endpoint="e", calls=2, usd=0.4)
    store.ledger.note("run-1", [saving, replace(saving, subject="", usd=0.1)])
    store.ledger.note("run-2", [saving])
    forget(store)
    (line,) = store.ledger.account("subject").lines
    assert (line.name, line.saved_calls) == ("", 6)
    assert line.saved_usd == pytest.approx(0.9)


def test_uploads_are_told_and_dropped(store: Store) -> None:
    found = people(store)
    upload = Upload(service="s", digest=found["ana-zip"].digest, url="https://x/ana", expires_at=None)
    store.uploads.keep([upload, Upload(service="s", digest=found["ben-zip"].digest, url="https://x/ben")])
    assert forget(store).uploads == (upload,)
    assert store.uploads.get("s", [found["ana-zip"].digest, found["ben-zip"].digest]).keys() == {
        found["ben-zip"].digest
    }


def test_notes_lose_what_is_of_them_and_keep_the_rest(store: Store) -> None:
    found = people(store)
    store.notes.write("before/r", json.dumps({"takes|heads/ana/#0|0": "k1", "takes|heads/ben/#0|0": "k2"}))
    store.notes.write("handout/r", json.dumps({"/x/ana-1.png": [[1], [2]]}))
    store.notes.write("fresh/1", ['{"takes": ["heads/', 'ana/s1"]}'])
    store.notes.write("fresh/2", '{"takes": ["heads/ben/s1"]}')
    store.notes.write("fresh/3", f'{{"sha256": "{found["ana-drawn"].digest}"}}')
    store.notes.write("acceptance/ana-look", "{}")
    store.notes.write("before/torn", "ana, and no JSON")
    forget(store)
    assert json.loads(store.notes.read("before/r") or "") == {"takes|heads/ben/#0|0": "k2"}
    gone = ("handout/r", "fresh/1", "fresh/3", "acceptance/ana-look", "before/torn")
    assert [name for name in gone if store.notes.read(name) is not None] == []
    assert store.notes.read("fresh/2") is not None


def test_runs_and_a_recipe_that_bears_their_name_lose_it(store: Store) -> None:
    run = store.runs.begin("ana", arguments={"only": ["heads/ana/*"]})
    store.runs.end(run, status="done", summary={"made": 1})
    store.trail.set("ana", {"takes|x|0": "k"}, whole=True)
    store.ledger.note(run, [Saving(recipe="ana", subject="", endpoint="e", calls=1, usd=0.1)])
    store.snapshots.keep(run, "ana", b"packed")
    store.tickets.keep([transition(replace(a_ticket(1), requester=Requester(recipe="ana")), TicketState.WITHDRAWN)])
    forget(store)
    (kept,) = store.runs.latest()
    assert (kept.recipe, kept.arguments, kept.status) == ("", {}, "done")
    assert store.ledger.account("recipe").total.saved_usd == pytest.approx(0.1)
    assert "'ana'" not in "\n".join(dump(store))


def test_paths_are_forgotten_with_what_lies_there(store: Store, tmp_path: Path) -> None:
    found = people(store)
    ours, beside = tmp_path / "out/picture.png", tmp_path / "ana/notes.txt"
    beside.parent.mkdir()
    beside.write_text("a caption")
    store.outputs.write(found["ana-drawn"], ours)
    store.outputs.write(found["ben-drawn"], tmp_path / "out/ana-and-other-words.png")
    store.files.adopt(beside, "0" * 64, FileStamp(1, 1, 1, 1))
    traces = forget(store)
    assert traces.outputs == (str(ours),)
    # Of a file that we wrote and that stays we go on knowing that it is ours.
    assert store.files.is_ours(tmp_path / "out/ana-and-other-words.png")


def test_files_that_nothing_names_go_since_they_may_be_anybody_s(store: Store) -> None:
    people(store)
    lonely = store.blobs.put(b"half a run's", media="image/png")
    loose = store.folder / "blobs/ff/0123"
    loose.parent.mkdir(exist_ok=True)
    loose.write_bytes(b"of no row")
    torn = store.folder / "blobs/new/999999999-0"
    torn.write_bytes(b"of a process that died")
    dry = store.erasure().forget(ANA, ErasureSeeds(), dry_run=True)
    assert (dry.unnamed, dry.unnamed_bytes) == (2, 12 + 9)
    forget(store)
    assert not any(path.exists() for path in (file_of(store, lonely), loose, torn))


def test_nothing_is_deleted_while_a_run_goes_on_or_a_request_is_open(store: Store) -> None:
    found = people(store)
    run = store.runs.begin("r", arguments={})
    for act in (lambda: forget(store), lambda: store.erasure().finish()):
        with pytest.raises(Unusable) as error:
            act()
        assert kind_of(error) == "forget_underway"
    store.runs.end(run, status="done", summary={})
    store.tickets.keep([a_ticket(1)])
    with pytest.raises(Unusable) as error:
        forget(store)
    assert kind_of(error) == "forget_open"
    with pytest.raises(Unusable) as error:
        store.erasure().check(ANA, store.erasure().forget(ANA, ErasureSeeds(), dry_run=True))
    assert kind_of(error) == "forget_open"
    assert there(store, found) == set(found)


def test_a_full_disk_deletes_nothing_or_all_of_it(store: Store) -> None:
    found = people(store)
    for number in range(300):
        store.notes.write(f"note {number}", "x" * 2000)
    before = dump(store)
    with no_larger_files(0), pytest.raises(Unusable) as error:
        forget(store)
    assert kind_of(error) in ("store_full", "store_failed")
    assert dump(store) == before
    assert there(store, found) == set(found)
    store.erasure().forget(ANA, ErasureSeeds(), dry_run=False)
    with no_larger_files(100_000), pytest.raises(Unusable):
        store.erasure().finish()
    assert store.erasure().pending
    store.erasure().finish()
    assert not store.erasure().pending
    assert there(store, found) == {"ben-zip", "ben", "ben-drawn", "landscape"}


def test_a_read_only_store_is_said(public: Path) -> None:
    with Store.open(public / "store") as opened:
        people(opened)
    with powerless(), pytest.raises(Unusable) as error, Store.open(public / "store") as opened:
        forget(opened)
    assert kind_of(error) == "store_read_only"


def test_somebody_is_named_in_any_script_and_as_json_writes_it() -> None:
    who = DataSubject(name="Zoë", paths=frozenset({"/p/zoë/1"}))
    assert who.mentions('{"subject": "Zo\\u00eb"}')
    assert who.mentions("heads/Zoë/#0")
    assert not who.mentions("Zoës")
    assert who.mentions("/p/zoë/1.jpg")
    assert not who.mentions_trigger("Zoë")
