"""Judges training photos and captions by the recipe's photo rules.

Pure functions from measurements to findings. Captions must not name what stays with a person (hair, eyes, skin, age,
build): an adapter learns what captions leave open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from nano_banana.catalog.endpoint import TriggerUse
from nano_banana.formats.image_formats import with_prefix
from nano_banana.model.json_values import JSONObject
from nano_banana.recipe.training_photos import PhotoRules, Severity
from nano_banana.session.photo_observations import (
    SAME_PERSON_LIKENESS,
    FaceMeasures,
    NearDuplicate,
    PhotoMeasures,
    PhotoObservation,
)


class PhotoFinding(Struct, frozen=True, kw_only=True):
    """One thing that was found. `kind` picks the words; `value` was measured, `bound` is what it was held against.

    `data` has what else the words need.
    """

    kind: str
    severity: Severity
    value: float | None = None
    bound: float | None = None
    data: JSONObject = field(default_factory=dict)

    def told(self, path: str) -> JSONObject:
        """All that the words may be filled with; `path` names the photo, or the subject of a set."""
        return {"value": self.value, "bound": self.bound, **self.data, "path": path, "input": path}


_SHADES = "black|dark|brown|chestnut|auburn|red|ginger|blond|blonde|golden|fair|light|gr[ae]y|silver|white"
_CURLS = "curly|wavy|straight|frizzy|coily|afro|thick|thin|long|short|shoulder-length|medium-length|receding"
_IRIS = "blue|green|brown|hazel|amber|gr[ae]y|dark|light|almond|almond-shaped|deep-set|narrow|big|large|round"
_TONES = "pale|fair|light|dark|olive|tan|tanned|brown|black|white|freckled|porcelain|smooth|wrinkled"
_ORIGINS = "caucasian|asian|african|african-american|black|white|hispanic|latina|latino|indian|middle.eastern"
_BUILDS = "slim|slender|skinny|athletic|muscular|stocky|overweight|plump|chubby"
_PEOPLE = "woman|man|girl|boy|lady|guy|person|adult|female|male|face"

_PATTERNS = (
    # hair
    rf"(?:(?:{_SHADES}|{_CURLS})[\s,-]+){{1,4}}hair(?:ed)?",
    r"blonde?s?",
    r"brunettes?",
    r"red-?head(?:ed|s)?",
    r"bald(?:ing|-headed)?",
    r"hair ?lines?",
    r"beard(?:ed|s)?",
    r"m(?:o)?ustaches?",
    r"goatees?",
    r"stubble",
    # eyes
    rf"(?:(?:{_IRIS})[\s,-]+){{1,4}}eye(?:s|d)",
    r"(?:thick|bushy|thin|arched|dark)[\s-]+eyebrows?",
    # skin
    rf"(?:(?:{_TONES})[\s,-]+){{1,4}}(?:skin(?:ned)?|complexion)",
    r"complexion",
    r"freckle[sd]?",
    r"wrinkle[sd]?",
    r"dimple[sd]?",
    r"birthmarks?",
    # shape of the face
    r"(?:round|oval|square|heart-shaped|angular|chiselled|chiseled|narrow|thin|wide)[\s-]+face[sd]?",
    r"(?:strong|square|sharp|defined|soft)[\s-]+(?:jaw|chin)s?",
    r"jaw ?lines?",
    r"cheek ?bones?",
    r"(?:high|broad|wide)[\s-]+foreheads?",
    r"(?:big|small|straight|aquiline|crooked|button|long|large)[\s-]+nose[sd]?",
    r"(?:full|thin|plump)[\s-]+lips",
    r"cleft chins?",
    # age
    r"\d{1,3}[\s-]+years?[\s-]+old",
    r"(?:in )?(?:his|her|their) (?:teens|twenties|thirties|forties|fifties|sixties|seventies|eighties|\d0s)",
    r"middle[\s-]aged",
    r"elderly",
    r"youthful",
    rf"(?:very )?(?:young|old|older|younger|aged)[\s-]+(?:{_PEOPLE})s?",
    # make
    rf"(?:{_ORIGINS})\s+(?:{_PEOPLE})s?",
    rf"(?:{_BUILDS})[\s-]+(?:build|figure|body|{_PEOPLE})s?",
)

_IDENTITY_WORDS = re.compile("|".join(rf"\b(?:{pattern})\b" for pattern in _PATTERNS), re.IGNORECASE)


def identity_words(caption: str, *, noun: str = "", traits: Iterable[str] = ()) -> tuple[str, ...]:
    """What the caption says of hair, eyes, skin, face, age or build, and of the subject's own `traits`, as written.

    An adapter learns what captions leave open: what they name, it does not learn as this person's. `noun` is what
    the subject is called, which may be said.
    """
    text = re.sub(rf"\b{re.escape(noun)}\b", " ", caption, flags=re.IGNORECASE) if noun else caption
    found = [match.group().strip() for match in _IDENTITY_WORDS.finditer(text)]
    for trait in traits:
        words = trait.strip()
        if words and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE):
            found.append(words)
    return tuple(dict.fromkeys(found))


TRIGGER_PLACEHOLDER = "[trigger]"
"""What trainers that take a trigger phrase put it in the place of."""

MOST_CAPTION_BYTES = 100_000
"""A longer file is no caption."""


class Captioning(Struct, frozen=True, kw_only=True):
    """How the photos of a subject are captioned, and for which trainers: endpoint to how it takes the trigger.

    `default` is the caption of photos that have no file, `prefix` begins every caption.
    """

    trigger: str = ""
    noun: str = ""
    traits: tuple[str, ...] = ()
    prefix: str = ""
    default: str = ""
    trainers: Mapping[str, TriggerUse | None] = field(default_factory=dict)


class Caption(Struct, frozen=True, kw_only=True):
    """The text that goes with a photo (empty: none does); `broken` says that its file is no text."""

    text: str = ""
    broken: bool = False


def caption_of(file: Path | None, captioning: Captioning) -> Caption:
    """The caption that the trainer gets with a photo that has this file beside it (None: none)."""
    own = captioning.default
    if file is not None:
        try:
            with file.open("rb") as opened:
                own = opened.read(MOST_CAPTION_BYTES).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return Caption(broken=True)
    return Caption(text=with_prefix(captioning.prefix, own))


def caption_findings(caption: Caption, captioning: Captioning, rules: PhotoRules) -> Iterator[PhotoFinding]:
    """A file that is no text, a trainer that would never see the trigger, words for what should stay."""
    if caption.broken:
        yield PhotoFinding(kind="caption_unreadable", severity=Severity.REJECT)
        return
    if not caption.text:
        return
    lost = [
        name for name, use in captioning.trainers.items() if not _has_trigger(caption.text, captioning.trigger, use)
    ]
    if lost:
        data = {"trigger": captioning.trigger, "noun": captioning.noun, "trainer": ", ".join(lost)}
        yield PhotoFinding(kind="caption_without_trigger", severity=Severity.REJECT, data=data)
    said = identity_words(caption.text, noun=captioning.noun, traits=captioning.traits)
    if said and rules.captions.leak_check is not Severity.OFF:
        yield PhotoFinding(kind="caption_leaks", severity=rules.captions.leak_check, data={"words": list(said)})


def _has_trigger(caption: str, trigger: str, use: TriggerUse | None) -> bool:
    """Whether the trainer learns the trigger from such a caption.

    Where photos have captions, a trigger word or a default caption is ignored; a trigger phrase takes the place of
    `[trigger]` in them.
    """
    if use is TriggerUse.PHRASE and TRIGGER_PLACEHOLDER in caption:
        return True
    return re.search(rf"(?<!\w){re.escape(trigger)}(?!\w)", caption, re.IGNORECASE) is not None


BLURRED = 25.0
"""Variance of the Laplacian below which a face is out of focus (sharp ones: 134 to 2202)."""

SOFT = 100.0
"""Below, it is not quite sharp."""

SCORABLE_PX = 64
"""Narrower faces can't be compared at all."""

CLEAR_EYES_PX = 60
"""Eyes less far apart make a face look blurred that only is small."""

LYING_DEGREES = 60
"""A head that is tilted by more lies on its side or upside down."""

DARK_MEAN, DARK_LOST = 0.07, 0.4
BRIGHT_MEAN, BRIGHT_LOST = 0.93, 0.3
"""Mean grey value, and the fraction that is lost in black or in white, beyond which the light is far off.

They are wide: dark and fair skin in good light are both well within them."""


def photo_findings(sight: PhotoObservation, rules: PhotoRules) -> Iterator[PhotoFinding]:
    """What is wrong with one photo, looked at alone. One that can't be read says why."""
    for problem in sight.problems:
        yield PhotoFinding(kind=problem.kind, severity=Severity.REJECT, data=problem.data)
    if sight.measures is None:
        return
    if rules.faces_per_photo:
        yield from _faces_findings(sight, rules)
    else:
        yield from _blur_findings(sight.measures.sharpness, rules, kind="photo_blurred", clear=True)
    yield from _picture_findings(sight.measures, rules)


def set_findings(count: int, rules: PhotoRules) -> Iterator[PhotoFinding]:
    """What is wrong with so many photos to train with."""
    data = {"count": count, "want": rules.count.want}
    if count < rules.count.min:
        yield PhotoFinding(
            kind="photos_too_few", severity=Severity.REJECT, value=count, bound=rules.count.min, data=data
        )
    elif count < rules.count.want:
        yield PhotoFinding(kind="photos_few", severity=Severity.WARN, value=count, bound=rules.count.want, data=data)
    elif count > rules.count.max:
        yield PhotoFinding(kind="photos_many", severity=Severity.WARN, value=count, bound=rules.count.max, data=data)


def comparison_findings(
    found: Mapping[int, NearDuplicate], likenesses: Sequence[float | None], names: Sequence[str], rules: PhotoRules
) -> Iterator[tuple[int, PhotoFinding]]:
    """What is wrong with photos beside the others of their set, with each one's number; `names` are theirs."""
    if rules.near_duplicates is not Severity.OFF:
        for number, twin in found.items():
            kind = "photo_mirrored" if twin.mirrored else "photo_twin"
            data = {"other": names[twin.other]}
            yield number, PhotoFinding(kind=kind, severity=rules.near_duplicates, value=twin.distance, data=data)
    if rules.odd_one_out is not Severity.OFF and rules.faces_per_photo == 1:
        for number, likeness in enumerate(likenesses):
            if likeness is not None and likeness < SAME_PERSON_LIKENESS:
                value = round(likeness, 3)
                yield (
                    number,
                    PhotoFinding(kind="photo_odd", severity=rules.odd_one_out, value=value, bound=SAME_PERSON_LIKENESS),
                )


def _faces_findings(sight: PhotoObservation, rules: PhotoRules) -> Iterator[PhotoFinding]:
    faces, wanted = sight.main, rules.faces_per_photo
    if not faces:
        yield PhotoFinding(kind="photo_no_face", severity=Severity.REJECT, value=0, bound=wanted)
        return
    if len(faces) != wanted:
        kind = "photo_faces" if len(faces) > wanted else "photo_faces_few"
        yield PhotoFinding(kind=kind, severity=Severity.REJECT, value=len(faces), bound=wanted)
    yield from _face_findings(faces[0], rules)


def _face_findings(face: FaceMeasures, rules: PhotoRules) -> Iterator[PhotoFinding]:
    if abs(face.roll) > LYING_DEGREES:
        yield PhotoFinding(kind="photo_lying", severity=Severity.WARN, value=round(face.roll), bound=LYING_DEGREES)
    width = round(face.box[2])
    if width < rules.min_face_px:
        severity = Severity.REJECT if width < SCORABLE_PX else rules.small_face
        yield PhotoFinding(kind="photo_face_small", severity=severity, value=width, bound=rules.min_face_px)
    yield from _blur_findings(face.sharpness, rules, kind="photo_face_blurred", clear=face.eyes >= CLEAR_EYES_PX)


def _blur_findings(sharpness: float, rules: PhotoRules, *, kind: str, clear: bool) -> Iterator[PhotoFinding]:
    """`clear` says that there are pixels enough to tell; a face with fewer is not quite sharp by nature."""
    is_blurred = sharpness < BLURRED
    if rules.blurred is Severity.OFF or sharpness >= SOFT or not (clear or is_blurred):
        return
    severity = rules.blurred if is_blurred and clear else Severity.WARN
    bound = BLURRED if is_blurred else SOFT
    yield PhotoFinding(kind=kind, severity=severity, value=round(sharpness, 1), bound=bound)


def _picture_findings(measures: PhotoMeasures, rules: PhotoRules) -> Iterator[PhotoFinding]:
    short = min(measures.width, measures.height)
    if short < rules.min_side_px:
        data = {"width": measures.width, "height": measures.height}
        yield PhotoFinding(
            kind="photo_small", severity=rules.small_side, value=short, bound=rules.min_side_px, data=data
        )
    if rules.exposure is not Severity.OFF:
        yield from _light_findings(measures, rules.exposure)
    if measures.oriented:
        yield PhotoFinding(kind="photo_turned", severity=Severity.NOTE)


def _light_findings(measures: PhotoMeasures, severity: Severity) -> Iterator[PhotoFinding]:
    if measures.mean < DARK_MEAN or measures.dark > DARK_LOST:
        data = {"percent": round(measures.dark * 100)}
        yield PhotoFinding(kind="photo_dark", severity=severity, value=measures.mean, bound=DARK_MEAN, data=data)
    elif measures.mean > BRIGHT_MEAN or measures.bright > BRIGHT_LOST:
        data = {"percent": round(measures.bright * 100)}
        yield PhotoFinding(kind="photo_bright", severity=severity, value=measures.mean, bound=BRIGHT_MEAN, data=data)
