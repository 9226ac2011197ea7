"""How sharp a face is, wherever it is in focus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.align import aligned
from nano_banana.faces.face import Face

SIDE = 256

LIGHT = 128.0
"""The mean grey of a face in good light."""

MOST_GAIN = 6.0
"""Darker faces are lightened by no more than this: what is left there is noise."""

ROUNDING = 20 / 12
"""The variance that whole numbers for grey give, which must not be taken for detail: a twelfth, times the sum of the
Laplacian's squared weights."""


def sharpness(rgb: NDArray[np.uint8], face: Face) -> float:
    """The variance of the Laplacian on the grey face, aligned to 256 pixels and brought to `LIGHT`.

    Less light makes every difference smaller, and the variance by the square of that: without this a sharp face at a
    fifth of the light, or with dark skin, would be called blurred. Faces lighter than `LIGHT` stay as they are.

    In their own light sharp faces have 134–2202, a blur of 1 % of the eye distance leaves 26–108, one of 2 % 7–20 (73
    photos). A small face that was enlarged looks blurred as well: look at its eye distance too.
    """
    import cv2

    grey = cv2.cvtColor(aligned(rgb, face, SIDE), cv2.COLOR_RGB2GRAY)
    found = float(cv2.Laplacian(grey, cv2.CV_32F).var(dtype=np.float64))
    gain = min(max(LIGHT / max(float(grey.mean()), 1.0), 1.0), MOST_GAIN)
    return found if gain == 1 else max(0.0, found - ROUNDING) * gain**2
