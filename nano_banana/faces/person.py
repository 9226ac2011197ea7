"""Where a person ends and what is behind begins, as a soft mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nano_banana.core.errors import Unusable
from nano_banana.faces.tflite import net

WEIGHTS = "selfie_segmenter.tflite"
OUTPUT = "activation_10"
SIDE = 256
"""The network sees squares of this many pixels."""


def person_matte(rgb: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """How much of each pixel is a person, 0–1, for an RGB picture of height × width × 3.

    None where OpenCV or the weights are missing. The network's coarse mask is fitted to the picture's own
    edges by a guided filter (He, Sun, Tang: "Guided Image Filtering", 2010).
    """
    try:
        matte = fitted(rgb)
    except Unusable:
        return None
    return solid(_largest(matte))


def fitted(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The network's mask of an RGB picture, fitted to its edges, crumbs and holes included.

    Raises Unusable `faces_missing`.
    """
    network = net(WEIGHTS)
    import cv2

    square = cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    network.setInput(np.ascontiguousarray(square.transpose(2, 0, 1)[None]))
    (coarse,) = network.forward([OUTPUT])
    fine = guided(_floats(rgb) / np.float32(255), _floats(np.clip(coarse.reshape(SIDE, SIDE), 0, 1)))
    return _floats(np.clip((fine - 0.12) / 0.78, 0, 1))


def guided(guide: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mask as a locally linear function of the guide's three channels.

    Its coefficients are found at no more than 384 pixels a side, then used on the whole picture (He, Sun: "Fast
    Guided Filter", 2015).
    """
    import cv2

    height, width = guide.shape[:2]
    scale = min(1.0, 384 / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(guide, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    slope, start = _coefficients(small, cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR).astype(np.float32))
    slope = cv2.resize(slope, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    start = cv2.resize(start, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return _floats((slope * guide).sum(axis=-1) + start)


def _coefficients(
    guide: NDArray[np.float32], mask: NDArray[np.float32], radius: int = 3, ease: float = 1e-4
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Slope (height × width × 3) and start (height × width) of the best line in each window; `ease` is its ε."""
    import cv2

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (2 * radius + 1, 2 * radius + 1)), np.float32)

    average, level = mean(guide), mean(mask)
    spread = np.empty((*mask.shape, 3, 3), np.float32)
    for one, other in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)):
        product = mean(guide[..., one] * guide[..., other]) - average[..., one] * average[..., other]
        spread[..., one, other] = spread[..., other, one] = product
    spread += np.eye(3, dtype=np.float32) * ease
    joint = mean(guide * mask[..., None]) - average * level[..., None]
    slope = np.linalg.solve(spread, joint[..., None])[..., 0].astype(np.float32)
    return mean(slope), mean(level - (slope * average).sum(axis=-1))


def _largest(matte: NDArray[np.float32]) -> NDArray[np.float32]:
    """The matte without the crumbs that do not hang together with the largest part."""
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats((matte > 0.25).astype(np.uint8))
    if count < 2:
        return matte
    keep = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    near = cv2.dilate(keep, np.ones((5, 5), np.uint8))
    return (matte * near).astype(np.float32)


def solid(matte: NDArray[np.float32]) -> NDArray[np.float32]:
    """The matte without holes: well inside the outline everything is the person (a white strap, a visor)."""
    import cv2

    height, width = matte.shape
    outside = np.zeros((height + 1, width + 2), np.uint8)
    outside[1:, 1:-1] = matte > 0.3
    cv2.floodFill(outside, None, (0, 0), 2)
    person = (outside[1:, 1:-1] != 2).astype(np.uint8)
    inset = 2 * max(2, round(max(height, width) / 110)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (inset, inset))
    core = cv2.erode(person, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=1).astype(np.float32)
    return _floats(np.maximum(matte, cv2.blur(core, (inset // 2, inset // 2)) * core))


def _floats(values: object) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)
