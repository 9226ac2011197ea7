"""How many people a prompt asks for, and what it calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nano_banana.providers.local.features import MAN, WOMAN

MOST = 6
"""More are not drawn side by side."""

_ONE: Mapping[str, str] = {
    **dict.fromkeys(("woman", "girl", "lady", "mother", "daughter", "sister", "wife", "bride", "grandmother"), WOMAN),
    **dict.fromkeys(("man", "boy", "gentleman", "father", "son", "brother", "husband", "groom", "grandfather"), MAN),
    **dict.fromkeys(("person", "friend", "colleague", "child", "kid", "stranger", "astronaut", "dancer"), ""),
}
_IRREGULAR = {
    "woman": "women",
    "man": "men",
    "lady": "ladies",
    "gentleman": "gentlemen",
    "child": "children",
    "wife": "wives",
}
_MANY: Mapping[str, str] = {
    **{_IRREGULAR.get(noun, f"{noun}s"): kind for noun, kind in _ONE.items()},
    "people": "",
    "adults": "",
    "siblings": "",
    "twins": "",
}
_NUMBERS: Mapping[str, int] = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6} | {
    str(at): at for at in range(2, 7)
}
_SETS: Mapping[str, int] = {"couple": 2, "pair": 2, "duo": 2, "twins": 2, "trio": 3, "group": 3}

_NOUN = rf"(?:{'|'.join(_ONE)})"
_CHAIN = re.compile(
    rf"\b{_NOUN}\b(?:,\s+(?:[\w-]+\s+){{0,3}}{_NOUN}\b){{0,{MOST}}}[^.;,]{{0,60}}?,?\s"
    rf"(?:and|&|with|beside|next to|plus)\s+(?:[\w-]+\s+){{0,3}}?{_NOUN}\b"
)
_COUNTED = re.compile(rf"\b({'|'.join(_NUMBERS)})\s+(?:[\w-]+\s+){{0,3}}?({'|'.join(_MANY)})\b")
_SET = re.compile(rf"\b({'|'.join(_SETS)})\b(?:\s+of\s+(?:[\w-]+\s+){{0,3}}?({'|'.join(_MANY)})\b)?")


def kinds(text: str) -> tuple[str, ...]:
    """One kind (WOMAN, MAN or empty) for each person that the text (lower case) asks for, from left to right.

    `two women`, `a couple`, `a woman and a man`; where nobody is named, it is one person of either kind.
    """
    counted = _COUNTED.search(text)
    if counted:
        return (_MANY[counted.group(2)],) * _NUMBERS[counted.group(1)]
    chain = _CHAIN.search(text)
    if chain:
        return tuple(_ONE[noun] for noun in re.findall(rf"\b{_NOUN}\b", chain.group()))[:MOST]
    several = _SET.search(text)
    if several and (several.group(2) or several.group(1) in {"couple", "duo", "twins", "trio"}):
        return (_MANY.get(several.group(2) or "", ""),) * _SETS[several.group(1)]
    single = re.search(rf"\b{_NOUN}\b", text)
    return (_ONE[single.group()],) if single else ("",)
