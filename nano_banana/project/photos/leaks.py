"""Words of captions for what stays with a person, and so must not be said."""

from __future__ import annotations

import re
from collections.abc import Iterable

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

_LEAK = re.compile("|".join(rf"\b(?:{pattern})\b" for pattern in _PATTERNS), re.IGNORECASE)


def leaks(caption: str, *, noun: str = "", traits: Iterable[str] = ()) -> tuple[str, ...]:
    """What the caption says of hair, eyes, skin, face, age or build, and of the subject's own `traits`, as written.

    An adapter learns what captions leave open: what they name, it does not learn as this person's. `noun` is what
    the subject is called, which may be said.
    """
    text = re.sub(rf"\b{re.escape(noun)}\b", " ", caption, flags=re.IGNORECASE) if noun else caption
    found = [match.group().strip() for match in _LEAK.finditer(text)]
    for trait in traits:
        words = trait.strip()
        if words and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE):
            found.append(words)
    return tuple(dict.fromkeys(found))
