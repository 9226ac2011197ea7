"""Whether looking at faces and marking would work, before a call needs it."""

from __future__ import annotations

from collections.abc import Collection

from nano_banana.core.errors import Unusable, trouble
from nano_banana.faces.landmarks import WEIGHTS as LANDMARKS
from nano_banana.faces.networks import DETECTOR, RECOGNISER, weights_of
from nano_banana.faces.opencv import unusable
from nano_banana.faces.parts import AT_LARGE, OUTLINED
from nano_banana.faces.person import WEIGHTS as PERSON
from nano_banana.faces.weights import weight
from nano_banana.marks.invisible.needs import missing
from nano_banana.marks.invisible.sources import DECODER, ENCODER


def check_sight(parts: Collection[str]) -> None:
    """Load nothing, but see that faces could be looked at, and these `parts` (of PARTS) be found.

    Raises Unusable: `faces_missing`, `opencv_foreign` or `weights_wrong`.
    """
    for network in (DETECTOR, RECOGNISER):
        weights_of(network)
    needed = {LANDMARKS: set(parts) - set(AT_LARGE), PERSON: set(parts) - set(OUTLINED)}
    for name, users in needed.items():
        if users and weight(name) is None:
            raise unusable(name)


def check_marking() -> None:
    """Load nothing, but see that invisible marks could be written. Raises Unusable `marks_missing`."""
    lacking = missing(ENCODER, DECODER)
    if lacking is not None:
        raise Unusable([trouble("marks_missing", missing=lacking)])
