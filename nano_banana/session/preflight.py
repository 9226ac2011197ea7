"""Checks everything that can be checked for free before a paid call.

Decodes every photo, mask and reference, measures people, packs training sets, and checks folders and disk space. This
makes ordinary calls, so the run finds their replies in the store. `check` tries every take without any call.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from nano_banana.formats.file_stamps import stamp_of
from nano_banana.model.call import COMPUTE, Call, imagined_blob
from nano_banana.model.event import EventHandler
from nano_banana.model.json_values import JSONObject, JSONValue, as_text
from nano_banana.model.nodes import Node, NodeResult, NodeStatus
from nano_banana.model.problem import CallFailed, Invalid, LimitReached, Problem, Unusable, problem
from nano_banana.planner.planning import make_plan
from nano_banana.planner.preview import preview, reply_imaginer
from nano_banana.planner.takes import Selection
from nano_banana.session.forecasting import Forecast, unreached_picks
from nano_banana.session.manifest import manifest_entries, manifest_recipe
from nano_banana.session.opening import input_files, input_places, media_of
from nano_banana.session.session import Session
from nano_banana.store.database import OUTPUT_ERRORS, translate_errors

FILES_AT_ONCE = 4
"""The most files that are checked at one time: each may need the memory of a large picture."""


def file_problems(files: Mapping[Path, str], masks: Collection[Path] = ()) -> Mapping[Path, Sequence[Problem]]:
    """The problems of each of these files (with media types); files without problems are not in the result.

    Pictures are decoded, captions read as text, and the headers of adapters checked.
    """
    from concurrent.futures import ThreadPoolExecutor

    def flaw(path: Path) -> Sequence[Problem]:
        try:
            _check_file(path, files[path], is_mask=path in masks)
        except (CallFailed, Invalid) as error:
            return error.problems
        return ()

    # Pillow releases the interpreter's lock while decoding.
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        found = zip(files, pool.map(flaw, files), strict=True)
        return {path: problems for path, problems in found if problems}


def _check_file(path: Path, media: str, *, is_mask: bool) -> None:
    from nano_banana.formats.picture_files import check_picture_file
    from nano_banana.formats.safetensors import read_safetensors_header

    try:
        stamp_of(str(path))
    except OSError as error:
        raise CallFailed([problem("file_unreadable", path=str(path), why=error.strerror or "")]) from error
    if is_mask:
        from nano_banana.providers.compute.mask_endpoints import check_mask_file

        check_mask_file(path)
    elif media.startswith("image/"):
        check_picture_file(path)
    elif media == "text/plain":
        try:
            path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CallFailed([problem("caption_not_text", input=str(path))]) from error
        except OSError as error:
            raise CallFailed([problem("photo_unreadable", path=str(path), why=error.strerror or "")]) from error
    elif path.suffix.casefold() == ".safetensors":
        read_safetensors_header(path, name=str(path))


def check_writable(folder: Path) -> None:
    """Raise Unusable if no file can be written into the folder, or into its nearest existing parent."""
    with translate_errors(folder, OUTPUT_ERRORS), tempfile.TemporaryFile(dir=_nearest_existing(folder)):
        pass


def check_space(folder: Path, needed: int) -> None:
    """Raise Unusable if the disk of the folder has fewer free bytes than are `needed`."""
    with translate_errors(folder, OUTPUT_ERRORS):
        free = shutil.disk_usage(_nearest_existing(folder)).free
    if free < needed:
        raise Unusable([problem("disk_nearly_full", folder=str(folder), free=free, needed=needed)])


def _nearest_existing(folder: Path) -> Path:
    """The folder or its nearest parent that exists, even if it is a file."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


PICTURE_BYTES = 2_000_000
"""The size of a small PNG of one megapixel."""

ADAPTER_BYTES = 50_000_000
"""The size of a small adapter."""


def check_inputs(session: Session, forecast: Forecast) -> list[Problem]:
    """Raise Invalid with every unusable file that a run would read; return warnings.

    A damaged picture that a shot opens is only a warning: its take fails before anything is paid for it.
    """
    needed = {path for digest, path in session.plan.files.items() if digest in forecast.inputs}
    alone = {path for shot in session.recipe.shots.values() for path in shot.pictures.values()}
    if problems := input_file_problems(session, needed - alone):
        raise Invalid(problems)
    return [replace(problem, warning=True) for problem in input_file_problems(session, needed & alone)]


def check_budget(session: Session, forecast: Forecast) -> None:
    """Raise LimitReached if the budget is too small for the certain costs; it suggests a smaller run."""
    budget, tally = session.budget_usd, forecast.tally
    if budget is None:
        return
    if tally.certain_unpriced:
        raise _over_budget(session, "budget_unpriced", count=tally.certain_unpriced)
    if tally.certain_usd <= budget + 1e-9:
        return
    needed = _rounded_up(tally.certain_usd)
    fits = next(_affordable(session, budget), None)
    if fits is None:
        raise _over_budget(session, "budget_short", needed_usd=needed)
    raise _over_budget(session, "budget_short_sample", needed_usd=needed, fits=fits[0], fits_usd=_rounded_up(fits[1]))


def _over_budget(session: Session, kind: str, **data: JSONValue) -> LimitReached:
    told: JSONObject = {"budget_usd": session.budget_usd, "name": session.budget_name}
    return LimitReached([Problem(kind=kind, data={**told, **data})])


def _affordable(session: Session, budget: float) -> Iterator[tuple[str, float]]:
    """What the budget suffices for, as an option with its cost: a number of takes, or else a shot."""
    if session.request.text is not None:
        return
    only = session.request.only

    def costs(selection: Selection) -> float:
        tally = session.foresee(session.plan_of(selection)).tally
        return math.inf if tally.certain_unpriced else tally.certain_usd

    fewest, most = 0, session.plan.takes
    while most - fewest > 1:
        middle = (fewest + most) // 2
        fewest, most = (middle, most) if costs(Selection(only=only, sample=middle)) <= budget else (fewest, middle)
    if fewest:
        yield f"--sample {fewest}", costs(Selection(only=only, sample=fewest))
    for name in () if only else session.recipe.shots:
        usd = costs(Selection(only=(name,)))
        if usd <= budget:
            yield f"--only {name}", usd


def _rounded_up(usd: float) -> float:
    """The sum rounded up to the digits that are shown."""
    digits = 2 if usd >= 1 else 3 if usd >= 0.01 else 4
    scale = float(10**digits)
    return math.ceil(usd * scale - 1e-6) / scale


def check_overwriting(session: Session, forecast: Forecast) -> None:
    """Raise Invalid if pictures would replace those of another recipe with the same name."""
    other, ours = manifest_recipe(session.folder), session.recipe.path.absolute()
    if session.request.text is not None or other is None or not other.exists() or other.samefile(ours):
        return
    planned = {record.id for record in forecast.records if record.status is NodeStatus.PLANNED}
    theirs = {as_text(entry["id"]) for kind, entry in manifest_entries(session.folder) if kind == "take"}
    if taken := sorted(planned & theirs):
        place = session.loaded.nearest(("name",))
        data: JSONObject = {"other": str(other), "folder": str(session.folder), "take": taken[0]}
        raise Invalid([Problem(kind="name_taken", position=place, data={**data, "count": len(taken) - 1})])


def check_machine(session: Session, forecast: Forecast) -> None:
    """Raise Unusable if results can't be written or stored."""
    if not forecast.tally.total.to_make:
        return
    # This loads everything that reads pictures.
    session.runner.store.check_writable()
    export = session.recipe.outputs.export
    recipe = session.recipe.path.absolute().parent
    targets = export.places(recipe) if export else (None, None)
    for folder in (session.folder, *(path and path.parent for path in targets)):
        if folder is not None:
            check_writable(folder)
    if not session.provider_spec.sends_data:
        return
    trainings = sum(record.card.kind == "adapter" and bool(record.missing) for record in forecast.records)
    pictures = forecast.tally.total.paid - trainings
    check_space(session.settings.store, pictures * PICTURE_BYTES + trainings * ADAPTER_BYTES)


def run_free_calls(session: Session, forecast: Forecast, on_event: EventHandler) -> None:
    """Make this machine's calls that takes wait for: photos are packed and people measured before a training is paid.

    Raises Invalid with the problems of every call that fails.
    """
    if not session.provider_spec.sends_data or not forecast.tally.total.paid:
        return
    while calls := _free_calls(session):
        ends = session.runner.answer_batch("checks", [call for call, _ in calls], on_event, session.plan.files)
        failed = [(end, node) for end, (_, node) in zip(ends, calls, strict=True) if isinstance(end, CallFailed)]
        if failed:
            found = []
            for end, node in failed:
                place = session.loaded.nearest(("subjects", node.info.subject, "training_set"))
                found += [each if each.position else replace(each, position=place) for each in end.problems]
            raise Invalid(found)
        session.checked |= {call.key for call, _ in calls}


def _free_calls(session: Session) -> Sequence[tuple[Call, Node]]:
    """The calls of trainings and measurements that this machine can make now, each with a node that needs it."""
    roots = replace(session.plan, groups=())
    ends = preview(roots, session.runner.store.replies.get, reply_imaginer(session.catalog))
    return list({call.key: (call, end.node) for end in ends for call in _known_calls(end)}.values())


def _known_calls(end: NodeResult) -> Iterator[Call]:
    """This machine's calls that are still to be made, and whose inputs are all known."""
    guessed = {blob.digest for step in end.steps if not step.cached for blob in step.reply.files.values()}
    for step in end.steps:
        call = step.call
        is_guess = call.imagined or any(blob.digest in guessed for blob in call.inputs.values())
        if call.provider == COMPUTE and not step.cached and not is_guess:
            yield call


def input_file_problems(session: Session, among: Collection[Path] | None = None) -> list[Problem]:
    """The problems of the recipe's files (None: of all of them), each at the place that names the file."""
    places = {path: where for path, where in input_places(session.recipe).items() if among is None or path in among}
    if not places:
        return []
    masks = {stage.files["mask"] for stage in session.recipe.asking if "mask" in stage.files}
    found = file_problems({path: media_of(path) for path in places}, masks)
    return [
        replace(problem, position=session.loaded.nearest(places[path]))
        for path, problems in found.items()
        for problem in _named_problems(session, path, problems)
    ]


def _named_problems(session: Session, path: Path, problems: Collection[Problem]) -> Iterator[Problem]:
    """The problems with the file's path relative to the recipe, if the file is in its folder."""
    folder = session.loaded.files.folder
    shown = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    for each in problems:
        yield replace(each, data={key: shown if value == str(path) else value for key, value in each.data.items()})


def check_every_take(session: Session) -> tuple[int, Sequence[Problem]]:
    """Plan every take's calls, to find templates that fail on some values.

    Returns the number of takes, and a warning for each pick that matches none. Raises Invalid with every such template
    and every unusable file, and if copies can't be named.
    """
    unread = {path: imagined_blob(str(path), media=media) for path, media in input_files(session.recipe).items()}
    plan = make_plan(session.bench(unread), session.selection)
    ends = preview(plan, lambda _keys: {}, reply_imaginer(session.catalog))
    names: set[str] = set()
    problems: dict[str, Problem] = {}
    for end in ends:
        names |= {end.node.id} if end.node.info.kind == "take" else set()
        problems |= {repr(problem): problem for problem in end.problems}
    problems |= {repr(problem): problem for problem in input_file_problems(session)}
    if problems:
        raise Invalid(problems.values())
    _ = session.exports
    return plan.takes, unreached_picks(session.recipe, sorted(names))
