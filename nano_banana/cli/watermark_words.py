"""What is found in pictures, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nano_banana.cli.words.index import fill, wording
from nano_banana.cli.words.wording import install
from nano_banana.core.json import JSONValue
from nano_banana.marks.found.finding import Certainty, Finding, Unchecked

KINDS = {
    "c2pa": "C2PA content credentials",
    "iptc": "IPTC/XMP source type",
    "metadata": "generation metadata",
    "dwtdct": "DWT-DCT watermark (Stable Diffusion, BFL)",
    "rivagan": "Nano Banana's invisible mark",
    "synthid": "SynthID",
}
_HIDDEN_TEXT = "parameters hidden in pixels"
"""What of the metadata can't be read where the pixels can't."""


_NAMES = {
    "manifest": "content credentials",
    "source_type": "IPTC digital source type",
    "credit": "credit line",
    "nano-banana": "Nano Banana's metadata",
    "a1111": "parameters (A1111)",
    "forge": "parameters (Forge)",
    "comfyui": "ComfyUI graph",
    "invokeai": "InvokeAI metadata",
    "novelai": "NovelAI metadata",
    "fooocus": "Fooocus metadata",
    "swarmui": "SwarmUI metadata",
    "midjourney": "Midjourney's job",
    "bfl": "Black Forest Labs' EXIF",
    "software": "software's name",
    "aigc": "AIGC label (China)",
    "grok": "Grok's signature",
    "stealth": "hidden parameters",
    "own": "Nano Banana's invisible mark",
    "yours": "your invisible mark",
    "synthid": "SynthID",
}
_HIDDEN = {
    "bfl": "FLUX watermark (BFL's code)",
    "sdxl": "Stable Diffusion XL watermark",
    "sd1": "Stable Diffusion 1 watermark",
}

_CERTAINTIES = {
    Certainty.TRUSTED: "signed, by whom you trust",
    Certainty.SIGNED: "signed, signer unknown here",
    Certainty.EXPIRED: "signed, unchanged; the certificate has expired",
    Certainty.UNFIT: "signed, unchanged; the certificate is not valid for this",
    Certainty.BROKEN: "changed since signed: proves nothing",
    Certainty.UNPROVEN: "can't be verified: proves nothing",
    Certainty.STATED: "stated: anybody can write it",
    Certainty.CERTAIN: "measured: certain",
    Certainty.LIKELY: "measured: likely",
    Certainty.VOUCHED: "your verifier's word",
}

_WHY = {
    "c2pa_not_installed": f"what reads them is not installed: `{install('c2pa')}`",
    "c2pa_elsewhere": "the picture only holds the address of its credentials, which is not asked",
    "c2pa_unreadable": "the file could not be read through: {reason}",
    "marks_not_installed": f"{{missing}} is not installed: `{install('marks')}`, then `nano-banana setup`",
    "place_skipped": "{place}",
    "too_small": "{width} × {height} pixels are too few; it is only ever written into 256 × 256 and more",
    "synthid_closed": "cannot be checked from here; Google and OpenAI let people check theirs (--synthid plugs in a "
    "verifier)",
    "synthid_expected": "cannot be checked from here; {writer} drew it, which writes it into all its pictures",
    "verifier_unsure": "your verifier is not sure{detail}",
    "verifier_failed": "your verifier gave no answer: {reason}",
}

_SAYS = {True: "made by AI", False: "not made by AI"}
_MOST = 60
"""Characters of a fact in a table."""


def name_of(finding: Finding) -> str:
    """What was found."""
    return (_HIDDEN if finding.of == "dwtdct" else _NAMES)[finding.name]


def sure(finding: Finding) -> str:
    """How sure it is."""
    return _CERTAINTIES[finding.certainty]


def says(finding: Finding) -> str:
    """What it says: whether AI made the picture, and its facts."""
    facts: dict[str, JSONValue] = dict(finding.facts)
    told = [_SAYS[finding.ai]] if finding.ai is not None else []
    if "agree" in facts:
        told.append(f"{facts.pop('agree')} of {facts.pop('bits')} bits")
        facts.pop("rate", None)
    return "; ".join([*told, *(f"{name.replace('_', ' ')}: {_short(value)}" for name, value in facts.items() if value)])


def not_checked(unchecked: Sequence[Unchecked]) -> Mapping[str, str]:
    """Each reason why something could not be looked for, and what."""
    reasons: dict[str, list[str]] = {}
    for one in unchecked:
        reasons.setdefault(_why(one), []).append(_named(one))
    return {reason: "; ".join(names) for reason, names in reasons.items()}


def _named(unchecked: Unchecked) -> str:
    return _HIDDEN_TEXT if unchecked.of == "metadata" and unchecked.why != "place_skipped" else KINDS[unchecked.of]


def _why(unchecked: Unchecked) -> str:
    words = _WHY.get(unchecked.why)
    facts = dict(unchecked.facts)
    if unchecked.why == "verifier_unsure" and facts.get("detail"):
        facts["detail"] = f": {facts['detail']}"
    return fill(words if words is not None else wording(unchecked.why).say, facts)


def _short(value: JSONValue) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
