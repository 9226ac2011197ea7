"""Replies by key: looked up in bulk, served only with all their files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from nano_banana.formats.file_stamps import FileStamp
from nano_banana.model.call import Blob, Call, Reply
from nano_banana.model.json_values import JSONObject
from nano_banana.model.ticket import Ticket
from nano_banana.store.blobs import Blobs
from nano_banana.store.database import Database, json_text
from nano_banana.store.tickets import write_tickets

# Keys are asked for in order, so that each page of a large database is read once.
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
_DIGEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """A call that was answered, and the run that had it answered. The reply's files are in the store.

    `ticket` is that of the request which the reply came from, as it is closed by it.
    """

    call: Call
    reply: Reply
    run: str
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOrigin:
    """A call that a file came out of: its document, the run that made it and when (seconds since 1970), its cost.

    `outputs` are all of its files, place to digest.
    """

    key: str
    run: str
    made_at: float
    cost_usd: float | None
    document: JSONObject
    outputs: Mapping[str, str]


class ReplyCache:
    """The cache: what each call came back with, by key."""

    def __init__(self, database: Database, blobs: Blobs, clock: Callable[[], float]) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    def get(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies to these calls whose files are all there and sound: one query for all.

        A reply that lost a file, or whose file is damaged, is a miss: making its call again heals it.
        """
        with self._database.reading() as rows:
            found = rows.execute(_SELECT, (json_text(sorted(set(keys))),)).fetchall()
        # (A blob without a row has a stamp of four nulls, which no file has.)
        stamps: dict[str, FileStamp | None] = {row[_DIGEST]: row[:4] for row in found if row[_DIGEST] is not None}
        sound = self._blobs.check(stamps).sound
        # One long text is read faster than ten thousand short ones.
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
        """Keep these answers with their tickets, all or none; outlives a loss of power on return.

        That ends the claims on their keys. Raises what `Tickets.keep` raises.
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
        """The documents (`core.call.document`) of those of these calls that were ever answered."""
        with self._database.reading() as rows:
            found = rows.execute(_DOCUMENTS, (json_text(sorted(set(keys))),)).fetchall()
        return {key: json.loads(text) for key, text in found}

    def makers(self, keys: Iterable[str]) -> dict[str, str]:
        """The run that made each of these calls, of those that are answered."""
        with self._database.reading() as rows:
            found = rows.execute(_MAKERS, (json_text(sorted(set(keys))),)).fetchall()
        return dict(found)

    def origins(self, digests: Iterable[str]) -> dict[str, list[FileOrigin]]:
        """The answered calls that each of these files came out of, oldest first; none for a file of the user's."""
        with self._database.reading() as rows:
            found = rows.execute(_ORIGINS, (json_text(sorted(set(digests))),)).fetchall()
        origins: dict[str, list[FileOrigin]] = {}
        for digest, key, run, made_at, cost_usd, document, outputs in found:
            origin = FileOrigin(
                key=key,
                run=run,
                made_at=made_at,
                cost_usd=cost_usd,
                document=json.loads(document),
                outputs=json.loads(outputs),
            )
            origins.setdefault(digest, []).append(origin)
        return origins
