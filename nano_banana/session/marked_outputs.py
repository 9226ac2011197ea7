"""Writes pictures to the output folder, with embedded metadata.

An output is a blob's bytes plus metadata; removing the metadata gives the blob's bytes again. The store's blobs have no
metadata. If the recipe wants content credentials, the signer is loaded early, before anything is paid for.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

import msgspec
from msgspec import Struct, field

from nano_banana import __version__
from nano_banana.formats.file_stamps import FileStamp
from nano_banana.model.call import Call
from nano_banana.provenance.embedding import ImageSigner, ProvenanceInfo, embed_metadata, original_bytes
from nano_banana.provenance.generation_record import (
    RECORD_VERSION,
    CallRecord,
    DepictedPerson,
    GenerationRecord,
    call_closure,
    creator_tool,
    digital_source_type,
    producing_calls,
)
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.recipe_model import Recipe
from nano_banana.session.run_records import NodeRecord, OutputPicture, VerdictSummary, reported_verdict
from nano_banana.settings.configuration import Settings
from nano_banana.store.local_store import Store
from nano_banana.store.reply_cache import FileOrigin
from nano_banana.store.tracked_files import MetadataWriter, content_name

EMBED_RECIPE = "recipe"
"""The name of the generation record in `embed`."""


class EmbedSettings(Struct, frozen=True, kw_only=True):
    """What is embedded in a run's pictures: `embed` selects it, `people` are its subjects.

    `signer` signs them, if there is one. `origin` is the record of a recreated picture, whose facts are kept.
    """

    embed: frozenset[str] = frozenset({EMBED_RECIPE})
    people: Mapping[str, DepictedPerson] = field(default_factory=dict)
    signer: ImageSigner | None = None
    origin: GenerationRecord | None = None


class OutputMarker:
    """Embeds metadata in the pictures of one run; the only place that makes generation records."""

    def __init__(
        self, store: Store, recipe: str, folder: Path, marks: EmbedSettings, kind_of: Callable[[Call], str]
    ) -> None:
        """`folder` is where the pictures are; `kind_of` distinguishes trainings from other calls."""
        self._store = store
        self._recipe = recipe
        self._folder = folder
        self._marks = marks
        self._kind_of = kind_of
        self._others: dict[str, CallRecord | None] = {}

    def writer_for(self, record: NodeRecord, picture: OutputPicture) -> MetadataWriter:
        """Writes this picture's metadata. Its name changes with the metadata, except for the calls."""
        marks, ruled = self._marks, _verdict_on(record, picture)
        words = [
            RECORD_VERSION,
            record.id,
            picture.stage,
            picture.attempt.label,
            sorted(marks.embed),
            marks.signer.name if marks.signer else "",
            ruled and [str(ruled.ruling), ruled.score, ruled.threshold, *([ruled.decision] if ruled.decision else [])],
        ]
        name = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]
        digest = picture.blob.digest
        return MetadataWriter(
            name=name, apply=partial(self._on, record, picture), is_same=lambda data: _has_digest(data, digest)
        )

    def _on(self, record: NodeRecord, picture: OutputPicture, data: bytes) -> bytes:
        digest = picture.blob.digest
        own = producing_calls(msgspec.convert(json.loads(record.calls), list[CallRecord]))
        calls = call_closure(digest, lambda wanted: own.get(wanted) or self._other(wanted), self._is_training)
        source = digital_source_type(calls, self._is_training)
        account = self._account(record, picture, source, calls) if EMBED_RECIPE in self._marks.embed else None
        mark = ProvenanceInfo(source=source, tool=creator_tool(calls, __version__, self._is_training), account=account)
        done = embed_metadata(data, mark, digest=digest)
        signer = self._marks.signer
        return signer.sign(done, mark, self._parents(record, picture, calls)) if signer else done

    def _account(
        self, record: NodeRecord, picture: OutputPicture, source: str, calls: Sequence[CallRecord]
    ) -> GenerationRecord:
        card, ruled, origin = record.card, _verdict_on(record, picture), self._marks.origin
        born = _origin_of(self._store.replies.origins([picture.blob.digest]).get(picture.blob.digest, ()), calls)
        cast = card.cast or ((card.subject,) if card.subject else ())
        return GenerationRecord(
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
            verdict=reported_verdict(ruled).json() if ruled else {},
            run=born.run if born else "",
            made_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(born.made_at)) if born else "",
            calls=calls,
        )

    def _person(self, name: str) -> DepictedPerson:
        return self._marks.people.get(name) or DepictedPerson(name=name, trigger="", noun="")

    def _parents(self, record: NodeRecord, picture: OutputPicture, calls: Sequence[CallRecord]) -> list[bytes]:
        """The file of the take's earlier picture that this one was made from."""
        taken = {digest for call in calls for digest in call.inputs.values()}
        earlier = [each for each in record.pictures if each.blob.digest in taken and each.name != picture.name]
        files = [self._folder / each.name for each in earlier[-1:]]
        return [file.read_bytes() for file in files if file.is_file()]

    def _other(self, digest: str) -> CallRecord | None:
        """The call outside of the take that made a file: an adapter's training, another take's picture."""
        if digest not in self._others:
            origins = self._store.replies.origins([digest]).get(digest, ())
            self._others[digest] = _record_of_origin(origins[0]) if origins else None
        return self._others[digest]

    def _is_training(self, call: CallRecord) -> bool:
        asked = Call(provider=call.provider, endpoint=call.endpoint, arguments={})
        return self._kind_of(asked) == "train"


def _has_digest(data: bytes, digest: str) -> bool:
    bare = original_bytes(data)
    return bare is not None and hashlib.sha256(bare).hexdigest() == digest


def _verdict_on(record: NodeRecord, picture: OutputPicture) -> VerdictSummary | None:
    """The last verdict on this very picture."""
    digest = picture.blob.digest
    return next((ruled for ruled in reversed(record.verdicts) if ruled.digest == digest), None)


def _origin_of(origins: Sequence[FileOrigin], calls: Sequence[CallRecord]) -> FileOrigin | None:
    """The call that made the picture: the take's own, if several made the same bytes."""
    keys = {call.key for call in calls}
    return next((origin for origin in origins if origin.key in keys), origins[0] if origins else None)


def _record_of_origin(origin: FileOrigin) -> CallRecord:
    made = {"stage": "", "outputs": origin.outputs, "key": origin.key, "cost_usd": origin.cost_usd}
    return msgspec.convert({**origin.document, **made}, CallRecord)


def embed_settings_for(recipe: Recipe, signer: ImageSigner | None = None) -> EmbedSettings:
    """What a recipe embeds in its pictures; `signer` signs them, if there is one."""
    people = {
        name: DepictedPerson(name=name, trigger=subject.trigger, noun=subject.noun)
        for name, subject in recipe.subjects.items()
    }
    return EmbedSettings(embed=recipe.outputs.embed, people=people, signer=signer)


def signed_embed_settings(recipe: Recipe, settings: Settings, files: RecipeFiles) -> EmbedSettings:
    """What this recipe embeds in its pictures, and the signer. Raises as `signer_for` does.

    The certificate becomes one of the run's `files`, so that the next run notices a change.
    """
    signer = signer_for(recipe, settings)
    if signer is not None:
        files.exists(settings.c2pa_certificate, confined=False)
    return embed_settings_for(recipe, signer)


def signer_for(recipe: Recipe, settings: Settings, *, now: datetime | None = None) -> ImageSigner | None:
    """The signer of this recipe's pictures, None if `outputs.files.embed` has no `c2pa`.

    `now` has a time zone (None: this moment). Raises Unusable and Invalid, as `load_credential` does, before anything
    is paid for.
    """
    if "c2pa" not in recipe.outputs.embed:
        return None
    from nano_banana.provenance.c2pa_certificates import load_credential
    from nano_banana.provenance.content_credentials import C2paSigner

    moment = datetime.now(UTC) if now is None else now
    return C2paSigner(load_credential(settings.c2pa_certificate, settings.c2pa_key, now=moment))


WriterFor: TypeAlias = Callable[[NodeRecord, OutputPicture], MetadataWriter]
"""Gives the writer of a take's picture's metadata."""


class OutputFolder:
    """Writes pictures to the output folder, and remembers their stamps."""

    def __init__(self, store: Store, folder: Path, dressing: WriterFor) -> None:
        """`folder` is the recipe's own."""
        self._store = store
        self._dressing = dressing
        self.folder = folder
        self.stats: dict[str, FileStamp] = {}
        """The stamp of the file under each name, as it was written or found."""

    def put(self, records: Iterable[NodeRecord]) -> int:
        """Write every picture of the records; return how many earlier ones were missing or changed.

        Raises Unusable if a file that isn't ours is in the way, or the folder can't be written; Invalid (`unmarkable`)
        if a picture can't hold metadata.
        """
        wanted = {
            self.folder / picture.name: (picture, self._dressing(record, picture))
            for record in records
            for picture in record.pictures
        }
        names = {path: content_name(picture.blob.digest, dress) for path, (picture, dress) in wanted.items()}
        disturbed = self._store.files.disturbed(names)
        there = self._store.files.present(names)
        for path, (picture, dress) in wanted.items():
            if path in there:
                self.stats[picture.name] = FileStamp.of(path.stat())
            else:
                self.stats[picture.name] = self._store.outputs.write(picture.blob, path, metadata=dress, look=False)
        return len(disturbed - there)
