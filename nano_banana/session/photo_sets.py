"""The photo sets of subjects or of a folder: measured, judged, enforced."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.call import Blob
from nano_banana.model.event import EventHandler
from nano_banana.model.json_values import as_items, as_number, as_object
from nano_banana.model.problem import Invalid, Position, Problem, did_you_mean, problem
from nano_banana.recipe.load import Loaded
from nano_banana.recipe.recipe_model import Photo, Subject, TemplateText
from nano_banana.recipe.template_syntax import TemplateFault
from nano_banana.recipe.training_photos import (
    DEFAULT_PHOTO_RULES,
    PhotoRules,
    Severity,
    is_not_fetched,
    picture_media_type,
)
from nano_banana.session.forecasting import Forecast
from nano_banana.session.opening import OCTET_STREAM
from nano_banana.session.photo_findings import (
    Caption,
    Captioning,
    PhotoFinding,
    caption_findings,
    caption_of,
    comparison_findings,
    photo_findings,
    set_findings,
)
from nano_banana.session.photo_observations import (
    FaceVector,
    PhotoObservation,
    likenesses_to_others,
    measure_photos,
    near_duplicates,
)
from nano_banana.session.session import Session
from nano_banana.session.store_runner import Runner
from nano_banana.stages.take_context import TemplateContexts
from nano_banana.stages.train_stage import CAPTION_PREFIX_PATH, caption_template, split_photos

ReadBlob = Callable[[Blob], bytes]
"""Reads a file of the store."""


class PhotoSet(Struct, frozen=True, kw_only=True):
    """A subject's photos before they are judged: those of `held_out` judge likeness and do not train.

    If the photos are not for a training, their number does not matter.
    """

    name: str
    photos: Sequence[Photo]
    held_out: frozenset[Path]
    captioning: Captioning
    is_for_training: bool = True


class CheckedPhoto(Struct, frozen=True, kw_only=True):
    """A photo with its measurements and findings. `display_path` is its path as a person would write it.

    `likeness` is its face's cosine to the mean of the others', None if unknown.
    """

    path: Path
    display_path: str
    held_out: bool
    observation: PhotoObservation
    likeness: float | None
    caption: Caption
    findings: tuple[PhotoFinding, ...]

    @property
    def worst(self) -> Severity | None:
        """The worst severity of its findings; None if nothing matters."""
        return worst_severity(self.findings)


class CheckedPhotoSet(Struct, frozen=True, kw_only=True):
    """A subject's photos in their order, and the findings of the whole set."""

    name: str
    photos: tuple[CheckedPhoto, ...]
    findings: tuple[PhotoFinding, ...]

    @property
    def all_findings(self) -> list[PhotoFinding]:
        """The findings of the set, then those of each photo."""
        return [*self.findings, *(finding for photo in self.photos for finding in photo.findings)]

    @property
    def rejected(self) -> bool:
        """Whether some finding prevents a training."""
        return worst_severity(self.all_findings) is Severity.REJECT


def worst_severity(findings: Sequence[PhotoFinding]) -> Severity | None:
    """REJECT or WARN, the worse one that is among them; None if neither is."""
    found = {finding.severity for finding in findings}
    return next((severity for severity in (Severity.REJECT, Severity.WARN) if severity in found), None)


def check_photo_set(
    sitting: PhotoSet,
    sights: Mapping[Path, PhotoObservation],
    rules: PhotoRules,
    *,
    read: ReadBlob,
    shown: Callable[[Path], str],
) -> CheckedPhotoSet:
    """Judge the photos by the rules. `read` reads the files with faces' embeddings; `shown` gives display paths."""
    paths = [photo.path for photo in sitting.photos]
    names = [shown(path) for path in paths]
    seen = [sights[path] for path in paths]
    near = likenesses_to_others([_vector(sight, read) for sight in seen])
    company: dict[int, list[PhotoFinding]] = {}
    for number, finding in comparison_findings(near_duplicates([sight.measures for sight in seen]), near, names, rules):
        company.setdefault(number, []).append(finding)
    viewed = []
    for number, photo in enumerate(sitting.photos):
        caption = caption_of(photo.caption, sitting.captioning)
        found = [*photo_findings(seen[number], rules), *company.get(number, ())]
        if photo.path not in sitting.held_out:
            found += caption_findings(caption, sitting.captioning, rules)
        viewed.append(
            CheckedPhoto(
                path=photo.path,
                display_path=names[number],
                held_out=photo.path in sitting.held_out,
                observation=seen[number],
                likeness=near[number],
                caption=caption,
                findings=tuple(found),
            )
        )
    count = len(paths) - len(sitting.held_out.intersection(paths))
    return CheckedPhotoSet(
        name=sitting.name,
        photos=tuple(viewed),
        findings=tuple(set_findings(count, rules)) if sitting.is_for_training else (),
    )


def _vector(sight: PhotoObservation, read: ReadBlob) -> FaceVector | None:
    """The embedding of the one person in a photo; None if there are several."""
    if sight.embeddings is None or len(sight.main) != 1:
        return None
    faces = as_items(as_object(json.loads(read(sight.embeddings)))["faces"])
    return [as_number(value) for value in as_items(as_object(faces[0])["embedding"])]


def subject_photo_set(loaded: Loaded, catalog: Catalog, subject: Subject, held_out: Collection[Path]) -> PhotoSet:
    """A subject's photos, with the captions that its trainers get. Raises Invalid if a template fails."""
    stages = [stage for stage in loaded.recipe.stages if subject.name in stage.subjects]
    rules = loaded.recipe.photo_rules
    prefix = TemplateText(text=(rules and rules.captions.prefix) or "", where=CAPTION_PREFIX_PATH)
    captions = [caption for stage in stages if (caption := caption_template(stage))]
    trainers = [endpoint for stage in stages if (endpoint := catalog.get(stage.endpoint)) is not None]
    return PhotoSet(
        name=subject.name,
        photos=subject.photos,
        held_out=frozenset(held_out),
        is_for_training=bool(stages),
        captioning=Captioning(
            trigger=subject.trigger,
            noun=subject.noun,
            traits=tuple(subject.traits.values()),
            prefix=_rendered(loaded, prefix, subject) if prefix.text else "",
            default=_rendered(loaded, captions[0], subject) if captions else "",
            trainers={endpoint.id: endpoint.roles.trigger_as for endpoint in trainers},
        ),
    )


def _rendered(loaded: Loaded, text: TemplateText, subject: Subject) -> str:
    contexts = TemplateContexts.of(loaded.recipe, loaded.environment)
    try:
        context = {**contexts.common, "subject": contexts.subjects[subject.name]}
        return loaded.engine.compile(text.text).render(context)
    except TemplateFault as fault:
        raise Invalid([fault.problem(loaded.place_of(text, fault))]) from fault


LEFT_OUT_KINDS = frozenset({"photos_left_out", "photos_copies", "photos_deeper", "captions_left_out"})
"""The kinds of a recipe's warnings about photos."""


class PhotoInspection(Struct, frozen=True, kw_only=True):
    """Photos by subject, and the rules and the runner to check them with.

    `name` is the recipe's or the folder's, `base` the folder that display paths are relative to. `unread` are files
    that can't be opened, with the reason. `warnings` are about files that are left out.
    """

    name: str
    base: Path
    runner: Runner
    rules: PhotoRules
    photo_sets: Sequence[PhotoSet]
    digests: Mapping[Path, Blob]
    unread: Mapping[Path, Problem]
    warnings: Sequence[Problem] = ()

    @classmethod
    def for_names(cls, session: Session, names: Sequence[str] = ()) -> Self:
        """The photos of these subjects of a recipe (none: of all that have any). Raises Invalid for unknown names."""
        known = session.recipe.subjects
        if unknown := [name for name in names if name not in known]:
            raise Invalid(
                problem("no_such_subject", suggestions=did_you_mean(name, known), name=name, known=", ".join(known))
                for name in unknown
            )
        subjects = [known[name] for name in dict.fromkeys(names)]
        return cls.for_subjects(session, subjects or [subject for subject in known.values() if subject.photos])

    @classmethod
    def for_subjects(cls, session: Session, subjects: Iterable[Subject]) -> Self:
        """The photos of subjects of a recipe."""
        subjects = list(subjects)
        photos = [photo.path for subject in subjects for photo in subject.photos]
        digests, unread = photo_digests(session.runner, photos)
        sittings = []
        for subject in subjects:
            held = {photo.path for photo in split_photos(subject, digests).held_out}
            sittings.append(subject_photo_set(session.loaded, session.catalog, subject, held))
        return cls(
            name=session.recipe.name,
            base=session.loaded.files.folder,
            runner=session.runner,
            rules=session.recipe.photo_rules or DEFAULT_PHOTO_RULES,
            photo_sets=sittings,
            digests=digests,
            unread=unread,
            warnings=[problem for problem in session.loaded.warnings if problem.kind in LEFT_OUT_KINDS],
        )

    def check(self, on_event: EventHandler) -> list[CheckedPhotoSet]:
        """Measure the photos and judge them. Raises Unusable if the models that find faces are not installed."""
        find_faces = self.rules.faces_per_photo > 0
        sights: dict[Path, PhotoObservation] = {
            path: PhotoObservation(problems=(problem,)) for path, problem in self.unread.items()
        }
        sights |= measure_photos(self.runner, self.digests, on_event, find_faces=find_faces)
        return [
            check_photo_set(sitting, sights, self.rules, read=self.read, shown=self._shown)
            for sitting in self.photo_sets
        ]

    def read(self, blob: Blob) -> bytes:
        """A file's bytes from the store."""
        return self.runner.store.blobs.path(blob).read_bytes()

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self.base)) if path.is_relative_to(self.base) else str(path)


def photo_digests(runner: Runner, paths: Iterable[Path]) -> tuple[dict[Path, Blob], dict[Path, Problem]]:
    """The photos' digests, and the problems of those that can't be opened."""
    medias: dict[Path, str] = {}
    unread: dict[Path, Problem] = {}
    for path in paths:
        media, why = None, ""
        try:
            media = picture_media_type(path)
        except OSError as error:
            why = error.strerror or str(error)
        if media is None and is_not_fetched(path):
            unread[path] = problem("photo_not_fetched", path=str(path))
        elif why:
            unread[path] = problem("photo_unreadable", path=str(path), why=why)
        else:
            medias[path] = media or OCTET_STREAM
    return runner.store.files.digests(medias), unread


MOST_REJECTIONS = 8
"""The most rejections of a subject that are listed one by one."""


def enforce_photo_rules(session: Session, on_event: EventHandler, forecast: Forecast | None = None) -> list[Problem]:
    """The warnings of the recipe's `photo_rules` about training photos; none if it has no such rules.

    With a forecast, only subjects whose training is still to be made are checked. Raises Invalid with the rejections,
    each at the place of the subject's training set, and Unusable if the models that find faces are not installed.
    """
    if session.recipe.photo_rules is None:
        return []
    trained = {name for stage in session.recipe.stages for name in stage.subjects}
    if forecast is not None:
        trained &= {
            record.card.subject for record in forecast.records if record.card.kind == "adapter" and record.missing
        }
    subjects = [subject for name, subject in session.recipe.subjects.items() if name in trained]
    if not subjects:
        return []
    albums = PhotoInspection.for_subjects(session, subjects).check(on_event)
    problems = [problem for album in albums for problem in _set_problems(session, album)]
    if any(not problem.warning for problem in problems):
        raise Invalid(problems)
    return problems


def _set_problems(session: Session, album: CheckedPhotoSet) -> Iterator[Problem]:
    """Each rejection, one warning of each kind, and the number of the other problems."""
    place = session.loaded.nearest(("subjects", album.name, "training_set"))
    rejected = list(_findings_as_problems(album, Severity.REJECT, place))
    warned = list(_findings_as_problems(album, Severity.WARN, place))
    told = [*rejected[:MOST_REJECTIONS], *{problem.kind: problem for problem in reversed(warned)}.values()]
    yield from told
    left = len(rejected) + len(warned) - len(told)
    if left:
        more = problem("photos_more", position=place, count=left, subject=album.name)
        yield replace(more, warning=len(rejected) <= MOST_REJECTIONS)


def _findings_as_problems(album: CheckedPhotoSet, severity: Severity, place: Position) -> Iterator[Problem]:
    told = [(album.name, album.findings), *((photo.display_path, photo.findings) for photo in album.photos)]
    for path, findings in told:
        for finding in findings:
            if finding.severity is severity:
                warning = severity is not Severity.REJECT
                yield Problem(kind=finding.kind, position=place, data=finding.told(path), warning=warning)
