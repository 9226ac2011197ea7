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
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.recipe.training_photos import PhotoRules, Severity
from nano_banana.session.photo_observations import (
    SAME_PERSON_LIKENESS,
    NearDuplicate,
    PhotoMeasures,
    PhotoObservation,
)


class PhotoFinding(Struct, frozen=True, kw_only=True):
    """Something wrong with a photo or a set. `kind` selects the message; `value` was measured, `bound` is its limit.

    `data` has what else the message needs.
    """

    kind: str
    severity: Severity
    value: float | None = None
    bound: float | None = None
    data: JSONObject = field(default_factory=dict)

    def told(self, path: str) -> JSONObject:
        """The data of the message; `path` is the photo, or the subject of a set."""
        return {"value": self.value, "bound": self.bound, **self.data, "path": path, "input": path}


def _found(
    kind: str, severity: Severity, value: float | None = None, bound: float | None = None, **data: JSONValue
) -> PhotoFinding:
    return PhotoFinding(kind=kind, severity=severity, value=value, bound=bound, data=data)


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
    """The caption's words about hair, eyes, skin, face, age or build, and the subject's own `traits`, as written.

    An adapter learns what captions leave out; what they name, it doesn't learn as this person's. The subject's `noun`
    is allowed.
    """
    text = re.sub(rf"\b{re.escape(noun)}\b", " ", caption, flags=re.IGNORECASE) if noun else caption
    found = [match.group().strip() for match in _IDENTITY_WORDS.finditer(text)]
    for trait in traits:
        words = trait.strip()
        if words and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE):
            found.append(words)
    return tuple(dict.fromkeys(found))


TRIGGER_PLACEHOLDER = "[trigger]"
"""Trainers with a trigger phrase replace this by it."""

MOST_CAPTION_BYTES = 100_000
"""The most bytes that are read of a caption."""


class Captioning(Struct, frozen=True, kw_only=True):
    """How the photos of a subject are captioned, and for which trainers: endpoint to its use of the trigger.

    `default` is the caption of photos without a file, `prefix` begins every caption.
    """

    trigger: str = ""
    noun: str = ""
    traits: tuple[str, ...] = ()
    prefix: str = ""
    default: str = ""
    trainers: Mapping[str, TriggerUse | None] = field(default_factory=dict)


class Caption(Struct, frozen=True, kw_only=True):
    """The caption of a photo (empty: none); `broken` if its file is not text."""

    text: str = ""
    broken: bool = False


def caption_of(file: Path | None, captioning: Captioning) -> Caption:
    """The caption that the trainer gets for a photo with this caption file (None: no file)."""
    own = captioning.default
    if file is not None:
        try:
            with file.open("rb") as opened:
                own = opened.read(MOST_CAPTION_BYTES).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return Caption(broken=True)
    return Caption(text=with_prefix(captioning.prefix, own))


def caption_findings(caption: Caption, captioning: Captioning, rules: PhotoRules) -> Iterator[PhotoFinding]:
    """A file that is no text, a trigger that a trainer would never see, words for the person's own features."""
    if caption.broken:
        yield _found("caption_unreadable", Severity.REJECT)
        return
    if not caption.text:
        return
    trigger, noun = captioning.trigger, captioning.noun
    lost = [name for name, use in captioning.trainers.items() if not _has_trigger(caption.text, trigger, use)]
    if lost:
        yield _found("caption_without_trigger", Severity.REJECT, trigger=trigger, noun=noun, trainer=", ".join(lost))
    words = identity_words(caption.text, noun=noun, traits=captioning.traits)
    if words and rules.captions.leak_check is not Severity.OFF:
        yield _found("caption_leaks", rules.captions.leak_check, words=list(words))


def _has_trigger(caption: str, trigger: str, use: TriggerUse | None) -> bool:
    """Whether the trainer learns the trigger from such a caption.

    If photos have captions, trainers ignore a trigger word or a default caption; a trigger phrase replaces `[trigger]`
    in them.
    """
    if use is TriggerUse.PHRASE and TRIGGER_PLACEHOLDER in caption:
        return True
    return re.search(rf"(?<!\w){re.escape(trigger)}(?!\w)", caption, re.IGNORECASE) is not None


BLURRED = 25.0
"""Below this variance of the Laplacian, a face is out of focus (sharp ones: 134 to 2202)."""

SOFT = 100.0
"""Below this, it is not quite sharp."""

SCORABLE_PX = 64
"""Narrower faces can't be compared."""

CLEAR_EYES_PX = 60
"""With a smaller distance between the eyes, a face looks blurred only because it is small."""

LYING_DEGREES = 60
"""A head that is tilted more lies on its side or is upside down."""

DARK_MEAN, DARK_LOST = 0.07, 0.4
BRIGHT_MEAN, BRIGHT_LOST = 0.93, 0.3
"""Limits of the mean grey value, and of the fraction of pure black or white pixels.

They are wide: dark and fair skin in good light are both well within them."""


def photo_findings(sight: PhotoObservation, rules: PhotoRules) -> Iterator[PhotoFinding]:
    """What is wrong with a photo by itself, or why it can't be read."""
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
    """What is wrong with the number of photos to train with."""
    bounds, data = rules.count, {"count": count, "want": rules.count.want}
    if count < bounds.min:
        yield _found("photos_too_few", Severity.REJECT, count, bounds.min, **data)
    elif count < bounds.want:
        yield _found("photos_few", Severity.WARN, count, bounds.want, **data)
    elif count > bounds.max:
        yield _found("photos_many", Severity.WARN, count, bounds.max, **data)


def comparison_findings(
    found: Mapping[int, NearDuplicate], likenesses: Sequence[float | None], names: Sequence[str], rules: PhotoRules
) -> Iterator[tuple[int, PhotoFinding]]:
    """What is wrong with photos compared with the others of their set, with each one's number; `names` are theirs."""
    if rules.near_duplicates is not Severity.OFF:
        for number, twin in found.items():
            kind = "photo_mirrored" if twin.mirrored else "photo_twin"
            yield number, _found(kind, rules.near_duplicates, twin.distance, other=names[twin.other])
    if rules.odd_one_out is not Severity.OFF and rules.faces_per_photo == 1:
        for number, likeness in enumerate(likenesses):
            if likeness is not None and likeness < SAME_PERSON_LIKENESS:
                yield number, _found("photo_odd", rules.odd_one_out, round(likeness, 3), SAME_PERSON_LIKENESS)


def _faces_findings(sight: PhotoObservation, rules: PhotoRules) -> Iterator[PhotoFinding]:
    faces, wanted = sight.main, rules.faces_per_photo
    if not faces:
        yield _found("photo_no_face", Severity.REJECT, 0, wanted)
        return
    if len(faces) != wanted:
        kind = "photo_faces" if len(faces) > wanted else "photo_faces_few"
        yield _found(kind, Severity.REJECT, len(faces), wanted)
    face, width = faces[0], round(faces[0].box[2])
    if abs(face.roll) > LYING_DEGREES:
        yield _found("photo_lying", Severity.WARN, round(face.roll), LYING_DEGREES)
    if width < rules.min_face_px:
        severity = Severity.REJECT if width < SCORABLE_PX else rules.small_face
        yield _found("photo_face_small", severity, width, rules.min_face_px)
    yield from _blur_findings(face.sharpness, rules, kind="photo_face_blurred", clear=face.eyes >= CLEAR_EYES_PX)


def _blur_findings(sharpness: float, rules: PhotoRules, *, kind: str, clear: bool) -> Iterator[PhotoFinding]:
    """`clear` says that there are enough pixels to tell; a smaller face is never quite sharp."""
    is_blurred = sharpness < BLURRED
    if rules.blurred is Severity.OFF or sharpness >= SOFT or not (clear or is_blurred):
        return
    severity = rules.blurred if is_blurred and clear else Severity.WARN
    yield _found(kind, severity, round(sharpness, 1), BLURRED if is_blurred else SOFT)


def _picture_findings(measures: PhotoMeasures, rules: PhotoRules) -> Iterator[PhotoFinding]:
    width, height, mean = measures.width, measures.height, measures.mean
    if min(width, height) < rules.min_side_px:
        short = min(width, height)
        yield _found("photo_small", rules.small_side, short, rules.min_side_px, width=width, height=height)
    if rules.exposure is not Severity.OFF:
        if mean < DARK_MEAN or measures.dark > DARK_LOST:
            yield _found("photo_dark", rules.exposure, mean, DARK_MEAN, percent=round(measures.dark * 100))
        elif mean > BRIGHT_MEAN or measures.bright > BRIGHT_LOST:
            yield _found("photo_bright", rules.exposure, mean, BRIGHT_MEAN, percent=round(measures.bright * 100))
    if measures.oriented:
        yield _found("photo_turned", Severity.NOTE)
