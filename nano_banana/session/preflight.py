"""Checks everything that can be checked for free before a paid call.

Decodes every photo, mask and reference, measures people, packs training sets, tries the folders and looks at the disk's
space. Its answers are ordinary calls, so the run finds them in the store. `check` tries every take without any call.
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
"""Files that are checked at one time: each may take the memory of a large picture."""


def file_problems(files: Mapping[Path, str], masks: Collection[Path] = ()) -> Mapping[Path, Sequence[Problem]]:
    """What keeps each of these files (by media type) from being used; those that are as they should be are absent.

    Pictures are decoded, captions read as text, and the headers of adapters checked.
    """
    from concurrent.futures import ThreadPoolExecutor

    def flaw(path: Path) -> Sequence[Problem]:
        try:
            _check_file(path, files[path], is_mask=path in masks)
        except (CallFailed, Invalid) as error:
            return error.problems
        return ()

    # Pillow decodes outside of the interpreter's lock.
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
    """Raise Unusable if no file can be written into the folder, or into the nearest one above it that is there."""
    with translate_errors(folder, OUTPUT_ERRORS), tempfile.TemporaryFile(dir=_nearest_existing(folder)):
        pass


def check_space(folder: Path, needed: int) -> None:
    """Raise Unusable if the disk of the folder has fewer free bytes than are `needed`."""
    with translate_errors(folder, OUTPUT_ERRORS):
        free = shutil.disk_usage(_nearest_existing(folder)).free
    if free < needed:
        raise Unusable([problem("disk_nearly_full", folder=str(folder), free=free, needed=needed)])


def _nearest_existing(folder: Path) -> Path:
    """The folder, or the first above it that is there; a file in the way counts as there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


PICTURE_BYTES = 2_000_000
"""A small PNG of one megapixel."""

ADAPTER_BYTES = 50_000_000
"""A small adapter."""


def check_inputs(session: Session, forecast: Forecast) -> list[Problem]:
    """Raise Invalid with every file that can't be used by what a run would make; return warnings.

    A damaged picture that a shot opens is only a warning: its take fails before anything is paid for it.
    """
    needed = {path for digest, path in session.plan.files.items() if digest in forecast.inputs}
    alone = {path for shot in session.recipe.shots.values() for path in shot.pictures.values()}
    if problems := input_file_problems(session, needed - alone):
        raise Invalid(problems)
    return [replace(problem, warning=True) for problem in input_file_problems(session, needed & alone)]


def check_budget(session: Session, forecast: Forecast) -> None:
    """Raise LimitReached if the budget can't suffice for what is sure to be made, with what would fit."""
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
    """What of the recipe the budget holds: as many takes as can be, else a shot, by its option and what it costs."""
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
    """The sum in as many digits as are shown, never less."""
    digits = 2 if usd >= 1 else 3 if usd >= 0.01 else 4
    scale = float(10**digits)
    return math.ceil(usd * scale - 1e-6) / scale


def check_overwriting(session: Session, forecast: Forecast) -> None:
    """Raise Invalid if pictures would take the place of those of another recipe that has the same name."""
    other, ours = manifest_recipe(session.folder), session.recipe.path.absolute()
    if session.request.text is not None or other is None or not other.exists() or other.samefile(ours):
        return
    planned = {record.id for record in forecast.records if record.status is NodeStatus.PLANNED}
    theirs = {as_text(entry["id"]) for kind, entry in manifest_entries(session.folder) if kind == "take"}
    if taken := sorted(planned & theirs):
        place = session.loaded.nearest(("name",))
        folder, count = str(session.folder), len(taken) - 1
        raise Invalid(
            [problem("name_taken", position=place, other=str(other), folder=folder, take=taken[0], count=count)]
        )


def check_machine(session: Session, forecast: Forecast) -> None:
    """Raise Unusable if what is made could not be put where it belongs, or what is paid for not be kept."""
    if not forecast.tally.total.to_make:
        return
    # With them comes all that reads pictures.
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
    """Do this machine's part of what takes wait for: photos are packed and people measured before a training is paid.

    Raises Invalid with every such part that fails.
    """
    if not session.provider_spec.sends_data or not forecast.tally.total.paid:
        return
    while calls := _free_calls(session):
        ends = session.runner.answer_batch("checks", [call for call, _ in calls], on_event, session.plan.files)
        failed = [(end, node) for end, (_, node) in zip(ends, calls, strict=True) if isinstance(end, CallFailed)]
        if failed:
            raise Invalid(
                [problem for end, node in failed for problem in _placed_problems(session, end.problems, node)]
            )
        session.checked |= {call.key for call, _ in calls}


def _free_calls(session: Session) -> Sequence[tuple[Call, Node]]:
    """The calls of trainings and measurements that this machine can make now, each with one that asks for it."""
    roots = replace(session.plan, groups=())
    ends = preview(roots, session.runner.store.replies.get, reply_imaginer(session.catalog))
    return list({call.key: (call, end.node) for end in ends for call in _known_calls(end)}.values())


def _known_calls(end: NodeResult) -> Iterator[Call]:
    """This machine's calls that are still to be made, and take in nothing that is only guessed."""
    guessed = {blob.digest for step in end.steps if not step.cached for blob in step.reply.files.values()}
    for step in end.steps:
        call = step.call
        is_guess = call.imagined or any(blob.digest in guessed for blob in call.inputs.values())
        if call.provider == COMPUTE and not step.cached and not is_guess:
            yield call


def _placed_problems(session: Session, problems: Sequence[Problem], node: Node) -> Iterator[Problem]:
    place = session.loaded.nearest(("subjects", node.info.subject, "training_set"))
    for each in problems:
        yield each if each.position else replace(each, position=place)


def input_file_problems(session: Session, among: Collection[Path] | None = None) -> list[Problem]:
    """What is wrong in the recipe's files (None: in all of them), each at the place that names it."""
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
    """The problems with the path as the recipe would write it, where the file lies beside the recipe."""
    folder = session.loaded.files.folder
    shown = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    for each in problems:
        yield replace(each, data={key: shown if value == str(path) else value for key, value in each.data.items()})


def check_every_take(session: Session) -> tuple[int, Sequence[Problem]]:
    """Draw up every take's calls, so that a template that fails on some values is found.

    Returns how many takes there are, and a warning for each pick of none of them. Raises Invalid with every such
    template and every file that can't be used, and where copies could not be named.
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
