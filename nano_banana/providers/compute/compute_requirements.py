"""Check that face detection and watermarking would work, loading nothing."""

from __future__ import annotations

from collections.abc import Collection

from nano_banana.faces.face import OUTLINED_PARTS, WHOLE_PICTURE_PARTS
from nano_banana.faces.networks import (
    DETECTOR,
    LANDMARK_WEIGHTS,
    PERSON_WEIGHTS,
    RECOGNISER,
    faces_unavailable,
    verified_weights,
    weights_file,
)
from nano_banana.model.problem import Unusable, problem
from nano_banana.provenance.watermark_messages import RIVAGAN_DECODER, RIVAGAN_ENCODER, missing_requirement


def check_face_models(parts: Collection[str]) -> None:
    """Check that faces and these `parts` (of PARTS) can be found, without loading the models.

    Raises Unusable: `faces_missing`, `opencv_foreign` or `weights_wrong`.
    """
    for network in (DETECTOR, RECOGNISER):
        verified_weights(network)
    needed = {LANDMARK_WEIGHTS: {*parts} - {*WHOLE_PICTURE_PARTS}, PERSON_WEIGHTS: {*parts} - {*OUTLINED_PARTS}}
    for name, users in needed.items():
        if users and weights_file(name) is None:
            raise faces_unavailable(name)


def check_watermark_models() -> None:
    """Check that invisible marks can be written, without loading the models. Raises Unusable `marks_missing`."""
    lacking = missing_requirement(RIVAGAN_ENCODER, RIVAGAN_DECODER)
    if lacking is not None:
        raise Unusable([problem("marks_missing", missing=lacking)])
