"""Exports a run's finished pictures under the recipe's names.

Pictures are scaled, cropped and encoded as the recipe wants them (the compute call `fit`), and marked as all others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.revisions import COMPUTE_REVISIONS
from nano_banana.formats.file_stamps import FileStamp
from nano_banana.model.call import COMPUTE, Blob, Call, Reply
from nano_banana.model.event import EventHandler
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object
from nano_banana.model.nodes import NodeStatus
from nano_banana.model.problem import CallFailed, Invalid, Unusable
from nano_banana.planner.export_names import ExportedCopy
from nano_banana.provenance.embedding import record_in
from nano_banana.recipe.recipe_model import ExportConversion
from nano_banana.session.exported_files import exported_paths, note_fitted_pictures, write_copies
from nano_banana.session.forecasting import call_kind
from nano_banana.session.manifest import stage_picture
from nano_banana.session.marked_outputs import OutputMarker, signed_embed_settings
from nano_banana.session.run_execution import RunOutcome
from nano_banana.session.run_records import NodeRecord, OutputPicture, fitted_name
from nano_banana.session.session import Session
from nano_banana.session.store_runner import Runner
from nano_banana.store.tracked_files import content_name

EXPORT_PURPOSE = "hand-out"
FIT_ENDPOINT = "fit"


class FittedPicture(Struct, frozen=True, kw_only=True):
    """A fitted picture in the output folder: `name` below it, `stat` of the file.

    `scale` is above 1 where it was enlarged; `faces` counts those that it is centred on.
    """

    name: str
    stat: FileStamp
    scale: float
    faces: int


class _FitCall(Struct, frozen=True, kw_only=True):
    """A picture of a take, and what was made of it by a call."""

    record: NodeRecord
    before: OutputPicture
    call: Call
    reply: Reply

    @property
    def picture(self) -> OutputPicture:
        """The fitted one."""
        blob = self.reply.files["image"]
        return replace(self.before, blob=blob, name=fitted_name(self.before.name, blob.media))

    def told(self, calls: str = "[]") -> NodeRecord:
        """The take as the fitted picture's metadata describes it, with these calls as JSON."""
        old, new = self.before.blob.digest, self.picture.blob.digest
        verdicts = [replace(ruled, digest=new) if ruled.digest == old else ruled for ruled in self.record.verdicts]
        return replace(self.record, calls=calls, verdicts=tuple(verdicts))


def fit_pictures(
    runner: Runner,
    marking: OutputMarker,
    folder: Path,
    wanted: Mapping[str, tuple[NodeRecord, OutputPicture]],
    arguments: Callable[[str], JSONObject],
    on_event: EventHandler,
) -> dict[str, FittedPicture]:
    """The pictures of `wanted` fitted, under the same keys; each lies in the output folder beside its stage's.

    `arguments` are those of the compute endpoint `fit`, by the picture's media type. Raises Unusable where one can't
    be fitted, and what writing outputs raises.
    """
    store = runner.store
    made = dict(zip(wanted, _fit_calls(runner, list(wanted.values()), arguments, on_event), strict=True))
    paths = {key: folder / each.picture.name for key, each in made.items()}
    dresses = {key: marking.writer_for(each.told(), each.picture) for key, each in made.items()}
    there = store.files.present(
        {paths[key]: content_name(each.picture.blob.digest, dresses[key]) for key, each in made.items()}
    )
    found: dict[str, FittedPicture] = {}
    for key, each in made.items():
        if paths[key] not in there:
            calls = _account_calls(each, (folder / each.before.name).read_bytes())
            dress = marking.writer_for(each.told(calls), each.picture)
            store.outputs.write(each.picture.blob, paths[key], metadata=dress, look=False)
        data = each.reply.data
        found[key] = FittedPicture(
            name=each.picture.name,
            stat=FileStamp.of(paths[key].stat()),
            scale=as_number(data["scale"]),
            faces=int(as_number(data["faces"])),
        )
    return found


def _fit_calls(
    runner: Runner,
    wanted: Sequence[tuple[NodeRecord, OutputPicture]],
    arguments: Callable[[str], JSONObject],
    on_event: EventHandler,
) -> list[_FitCall]:
    calls = [
        Call(
            provider=COMPUTE,
            endpoint=FIT_ENDPOINT,
            arguments=arguments(picture.blob.media),
            inputs={"image": picture.blob},
            revision=COMPUTE_REVISIONS[FIT_ENDPOINT],
        )
        for _, picture in wanted
    ]
    ends = runner.answer_batch(EXPORT_PURPOSE, calls, on_event)
    problems = [problem for end in ends if isinstance(end, CallFailed) for problem in end.problems]
    if problems:
        raise Unusable(problems)
    return [
        _FitCall(record=record, before=picture, call=call, reply=end)
        for (record, picture), call, end in zip(wanted, calls, ends, strict=True)
        if isinstance(end, Reply)
    ]


def _account_calls(made: _FitCall, marked: bytes) -> str:
    """The calls in the picture's own metadata, and the one that fitted it."""
    try:
        account = record_in(marked)
    except Invalid:
        account = None
    before: list[JSONValue] = [] if account is None else list(as_items(as_object(json.loads(account.text))["calls"]))
    call = made.call
    fit: JSONObject = {
        "stage": made.before.stage,
        "provider": call.provider,
        "endpoint": call.endpoint,
        "revision": call.revision,
        "key": call.key,
        "arguments": call.arguments,
        "inputs": _blob_digests(call.inputs),
        "outputs": _blob_digests(made.reply.files),
        "cost_usd": made.reply.cost_usd,
    }
    return json.dumps([*before, fit])


def _blob_digests(files: Mapping[str, Blob]) -> JSONObject:
    return {place: blob.digest for place, blob in files.items()}


def export_copies(session: Session, outcome: RunOutcome, on_event: EventHandler, *, prune: bool = False) -> RunOutcome:
    """Copy what came so far to where the recipe wants it, and tell the outcome of it.

    A run of a part hands out nothing: what others of the recipe came to is not known to it. The ZIP is written by runs
    that are done alone: it holds all or nothing. `prune` removes copies of earlier runs that nothing asks for any
    more. Raises Unusable as `put_out` does.
    """
    recipe, store = session.recipe, session.runner.store
    export = recipe.outputs.export
    if not session.request.whole:
        return replace(outcome, export_skipped=export is not None)
    if export is None and not (session.request.owns_name and exported_paths(store, recipe.name)):
        return outcome
    whole = outcome.status == "done"
    to, packed = export.places(recipe.path.absolute().parent) if export else (None, None)
    wanted = _wanted_pictures(session, outcome)
    fit = export.fit if export else None
    made = _fit_wanted(session, outcome, wanted, fit, on_event) if fit else {}
    note_fitted_pictures(store, recipe.name, [outcome.folder / each.name for each in made.values()], whole=whole)
    files = [(name, made[name].name if fit else picture.name) for name, (_, picture) in wanted.items()]
    done = write_copies(
        store,
        recipe.name,
        {name + Path(file).suffix: outcome.folder / file for name, file in files},
        folder=to,
        packed=packed if whole else None,
        whole=whole,
        prune=prune,
        by=recipe.path.absolute(),
    )
    if fit and fit.crop:
        faceless = sum(fit.around == "face" and not each.faces for each in made.values())
        done = replace(done, enlarged=sum(each.scale > 1 for each in made.values()), faceless=faceless)
    written = {**outcome.files, **{each.name: each.stat for each in made.values()}}
    return replace(outcome, exported=done, files={**written, **done.seen_from(outcome.folder)})


def _fit_wanted(
    session: Session,
    outcome: RunOutcome,
    wanted: Mapping[str, tuple[NodeRecord, OutputPicture]],
    fit: ExportConversion,
    on_event: EventHandler,
) -> dict[str, FittedPicture]:
    """The pictures as the recipe wants them handed out, marked as all of the run's."""
    marks = signed_embed_settings(session.recipe, session.settings, session.loaded.files)
    store, name = session.runner.store, session.recipe.name
    marking = OutputMarker(store, name, outcome.folder, marks, call_kind(session.catalog))
    return fit_pictures(session.runner, marking, outcome.folder, wanted, fit.arguments, on_event)


def _wanted_pictures(session: Session, outcome: RunOutcome) -> dict[str, tuple[NodeRecord, OutputPicture]]:
    """What is handed out, by name; of a take that has one name by two ways, the one that came further."""
    by_id = {record.id: record for record in outcome.records}
    pictures: dict[str, tuple[NodeRecord, OutputPicture]] = {}
    for copy in session.exports:
        record = by_id.get(copy.take)
        picture = None if record is None else exported_picture(record, copy)
        if record is not None and picture is not None:
            pictures[copy.name] = (record, picture)
    return pictures


def exported_picture(record: NodeRecord, copy: ExportedCopy) -> OutputPicture | None:
    """The take's very picture at the end of the copy's way; None where it did not come so far, or is not wanted."""
    left = record.exited_early
    if record.status is not NodeStatus.DONE or (left is not None and left.stage in copy.path[:-1]):
        return None
    word = next((ruled for ruled in record.verdicts if ruled.is_final and ruled.stage == copy.gate), None)
    if copy.gate and (word is None or word.counts_as not in copy.rulings):
        return None
    return stage_picture(record, copy.path[-1])
