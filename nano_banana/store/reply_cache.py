"""Replies by key: looked up in bulk, served only with all their files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from nano_banana.formats.file_stamps import FileStamp
from nano_banana.model.call import Blob, Call, Reply
from nano_banana.model.json_values import JSONObject
from nano_banana.model.ticket import Ticket
from nano_banana.store.blobs import Blobs
from nano_banana.store.database import Database, StorePart, json_set, json_text
from nano_banana.store.tickets import write_tickets

_SELECT = """
    SELECT b.size, b.mtime_ns, b.ctime_ns, b.inode,
           f.digest, f.size, f.media, f.place, r.key, r.seconds, r.cost_usd, r.data
    FROM json_each(?) AS asked CROSS JOIN replies AS r ON r.key = asked.value
    LEFT JOIN reply_files AS f ON f.key = r.key LEFT JOIN blobs AS b ON b.digest = f.digest
"""
_DOCUMENTS = "SELECT d.key, document FROM json_each(?) AS asked CROSS JOIN documents AS d ON d.key = asked.value"
_MAKERS = "SELECT key, run FROM replies WHERE key IN (SELECT value FROM json_each(?))"
_ORIGINS = """
    SELECT f.digest, r.key, r.run, r.made_at, r.cost_usd, d.document,
           (SELECT json_group_object(place, digest) FROM reply_files WHERE key = r.key)
    FROM json_each(?) AS asked CROSS JOIN reply_files AS f ON f.digest = asked.value
    JOIN replies AS r ON r.key = f.key JOIN documents AS d ON d.key = f.key ORDER BY r.made_at, r.key
"""
_DOCUMENTS_BY_PREFIX = """
    SELECT asked.value, document FROM json_each(?) AS asked
    CROSS JOIN documents AS d ON d.key >= asked.value AND d.key < asked.value || 'g'
"""
"""(`g` comes after every hexadecimal digit.)"""

_DIGEST = 4


class RecordedCall(Struct, frozen=True, kw_only=True):
    """An answered call, and the run that it was made in. The reply's files are in the store.

    `ticket` is the ticket of the request, as closed by this reply.
    """

    call: Call
    reply: Reply
    run: str
    ticket: Ticket | None = None


class FileOrigin(NamedTuple):
    """A call that produced a file: its document, run, time (seconds since 1970) and cost.

    `outputs` are the digests of all its files, by their place in the reply.
    """

    key: str
    run: str
    made_at: float
    cost_usd: float | None
    document: JSONObject
    outputs: Mapping[str, str]


class ReplyCache(StorePart):
    """The cache: the reply to each call, by key."""

    def __init__(self, database: Database, blobs: Blobs, clock: Callable[[], float]) -> None:
        super().__init__(database, clock)
        self._blobs = blobs

    def get(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies to these calls whose files are all there and intact, in one query.

        A reply that lost a file, or whose file is damaged, is a cache miss: making its call again heals it.
        """
        with self._database.reading() as rows:
            found = rows.execute(_SELECT, (json_set(keys),)).fetchall()
        # (A blob without a row has a stamp of four nulls, which no file has.)
        stamps = {row[_DIGEST]: FileStamp(*row[:4]) for row in found if row[_DIGEST] is not None}
        sound = self._blobs.check(stamps).sound
        # One long text is decoded faster than ten thousand short ones.
        answers = json.loads(f"[{','.join([row[-1] for row in found])}]")
        replies: dict[str, Reply] = {}
        files: dict[str, Blob] = {}
        broken: set[str] = set()
        for (*_, digest, size, media, place, key, seconds, cost_usd, _), data in zip(found, answers, strict=True):
            if key not in replies:
                files = {}
                replies[key] = Reply(data=data, files=files, seconds=seconds, cost_usd=cost_usd)
            if digest in sound:
                files[place] = Blob(digest=digest, size=size, media=media)
            elif digest is not None:
                broken.add(key)
        for key in broken:
            del replies[key]
        return replies

    def record(self, entries: Sequence[RecordedCall]) -> None:
        """Save these answers with their tickets, all or none; they survive a loss of power.

        This ends the claims on their keys. Raises what `Tickets.keep` raises.
        """
        calls = [
            (
                entry.call.key,
                entry.call.provider,
                entry.call.endpoint,
                json_text(entry.reply.data),
                entry.reply.seconds,
                entry.reply.cost_usd,
                self._clock(),
                entry.run,
            )
            for entry in entries
        ]
        documents = [(entry.call.key, entry.call.text) for entry in entries]
        keys = [(entry.call.key,) for entry in entries]
        files = [
            (entry.call.key, place, blob.digest, blob.size, blob.media)
            for entry in entries
            for place, blob in entry.reply.files.items()
        ]
        with self._database.writing(durable=True) as rows:
            rows.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?)", calls)
            rows.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?)", documents)
            rows.executemany("DELETE FROM reply_files WHERE key = ?", keys)
            rows.executemany("INSERT OR REPLACE INTO reply_files VALUES (?, ?, ?, ?, ?)", files)
            rows.executemany("DELETE FROM claims WHERE key = ?", keys)
            write_tickets(rows, [entry.ticket for entry in entries if entry.ticket is not None], now=self._clock())

    def documents(self, keys: Iterable[str]) -> dict[str, JSONObject]:
        """The documents (`call_document`) of those of these calls that were ever answered."""
        return {key: json.loads(document) for key, document in self._database.select(_DOCUMENTS, json_set(keys))}

    def documents_by_prefix(self, prefixes: Iterable[str]) -> dict[str, JSONObject]:
        """The documents of answered calls by the first digits of their keys; calls that the store lost are absent."""
        found = self._database.select(_DOCUMENTS_BY_PREFIX, json_set(prefixes))
        return {prefix: json.loads(document) for prefix, document in found}

    def makers(self, keys: Iterable[str]) -> dict[str, str]:
        """The run in which each of these calls was answered."""
        with self._database.reading() as rows:
            return dict(rows.execute(_MAKERS, (json_set(keys),)).fetchall())

    def origins(self, digests: Iterable[str]) -> dict[str, list[FileOrigin]]:
        """The answered calls that produced each of these files, oldest first; none for the user's own files."""
        found = self._database.select(_ORIGINS, json_set(digests))
        origins: dict[str, list[FileOrigin]] = {}
        for digest, key, run, made_at, cost_usd, document, outputs in found:
            origin = FileOrigin(key, run, made_at, cost_usd, json.loads(document), json.loads(outputs))
            origins.setdefault(digest, []).append(origin)
        return origins
