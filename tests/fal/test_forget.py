"""Somebody is forgotten whose pictures were bought: the books stay, and nobody is in them."""

from __future__ import annotations

import hashlib
import signal
import sqlite3
from contextlib import closing

from nano_banana.model.json_values import as_items, as_object, as_text
from tests.fal.project import FalProject
from tests.fal.service import Service, until

REHEARSAL = ".nano-banana/rehearsal"


def found_in_store(project: FalProject, words: list[str]) -> list[str]:
    """Which of the words are anywhere in the bytes of the store's folder."""
    data = [path.read_bytes() for path in (project.root / ".nano-banana").rglob("*") if path.is_file()]
    return [word for word in words if any(word.encode() in each for each in data)]


def personal(project: FalProject) -> list[str]:
    """Words, keys, digests, ids and addresses that only she accounts for."""
    with closing(sqlite3.connect(project.root / REHEARSAL / "store.sqlite")) as rows:
        kept = [text for (text,) in rows.execute("SELECT request_id FROM tickets UNION SELECT url FROM uploads")]
        kept += [key for (key,) in rows.execute("SELECT key FROM tickets UNION SELECT digest FROM adapters")]
    photos = (project.root / "photos/ana").iterdir()
    digests = [hashlib.sha256(photo.read_bytes()).hexdigest() for photo in photos]
    return ["anqz7", "headshot, a", "heads/ana", "photos/ana", *kept, *digests]


def test_the_books_keep_their_sums_and_nobody_s_name(project: FalProject) -> None:
    project.trained().run()
    before, words = project.stats(), personal(project)
    assert len(found_in_store(project, words)) > 10
    told = project.workspace.json("forget", "ana", "--yes")
    assert found_in_store(project, words) == []
    after = project.stats()
    assert {name: after[name] for name in ("requests", "spent_usd")} == {
        name: before[name] for name in ("requests", "spent_usd")
    }
    assert {(row["subject"], row["document"], row["request_id"]) for row in project.tickets()} == {("", "", "")}
    provider = as_object(told["provider"])
    assert len(as_items(provider["requests"])) == 5
    (upload, *_) = as_items(provider["uploads"])
    assert as_text(as_object(upload)["until"]).endswith("Z")


def test_the_receipt_says_what_the_service_may_hold(project: FalProject) -> None:
    project.trained().run()
    ids = [str(row["request_id"]) for row in project.tickets()]
    screen = project.workspace.expect("forget", "ana", "--yes", "--receipt", "receipt.json")
    screen.shows("uploaded file", "5 requests", ids[0], "DELETE https://api.fal.ai/", "…")
    assert all(each in project.workspace.read("receipt.json") for each in ids)


def test_it_waits_for_what_is_still_at_the_service(project: FalProject, service: Service) -> None:
    service.turn("pause")
    running = project.spawn()
    until(lambda: project.states() == ["sent"] * 4, "four tickets sent")
    screen = project.workspace.expect("forget", "ana", "--yes", exit_code=1)
    screen.shows("a run is using the store")
    running.signal(signal.SIGKILL).wait()
    screen = project.workspace.expect("forget", "ana", "--yes", exit_code=1)
    screen.shows("ana has open requests (4)", "the next run at the provider collects")
    service.turn("resume")
    assert project.states() == ["sent"] * 4
    project.run()
    project.workspace.expect("forget", "ana", "--yes").shows("Everything is deleted")
    assert not project.pictures()


def test_what_was_lost_and_nobody_asks_for_any_more_is_given_up_with_them(
    project: FalProject, service: Service
) -> None:
    service.fault("nginx-after", times=2).fault("5xx", on="api", times=None)
    for words in ("anqz7 woman, at sea", "anqz7 woman, ashore"):
        project.workspace.expect("generate", "--provider", "fal", "--prompt", words, exit_code=1)
    assert project.states() == ["unknown"] * 2
    screen = project.workspace.expect("forget", "ana", "--yes", exit_code=1)
    screen.shows("ana has open requests (2)", "`--abandon` drops", "`nano-banana stats`")
    assert project.states() == ["unknown"] * 2
    project.workspace.expect("forget", "ana", "--abandon", exit_code=2).shows("confirmation needs a terminal")
    assert project.states() == ["unknown"] * 2
    project.workspace.write("taken.json", "mine")
    project.workspace.expect("forget", "ana", "--yes", "--abandon", "--receipt", "taken.json", exit_code=1)
    assert project.states() == ["unknown"] * 2
    told = project.workspace.json("forget", "ana", "--yes", "--abandon")
    assert project.states() == ["abandoned"] * 2
    assert {(row["document"], row["body"]) for row in project.tickets()} == {("", "")}
    assert found_in_store(project, ["anqz7", "ashore"]) == []
    # Their ids were never heard of, but fal may have them.
    requests = [as_object(each) for each in as_items(as_object(told["provider"])["requests"])]
    assert [(each["request_id"], each["state"]) for each in requests] == [("", "unknown")] * 2


def test_what_a_killed_run_was_sending_is_given_up_too(project: FalProject, service: Service) -> None:
    service.fault("hang", times=None, arg="60")
    running = project.spawn()
    until(lambda: project.states() == ["sending"] * 4, "four tickets on their way")
    running.signal(signal.SIGKILL).wait()
    service.faultless()
    project.workspace.expect("forget", "ana", "--yes", "--abandon").shows("4 requests", "unknown ID")
    assert project.states() == ["abandoned"] * 4


def test_what_was_accepted_is_never_given_up(project: FalProject, service: Service) -> None:
    service.turn("pause")
    running = project.spawn()
    until(lambda: project.states() == ["sent"] * 4, "four tickets sent")
    running.signal(signal.SIGKILL).wait()
    service.turn("resume")
    project.workspace.expect("forget", "ana", "--yes", "--abandon", exit_code=1).shows("has open requests (4)")
    assert project.states() == ["sent"] * 4
