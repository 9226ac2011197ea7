"""The studio's view of one project, made anew when something changed."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct, field

from nano_banana.formats.file_stamps import FileStamp, stamp_or_none
from nano_banana.model.call import Blob
from nano_banana.model.flow import Reason
from nano_banana.model.json_values import as_items, as_object
from nano_banana.model.nodes import NodeStatus
from nano_banana.model.problem import Invalid, NanoBananaError, Problem, problem
from nano_banana.providers.fal.fal_config import HOST_VARIABLES
from nano_banana.recipe.picks_file import (
    PICKS_FILE,
    ChangedPicks,
    PickChange,
    TakePick,
    apply_decisions,
    read_decisions,
)
from nano_banana.recipe.recipe_model import Subject
from nano_banana.session.explanation import Explanation
from nano_banana.session.forecasting import Forecast
from nano_banana.session.manifest import MANIFEST
from nano_banana.session.run_records import LOOK_ENDPOINT, NodeRecord
from nano_banana.session.run_request import RunRequest, environment_digests
from nano_banana.session.session import Session
from nano_banana.session.store_runner import BATCH_RUN_PREFIX
from nano_banana.settings.configuration import Settings
from nano_banana.stages.stage_registry import kind_of
from nano_banana.store.local_store import Store
from nano_banana.store.run_log import RUNNING, Run
from nano_banana.studio.project_view import ProblemWords, ProjectView, ReferencePhoto, SubjectPhotos
from nano_banana.studio.saved_view import load_view, save_view, saved_view_name
from nano_banana.studio.studio_pictures import PictureFacts, PictureFile
from nano_banana.studio.take_listing import (
    Listing,
    ListingWords,
    encode_takes,
    face_box,
    list_takes,
    takes_answer,
)


class StudioWords(Struct, frozen=True, kw_only=True):
    """Functions that put things into words as the command line does.

    A problem (text and help), a verdict's reason, a plan (with its provider and budget), and a take's story.
    """

    problem: Callable[[Problem], tuple[str, str]]
    reason: Callable[[Reason, bool], str]
    plan: Callable[[Forecast, str, float | None], str]
    story: Callable[[Explanation], str]

    def problem_words(self, problem: Problem, folder: Path) -> ProblemWords:
        """A problem with its place; `folder` is the recipe's, which files are named from."""
        text, hint = self.problem(problem)
        if problem.suggestions:
            hint = f"did you mean {', '.join(f'`{name}`' for name in problem.suggestions)}?" + (hint and f" {hint}")
        at = problem.position
        place = (
            {}
            if at is None
            else {"file": os.path.relpath(at.file, folder), "line": at.line, "column": at.column, "length": at.length}
        )
        return msgspec.convert({"error": text, "help": hint, "warning": problem.warning, **place}, ProblemWords)

    def sentence(self, problem: Problem) -> str:
        """A problem and what to do about it, in one text."""
        return ". ".join(text for text in self.problem(problem) if text)


SLOW_SECONDS = 0.5
"""A view that takes longer to make is kept for the next start."""


def _run_state(run: Run | None) -> str:
    return "" if run is None else f"{run.id} {run.status}"


class _Marker(Struct, frozen=True, kw_only=True):
    """What must be unchanged for a view to be still right."""

    files: Mapping[Path, FileStamp | None] = field(default_factory=dict)
    run: Run | None = None
    blobs: int = 0


class StudioProject:
    """One project. Any thread may ask for its view; only one at a time makes it anew."""

    def __init__(self, request: RunRequest, settings: Settings, words: StudioWords, environ: Mapping[str, str]) -> None:
        self.request = request
        self.settings = settings
        self.words = words
        self.environ = environ
        self.store = Store.open(settings.store, group=settings.store_group)
        self.facts = PictureFacts(self.store)
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._view: ProjectView | None = None
        self._marker = _Marker()
        self._seconds = 0.0
        self._environment: Mapping[str, str] = {}

    def close(self) -> None:
        """Keep the view for the next start, and close the store."""
        with self._lock:
            self._save()
        self.store.close()

    def _save(self) -> None:
        """Keep a view that took long to make."""
        view, run = self._view, self._marker.run
        if view is None or self._seconds < SLOW_SECONDS or view.problems or (run is not None and run.status == RUNNING):
            return
        name, files = saved_view_name(self.request, self.settings), self._marker.files
        save_view(self.store, name, view, files, _run_state(run), self._environment)
        self._seconds = 0.0

    def restored(self) -> ProjectView | None:
        """The view that was kept, if everything is as it was."""
        saved = load_view(self.store, saved_view_name(self.request, self.settings), self.environ)
        if saved is None:
            return None
        files = {Path(name): stamp for name, stamp in saved.files.items()}
        marker = self._mark(files)
        if marker.files != files or _run_state(marker.run) != saved.run:
            return None
        self._marker = marker
        return saved.view()

    @property
    def known(self) -> ProjectView | None:
        """The last view, which may be out of date; None before the first."""
        return self._view

    def view(self) -> ProjectView:
        """The project as it is now. Raises NanoBananaError if it can't be read and never could.

        If only the last edit is wrong, the view is the one before, with the problems.
        """
        with self._lock:
            if self._view is None:
                self._view = self.restored()
            if self._view is None or self._marker != self._mark(self._marker.files):
                begun = time.monotonic()
                self._view = self._read()
                self._seconds = time.monotonic() - begun
            return self._view

    def session(self) -> Session:
        """The recipe, opened anew. Raises NanoBananaError."""
        return Session.open(self.request, self.settings, environ=self.environ)

    def problem_words(self, problem: Problem) -> ProblemWords:
        """A problem in words, with its place."""
        return self.words.problem_words(problem, self.request.recipe.parent)

    def picks(self) -> tuple[str, dict[str, TakePick], list[str]]:
        """The revision of `picks.yaml`, what it says of each take, and what is wrong with it."""
        view = self.view()
        problems: list[str] = []
        said: dict[str, TakePick] = {}
        try:
            said = read_decisions(view.picks_file, view.takes)
        except Invalid as error:
            problems = [self.words.sentence(problem) for problem in error.problems]
        return picks_revision(said, problems), said, problems

    def change_picks(self, changes: Sequence[PickChange]) -> tuple[str, ChangedPicks]:
        """Write changes into `picks.yaml`. Raises Invalid if the file or a change is wrong, Unusable if it can't.

        A change without a stage is about the stage at which its take is chosen.
        """
        view = self.view()
        placed = [_placed(change, view) for change in changes]
        with self._writing:
            changed = apply_decisions(view.picks_file, placed, view.takes)
        return picks_revision(changed.picks, []), changed

    def latest_run(self) -> Run | None:
        """The last run of any recipe in the store, by whoever started it."""
        # What this machine works out for a sheet or a look at photos is logged as well.
        runs = self.store.runs.latest(limit=20)
        return next((run for run in runs if not run.recipe.startswith(BATCH_RUN_PREFIX)), None)

    def _mark(self, files: Mapping[Path, FileStamp | None]) -> _Marker:
        run = self.latest_run()
        underway = run is not None and run.status == RUNNING
        blobs = self.store.blobs.count() if underway else 0
        return _Marker(files={path: stamp_or_none(path) for path in files}, run=run, blobs=blobs)

    def _read(self) -> ProjectView:
        file = self.request.recipe
        before = self._mark({file: None, file.with_name(PICKS_FILE): None, **self._marker.files})
        try:
            with self.session() as session:
                records = session.forecast().records
                seen = session.loaded.files.seen
                names = session.loaded.env_read | set(HOST_VARIABLES)
                self._environment = environment_digests(names, self.environ)
                files = {**before.files, **seen, session.folder / MANIFEST: None}
                view = self._view_of(session, records)
        except NanoBananaError as error:
            self._marker = before
            if self._view is None:
                raise
            problems = [self.problem_words(problem) for problem in error.problems]
            return msgspec.structs.replace(self._view, problems=problems)
        # A file that changed while it was read has another stamp than before.
        stamps = {path: before.files.get(path, seen.get(path, stamp_or_none(path))) for path in files}
        self._marker = _Marker(files=stamps, run=before.run, blobs=before.blobs)
        return view

    def _view_of(self, session: Session, records: Sequence[NodeRecord]) -> ProjectView:
        words = ListingWords(problem=self.words.sentence, reason=self.words.reason)
        listing = list_takes(session.recipe, records, folder=session.folder, words=words, facts=self.facts.of)
        photos = _Photos(session, records, self.facts).by_subject()
        encoded = encode_takes(listing.takes)
        revision, answer = takes_answer(encoded)
        return ProjectView(
            name=session.recipe.name,
            revision=revision,
            project=msgspec.json.encode(_project_answer(session, listing, photos, revision)),
            answer=answer,
            encoded=encoded,
            takes={take.id: take for take in listing.takes},
            take_faces=listing.faces,
            face_boxes={seen.picture: seen.boxes for seen in listing.faces.values()},
            photos=photos,
            pictures={**_photo_files(session), **_stored_files(listing)},
            folder=session.folder,
            picks_file=session.request.recipe.with_name(PICKS_FILE),
            pick_stages=[stage.id for stage in session.recipe.stages if kind_of(stage).makes_pictures],
        )


def picks_revision(picks: Mapping[str, TakePick], problems: Sequence[str]) -> str:
    """A digest of what was picked."""
    return hashlib.sha256(msgspec.json.encode([picks, problems], order="sorted")).hexdigest()[:16]


def _placed(change: PickChange, view: ProjectView) -> PickChange:
    """The change under the stage where decisions about its take are written. Raises Invalid for an unknown stage."""
    take = view.takes.get(change.take)
    stage = take.pick_stage if take else change.stage
    if stage not in view.pick_stages:
        raise Invalid([problem("studio_pick_stage", name=stage, known=", ".join(view.pick_stages))])
    return msgspec.structs.replace(change, stage=stage)


def _stored_files(listing: Listing) -> dict[str, PictureFile]:
    return {digest: PictureFile(media=media) for digest, media in listing.pictures.items()}


def _photo_files(session: Session) -> dict[str, PictureFile]:
    """The user's own photos, which may be shown too."""
    files = session.plan.files
    return {
        digest: PictureFile(media=media, path=path)
        for digest, path in files.items()
        if (media := _PHOTO_MEDIA.get(path.suffix.casefold()))
    }


_PHOTO_MEDIA = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


def _project_answer(
    session: Session, listing: Listing, photos: Mapping[str, SubjectPhotos], revision: str
) -> dict[str, object]:
    recipe = session.recipe
    axes: dict[str, dict[str, None]] = {}
    for take in listing.takes:
        for axis, value in take.axes.items():
            axes.setdefault(axis, {})[value] = None
    subjects = [
        {
            "name": name,
            "noun": subject.noun,
            "held_out": [photo.listed() for photo in photos[name].held_out],
            "photos": [photo.listed() for photo in photos[name].training],
        }
        for name, subject in recipe.subjects.items()
    ]
    picked = {take.pick_stage for take in listing.takes}
    stages = [{"id": stage.id, "kind": stage.verb, "picks": stage.id in picked} for stage in recipe.stages]
    return {
        "name": recipe.name,
        "recipe": recipe.path.name,
        "provider": session.provider,
        "stages": stages,
        "subjects": subjects,
        "axes": {axis: list(values) for axis, values in axes.items()},
        "ask_above_usd": session.ask_above_usd,
        "revision": revision,
    }


class _Photos:
    """Finds the photos of each subject, with the faces in those that a gate has looked at."""

    def __init__(self, session: Session, records: Sequence[NodeRecord], facts: PictureFacts) -> None:
        self._session = session
        self._facts = facts
        self._blobs = {path: digest for digest, path in session.plan.files.items()}
        self._looks = _looks_by_photo(records)
        replies = session.runner.store.replies.get(key for key, _ in self._looks.values())
        self._faces = {
            photo: next(map(as_object, as_items(replies[key].data.get("faces", ()))), None)
            for photo, (key, _) in self._looks.items()
            if key in replies
        }

    def by_subject(self) -> dict[str, SubjectPhotos]:
        return {name: self._of(subject) for name, subject in self._session.recipe.subjects.items()}

    def _of(self, subject: Subject) -> SubjectPhotos:
        from nano_banana.stages.train_stage import split_photos

        blobs = {path: Blob(digest=digest, size=0, media="") for path, digest in self._blobs.items()}
        known = msgspec.structs.replace(subject, photos=[photo for photo in subject.photos if photo.path in blobs])
        split = split_photos(known, blobs)
        extra = [path for path in subject.references if path in blobs]
        held = [*(photo.path for photo in split.held_out), *extra]
        return SubjectPhotos(
            held_out=[self._photo(path) for path in dict.fromkeys(held)],
            training=[self._photo(photo.path) for photo in split.training if photo.path not in held],
        )

    def _photo(self, path: Path) -> ReferencePhoto:
        digest = self._blobs[path]
        width, height, _ = self._facts.of_file(path)
        return ReferencePhoto(
            name=path.name,
            digest=digest,
            width=width,
            height=height,
            face=face_box(self._faces.get(digest)),
            faces=self._looks.get(digest, ("", ""))[1],
        )


class _Look(Struct, frozen=True, kw_only=True):
    endpoint: str
    key: str
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)


_LOOKS = msgspec.json.Decoder(list[_Look])


def _looks_by_photo(records: Sequence[NodeRecord]) -> dict[str, tuple[str, str]]:
    """The key of the call that looked at each photo, and the digest of the file with its faces."""
    found: dict[str, tuple[str, str]] = {}
    for record in records:
        if record.card.kind == "person" and record.status is NodeStatus.DONE:
            for call in _LOOKS.decode(record.calls):
                if call.endpoint == LOOK_ENDPOINT:
                    with suppress(KeyError):
                        found[call.inputs["image"]] = call.key, call.outputs["faces"]
    return found
