"""Exports a run's finished pictures under the recipe's names.

Pictures are scaled, cropped and encoded as the recipe wants them (the compute call `fit`), and get metadata as all
others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from nano_banana.formats.file_stamps import FileStamp
from nano_banana.model.call import Call, Reply
from nano_banana.model.event import EventHandler
from nano_banana.model.json_values import as_number
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
from nano_banana.session.run_records import NodeRecord, OutputPicture, call_record, fitted_name
from nano_banana.session.session import Session
from nano_banana.session.store_runner import Runner
from nano_banana.stages.stage_calls import compute_call
from nano_banana.store.tracked_files import content_name

EXPORT_PURPOSE = "hand-out"
FIT_ENDPOINT = "fit"


class FittedPicture(Struct, frozen=True, kw_only=True):
    """A fitted picture in the output folder: its `name` there, and its file's stamp.

    `scale` is above 1 if it was enlarged; `faces` counts those that it is centred on.
    """

    name: str
    stat: FileStamp
    scale: float
    faces: int


class _FitCall(Struct, frozen=True, kw_only=True):
    """A take's picture before and after a call of `fit`; `record` is the take with the fitted picture's verdict."""

    record: NodeRecord
    before: OutputPicture
    after: OutputPicture
    call: Call
    reply: Reply


def _fit_pictures(
    session: Session,
    outcome: RunOutcome,
    wanted: Mapping[str, tuple[NodeRecord, OutputPicture]],
    fit: ExportConversion,
    on_event: EventHandler,
) -> dict[str, FittedPicture]:
    """The pictures of `wanted` fitted, under the same keys, with metadata as all of the run's.

    Each lies in the output folder beside its stage's. Raises Unusable if one can't be fitted, and as writing outputs
    does.
    """
    store = session.runner.store
    embed = signed_embed_settings(session.recipe, session.settings, session.loaded.files)
    marking = OutputMarker(store, session.recipe.name, outcome.folder, embed, call_kind(session.catalog))
    made = dict(zip(wanted, _fit_calls(session.runner, list(wanted.values()), fit, on_event), strict=True))
    paths = {key: outcome.folder / each.after.name for key, each in made.items()}
    there = store.files.present(
        {
            paths[key]: content_name(each.after.blob.digest, marking.writer_for(each.record, each.after))
            for key, each in made.items()
        }
    )
    found: dict[str, FittedPicture] = {}
    for key, each in made.items():
        if paths[key] not in there:
            calls = _calls_with_fit(each, (outcome.folder / each.before.name).read_bytes())
            writer = marking.writer_for(replace(each.record, calls=calls), each.after)
            store.outputs.write(each.after.blob, paths[key], metadata=writer, look=False)
        found[key] = FittedPicture(
            name=each.after.name,
            stat=FileStamp.of(paths[key].stat()),
            scale=as_number(each.reply.data["scale"]),
            faces=int(as_number(each.reply.data["faces"])),
        )
    return found


def _fit_calls(
    runner: Runner, wanted: Sequence[tuple[NodeRecord, OutputPicture]], fit: ExportConversion, on_event: EventHandler
) -> list[_FitCall]:
    calls = [
        compute_call(FIT_ENDPOINT, fit.arguments(picture.blob.media), {"image": picture.blob}) for _, picture in wanted
    ]
    ends = runner.answer_batch(EXPORT_PURPOSE, calls, on_event)
    if problems := [problem for end in ends if isinstance(end, CallFailed) for problem in end.problems]:
        raise Unusable(problems)
    made = []
    for (record, picture), call, end in zip(wanted, calls, ends, strict=True):
        if isinstance(end, Reply):
            old, new = picture.blob.digest, end.files["image"]
            after = replace(picture, blob=new, name=fitted_name(picture.name, new.media))
            verdicts = [replace(word, digest=new.digest) if word.digest == old else word for word in record.verdicts]
            take = replace(record, calls="[]", verdicts=tuple(verdicts))
            made.append(_FitCall(record=take, before=picture, after=after, call=call, reply=end))
    return made


def _calls_with_fit(made: _FitCall, file: bytes) -> str:
    """The calls in the metadata of the picture's file, and the call that fitted it."""
    try:
        record = record_in(file)
    except Invalid:
        record = None
    fit = call_record(made.before.stage, made.call, made.reply)
    return json.dumps(msgspec.to_builtins([*(record.calls if record else ()), fit]))


def export_copies(session: Session, outcome: RunOutcome, on_event: EventHandler, *, prune: bool = False) -> RunOutcome:
    """Copy finished pictures to where the recipe wants them; returns the outcome with the copies.

    A run of a part of the recipe exports nothing, because it doesn't know the other takes. Only a run that is done
    writes the ZIP. `prune` deletes copies of earlier runs that the recipe no longer asks for. Raises Unusable as
    `write_copies` does.
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
    made = _fit_pictures(session, outcome, wanted, fit, on_event) if fit else {}
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


def _wanted_pictures(session: Session, outcome: RunOutcome) -> dict[str, tuple[NodeRecord, OutputPicture]]:
    """The exported pictures by name; if a take has the same name on two paths, the one further on."""
    by_id = {record.id: record for record in outcome.records}
    pictures: dict[str, tuple[NodeRecord, OutputPicture]] = {}
    for copy in session.exports:
        record = by_id.get(copy.take)
        picture = None if record is None else exported_picture(record, copy)
        if record is not None and picture is not None:
            pictures[copy.name] = (record, picture)
    return pictures


def exported_picture(record: NodeRecord, copy: ExportedCopy) -> OutputPicture | None:
    """The take's picture at the end of the copy's path; None if it didn't get there, or isn't wanted."""
    left = record.exited_early
    if record.status is not NodeStatus.DONE or (left is not None and left.stage in copy.path[:-1]):
        return None
    word = next((ruled for ruled in record.verdicts if ruled.is_final and ruled.stage == copy.gate), None)
    if copy.gate and (word is None or word.counts_as not in copy.rulings):
        return None
    return stage_picture(record, copy.path[-1])
