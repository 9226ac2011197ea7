"""Runs TensorFlow Lite networks through OpenCV, each loaded once."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.networks import faces_unavailable, opencv_fits, weights_file


class TFLiteNetwork(Protocol):
    """What is used of OpenCV's `dnn.Net`; not thread safe, and `forward` may reuse its memory."""

    def setInput(self, blob: NDArray[np.float32]) -> None:  # noqa: N802 - OpenCV's name
        """Take a picture: 1 × 3 × height × width."""

    def forward(self, names: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        """The outputs of these names."""


def tflite_network(name: str) -> TFLiteNetwork:
    """The network whose weights are called `name`, one a process.

    Raises Unusable: `faces_missing` (no OpenCV, or not the pinned weights) or `opencv_foreign`.
    """
    path = weights_file(name)
    if path is None or not opencv_fits():
        raise faces_unavailable(name)
    return _loaded_network(path)


@functools.cache
def _loaded_network(path: Path) -> TFLiteNetwork:
    import cv2

    cv2.setNumThreads(1)
    return cast(TFLiteNetwork, cv2.dnn.readNetFromTFLite(str(path)))
