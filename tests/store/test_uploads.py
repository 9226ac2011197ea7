"""What lies at a service is not sent again while it is there."""

from __future__ import annotations

from nano_banana.model.ticket import Upload
from nano_banana.store.local_store import Store
from tests.store.tools import Clock

SERVICE = "https://rest.example"


def an_upload(digest: str, expires_at: float | None, *, service: str = SERVICE) -> Upload:
    return Upload(service=service, digest=digest, url=f"https://files.example/{digest}", expires_at=expires_at)


def test_uploads_come_back_while_they_have_time_left(store: Store, clock: Clock) -> None:
    forever = an_upload("a", None)
    long = an_upload("b", clock.now + 601)
    short = an_upload("c", clock.now + 600)
    store.uploads.keep([forever, long, short])
    assert store.uploads.get(SERVICE, ["a", "b", "c", "d"]) == {"a": forever, "b": long}
    assert store.uploads.get(SERVICE, iter("cc"), margin=599.0) == {"c": short}
    assert store.uploads.get("https://elsewhere.example", ["a"]) == {}


def test_a_later_upload_takes_the_place_of_the_first(store: Store, clock: Clock) -> None:
    store.uploads.keep([an_upload("a", clock.now + 1000)])
    later = an_upload("a", clock.now + 9000)
    store.uploads.keep([later])
    assert store.uploads.get(SERVICE, ["a"]) == {"a": later}


def test_expired_uploads_are_dropped_when_others_are_kept(store: Store, clock: Clock) -> None:
    store.uploads.keep([an_upload("a", clock.now + 10), an_upload("b", None)])
    clock.now += 10
    store.uploads.keep([an_upload("c", clock.now + 10)])
    with store._database.reading() as rows:
        assert rows.execute("SELECT digest FROM uploads ORDER BY digest").fetchall() == [("b",), ("c",)]
