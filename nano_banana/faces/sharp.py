"""How sharp a face is, wherever it is in focus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.align import aligned
from nano_banana.faces.face import Face

SIDE = 256


def sharpness(rgb: NDArray[np.uint8], face: Face) -> float:
    """The variance of the Laplacian on the grey face, aligned to 256 pixels.

    Sharp faces have 134–2202, a blur of 1 % of the eye distance leaves 26–108, one of 2 % 7–20 (73 photos). A small
    face that was enlarged looks blurred as well: look at its eye distance too.
    """
    import cv2

    grey = cv2.cvtColor(aligned(rgb, face, SIDE), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var(dtype=np.float64))
