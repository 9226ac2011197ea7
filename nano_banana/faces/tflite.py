"""Networks in TensorFlow Lite's format, run by OpenCV and loaded once."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.opencv import fits, unusable
from nano_banana.faces.weights import weight


class Net(Protocol):
    """What is used of OpenCV's `dnn.Net`; not thread safe, and `forward` may reuse its memory."""

    def setInput(self, blob: NDArray[np.float32]) -> None:  # noqa: N802 - OpenCV's name
        """Take a picture: 1 × 3 × height × width."""

    def forward(self, names: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        """The outputs of these names."""


def net(name: str) -> Net:
    """The network whose weights are called `name`, one a process.

    Raises Unusable: `faces_missing` (no OpenCV, or not the pinned weights) or `opencv_foreign`.
    """
    path = weight(name)
    if path is None or not fits():
        raise unusable(name)
    return _loaded(path)


@functools.cache
def _loaded(path: Path) -> Net:
    import cv2

    cv2.setNumThreads(1)
    return cast(Net, cv2.dnn.readNetFromTFLite(str(path)))
