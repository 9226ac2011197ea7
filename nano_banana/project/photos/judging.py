"""Photos judged by the rules: pure, from numbers to findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nano_banana.project.photos.alike import ALIKE
from nano_banana.project.photos.finding import Finding
from nano_banana.project.photos.sight import FaceSeen, Measures, Sight
from nano_banana.project.photos.twins import Twin
from nano_banana.recipe.photo_rules import PhotoRules, Severity

BLURRED = 25.0
"""Variance of the Laplacian below which a face is out of focus (sharp ones: 134 to 2202)."""

SOFT = 100.0
"""Below, it is not quite sharp."""

SCORABLE_PX = 64
"""Faces less wide can't be told apart at all."""

CLEAR_EYES_PX = 60
"""Eyes less far apart make a face look blurred that only is small."""

LYING_DEGREES = 60
"""A head that is tilted by more lies on its side or upside down."""

DARK_MEAN, DARK_LOST = 0.07, 0.4
BRIGHT_MEAN, BRIGHT_LOST = 0.93, 0.3
"""Mean grey value, and the fraction that is lost in black or in white, beyond which the light is far off.

They are wide: dark and fair skin in good light are both well within them."""


def photo_findings(sight: Sight, rules: PhotoRules) -> Iterator[Finding]:
    """What is wrong with one photo, looked at alone. One that can't be read says why."""
    for problem in sight.problems:
        yield Finding(kind=problem.kind, severity=Severity.REJECT, data=problem.data)
    if sight.measures is None:
        return
    if rules.faces_per_photo:
        yield from _faces(sight, rules)
    else:
        yield from _blur(sight.measures.sharpness, rules, kind="photo_blurred", clear=True)
    yield from _picture(sight.measures, rules)


def set_findings(count: int, rules: PhotoRules) -> Iterator[Finding]:
    """What is wrong with so many photos to train with."""
    data = {"count": count, "want": rules.want}
    if count < rules.least:
        yield Finding(kind="photos_too_few", severity=Severity.REJECT, value=count, bound=rules.least, data=data)
    elif count < rules.want:
        yield Finding(kind="photos_few", severity=Severity.WARN, value=count, bound=rules.want, data=data)
    elif count > rules.most:
        yield Finding(kind="photos_many", severity=Severity.WARN, value=count, bound=rules.most, data=data)


def company_findings(
    found: Mapping[int, Twin], likenesses: Sequence[float | None], names: Sequence[str], rules: PhotoRules
) -> Iterator[tuple[int, Finding]]:
    """What is wrong with photos beside the others of their set, with each one's number; `names` are theirs."""
    if rules.near_duplicates is not Severity.OFF:
        for number, twin in found.items():
            kind = "photo_mirrored" if twin.mirrored else "photo_twin"
            data = {"other": names[twin.of]}
            yield number, Finding(kind=kind, severity=rules.near_duplicates, value=twin.distance, data=data)
    if rules.odd_one_out is not Severity.OFF and rules.faces_per_photo == 1:
        for number, likeness in enumerate(likenesses):
            if likeness is not None and likeness < ALIKE:
                value = round(likeness, 3)
                yield number, Finding(kind="photo_odd", severity=rules.odd_one_out, value=value, bound=ALIKE)


def _faces(sight: Sight, rules: PhotoRules) -> Iterator[Finding]:
    faces, wanted = sight.main, rules.faces_per_photo
    if not faces:
        yield Finding(kind="photo_no_face", severity=Severity.REJECT, value=0, bound=wanted)
        return
    if len(faces) != wanted:
        kind = "photo_faces" if len(faces) > wanted else "photo_faces_few"
        yield Finding(kind=kind, severity=Severity.REJECT, value=len(faces), bound=wanted)
    yield from _face(faces[0], rules)


def _face(face: FaceSeen, rules: PhotoRules) -> Iterator[Finding]:
    if abs(face.roll) > LYING_DEGREES:
        yield Finding(kind="photo_lying", severity=Severity.WARN, value=round(face.roll), bound=LYING_DEGREES)
    width = round(face.box[2])
    if width < rules.least_face_px:
        severity = Severity.REJECT if width < SCORABLE_PX else rules.small_face
        yield Finding(kind="photo_face_small", severity=severity, value=width, bound=rules.least_face_px)
    yield from _blur(face.sharpness, rules, kind="photo_face_blurred", clear=face.eyes >= CLEAR_EYES_PX)


def _blur(sharpness: float, rules: PhotoRules, *, kind: str, clear: bool) -> Iterator[Finding]:
    """`clear` says that there are pixels enough to tell; a face with fewer is not quite sharp by nature."""
    is_blurred = sharpness < BLURRED
    if rules.blurred is Severity.OFF or sharpness >= SOFT or not (clear or is_blurred):
        return
    severity = rules.blurred if is_blurred and clear else Severity.WARN
    bound = BLURRED if is_blurred else SOFT
    yield Finding(kind=kind, severity=severity, value=round(sharpness, 1), bound=bound)


def _picture(measures: Measures, rules: PhotoRules) -> Iterator[Finding]:
    short = min(measures.width, measures.height)
    if short < rules.least_side_px:
        data = {"width": measures.width, "height": measures.height}
        yield Finding(kind="photo_small", severity=rules.small_side, value=short, bound=rules.least_side_px, data=data)
    if rules.exposure is not Severity.OFF:
        yield from _light(measures, rules.exposure)
    if measures.oriented:
        yield Finding(kind="photo_turned", severity=Severity.NOTE)


def _light(measures: Measures, severity: Severity) -> Iterator[Finding]:
    if measures.mean < DARK_MEAN or measures.dark > DARK_LOST:
        data = {"percent": round(measures.dark * 100)}
        yield Finding(kind="photo_dark", severity=severity, value=measures.mean, bound=DARK_MEAN, data=data)
    elif measures.mean > BRIGHT_MEAN or measures.bright > BRIGHT_LOST:
        data = {"percent": round(measures.bright * 100)}
        yield Finding(kind="photo_bright", severity=severity, value=measures.mean, bound=BRIGHT_MEAN, data=data)
