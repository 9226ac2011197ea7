"""What a detection reports: findings, their certainty, skipped checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from nano_banana.model.json_values import JSONObject

C2PA = "c2pa"
IPTC = "iptc"
METADATA = "metadata"
DWTDCT = "dwtdct"
RIVAGAN = "rivagan"
SYNTHID = "synthid"

CHECKS = (C2PA, IPTC, METADATA, DWTDCT, RIVAGAN, SYNTHID)
"""What can be looked for, in the order in which it is told."""


class Certainty(StrEnum):
    """How sure a finding is."""

    TRUSTED = "trusted"
    """Signed by somebody whom the user trusts, and unchanged since."""
    SIGNED = "signed"
    """Signed and unchanged since, by somebody whom nobody here vouches for."""
    EXPIRED = "expired"
    """Signed and unchanged since, by a certificate that has expired."""
    UNFIT = "unfit"
    """Signed and unchanged since, by a certificate that was revoked or may not sign pictures."""
    BROKEN = "broken"
    """Was signed, but the picture or the signature was changed since."""
    UNPROVEN = "unproven"
    """There is a manifest, but it can't be shown whether anything was changed."""
    STATED = "stated"
    """Written beside the pixels, where anybody can write and remove it."""
    CERTAIN = "certain"
    """Measured in the pixels; nearly all bits agree."""
    LIKELY = "likely"
    """Measured in the pixels; more bits agree than in any clean picture."""
    VOUCHED = "vouched"
    """Said by the user's own verifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceFinding:
    """`name` of the kind `of` was found. `ai`: whether it says that AI made the picture (None: it does not say).

    `facts` is what else it says: text out of a file, not to be shown raw on a terminal.
    """

    of: str
    name: str
    certainty: Certainty
    ai: bool | None = True
    facts: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedCheck:
    """What could not be looked for, and `why`; `facts` fill the words for it."""

    of: str
    why: str
    facts: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionReport:
    """All that is known of one picture. `none_of` was looked for and not found, which proves nothing."""

    path: str
    media: str
    findings: tuple[ProvenanceFinding, ...] = ()
    none_of: tuple[str, ...] = ()
    unchecked: tuple[SkippedCheck, ...] = ()
