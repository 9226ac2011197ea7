"""What each picture in the output folder tells of itself."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from nano_banana import __version__
from nano_banana.core.call import Call
from nano_banana.core.json import as_items, as_object, as_text, as_whole
from nano_banana.marks.account import FORMAT, Account, Person, Told, told_call
from nano_banana.marks.embedded import Mark, marked, unmarked
from nano_banana.marks.origin import closure, producers, source_of, tool_of
from nano_banana.marks.signing import Signer
from nano_banana.reports.record import Picture, Record
from nano_banana.reports.ruled import Ruled, verdict_json
from nano_banana.store.link import Dress
from nano_banana.store.replies import Origin
from nano_banana.store.store import Store

RECIPE = "recipe"
"""What `embed` calls the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is told of a run's pictures: `embed` rules the account, `people` are its subjects.

    `signer` signs them, where there is one. `origin` is the account of a picture that is made again: it is told on.
    """

    embed: frozenset[str] = frozenset({RECIPE})
    people: Mapping[str, Person] = field(default_factory=dict)
    signer: Signer | None = None
    origin: Account | None = None


class Marking:
    """Marks the pictures of one run; the one place where accounts are drawn up."""

    def __init__(self, store: Store, recipe: str, folder: Path, marks: Marks, kind_of: Callable[[Call], str]) -> None:
        """`folder` is where the pictures lie; `kind_of` tells trainings from the rest."""
        self._store = store
        self._recipe = recipe
        self._folder = folder
        self._marks = marks
        self._kind_of = kind_of
        self._others: dict[str, Told | None] = {}

    def dress(self, record: Record, picture: Picture) -> Dress:
        """What this picture has on. Its name changes with what is told, but for the calls: those are the picture's."""
        marks, ruled = self._marks, _ruled(record, picture)
        words = [
            FORMAT,
            record.id,
            picture.stage,
            picture.attempt.label,
            sorted(marks.embed),
            marks.signer.name if marks.signer else "",
            ruled and [str(ruled.ruling), ruled.score, ruled.threshold],
        ]
        name = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]
        digest = picture.blob.digest
        return Dress(name=name, on=partial(self._on, record, picture), same=lambda data: _is(data, digest))

    def _on(self, record: Record, picture: Picture, data: bytes) -> bytes:
        digest = picture.blob.digest
        own = producers([told_call(as_object(call)) for call in as_items(json.loads(record.calls))])
        calls = closure(digest, lambda wanted: own.get(wanted) or self._other(wanted), self._is_training)
        source = source_of(calls, self._is_training)
        account = self._account(record, picture, source, calls) if RECIPE in self._marks.embed else None
        mark = Mark(source=source, tool=tool_of(calls, __version__, self._is_training), account=account)
        done = marked(data, mark, digest=digest)
        signer = self._marks.signer
        return signer.sign(done, mark, self._parents(record, picture, calls)) if signer else done

    def _account(self, record: Record, picture: Picture, source: str, calls: Sequence[Told]) -> Account:
        card, ruled, origin = record.card, _ruled(record, picture), self._marks.origin
        born = _born(self._store.origins([picture.blob.digest]).get(picture.blob.digest, ()), calls)
        cast = card.cast or ((card.subject,) if card.subject else ())
        return Account(
            program=__version__,
            recipe=origin.recipe if origin else self._recipe,
            take=origin.take if origin else record.id,
            stage=picture.stage,
            picture=picture.blob.digest,
            source=source,
            attempt=origin.attempt if origin else picture.attempt.number,
            label=origin.label if origin else picture.attempt.label,
            shot=origin.shot if origin else card.shot,
            template=origin.template if origin else card.template,
            axes=origin.axes if origin else card.axes,
            seed=origin.seed if origin else card.seed,
            people=origin.people if origin else [self._person(name) for name in cast],
            verdict=verdict_json(ruled) if ruled else {},
            run=born.run if born else "",
            made_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(born.made_at)) if born else "",
            calls=calls,
        )

    def _person(self, name: str) -> Person:
        return self._marks.people.get(name) or Person(name=name, trigger="", noun="")

    def _parents(self, record: Record, picture: Picture, calls: Sequence[Told]) -> list[bytes]:
        """The take's earlier picture that this one was made from, as it lies in the output folder."""
        taken = {digest for call in calls for digest in call.inputs.values()}
        earlier = [each for each in record.pictures if each.blob.digest in taken and each.name != picture.name]
        files = [self._folder / each.name for each in earlier[-1:]]
        return [file.read_bytes() for file in files if file.is_file()]

    def _other(self, digest: str) -> Told | None:
        """The call outside of the take that a file came out of: an adapter's training, another take's picture."""
        if digest not in self._others:
            origins = self._store.origins([digest]).get(digest, ())
            self._others[digest] = _told(origins[0]) if origins else None
        return self._others[digest]

    def _is_training(self, call: Told) -> bool:
        asked = Call(provider=call.provider, endpoint=call.endpoint, arguments={})
        return self._kind_of(asked) == "train"


def _is(data: bytes, digest: str) -> bool:
    bare = unmarked(data)
    return bare is not None and hashlib.sha256(bare).hexdigest() == digest


def _ruled(record: Record, picture: Picture) -> Ruled | None:
    """The last verdict on this very picture."""
    digest = picture.blob.digest
    return next((ruled for ruled in reversed(record.verdicts) if ruled.digest == digest), None)


def _born(origins: Sequence[Origin], calls: Sequence[Told]) -> Origin | None:
    """How the picture came into the store: by its own call, where several made the same bytes."""
    keys = {call.key for call in calls}
    return next((origin for origin in origins if origin.key in keys), origins[0] if origins else None)


def _told(origin: Origin) -> Told:
    told = origin.document
    return Told(
        stage="",
        provider=as_text(told["provider"]),
        endpoint=as_text(told["endpoint"]),
        arguments=as_object(told["arguments"]),
        inputs={place: as_text(digest) for place, digest in as_object(told["inputs"]).items()},
        outputs=dict(origin.outputs),
        key=origin.key,
        revision=as_whole(told["revision"]),
        cost_usd=origin.cost_usd,
    )
