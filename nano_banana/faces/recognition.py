"""Measures of one face: embedding (SFace), sharpness, surroundings hash.

Each is taken from a square in which the face is level and of one size.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.face import Face
from nano_banana.faces.networks import RECOGNISER, verified_weights

if TYPE_CHECKING:
    import cv2

Pixels = NDArray[np.uint8]

TEMPLATE = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
"""The five points of a face in a square of 112 pixels (Deng et al.: "ArcFace", 2019), as SFace was trained on."""

_SQUARE = 112
_MIDDLE = complex(56, 72)
"""The nose: wider squares go the same way beyond it to every side."""


def aligned_face(rgb: Pixels, face: Face, side: int) -> Pixels:
    """The face in a square of `side` × `side` × 3 pixels, its points on `TEMPLATE` as well as turning and scaling can.

    Large faces are scaled down by the mean of their pixels, so that no noise of theirs is taken for detail. Where the
    square leaves the picture the edge goes on.
    """
    return _warped(rgb, face, side, _template_points(face) * (side / _SQUARE))


def face_with_surroundings(rgb: Pixels, face: Face, side: int, *, times: float) -> Pixels:
    """As `aligned`, but the square is `times` as wide as the face's own, with the nose in the middle."""
    middle = complex(side / 2, side / 2)
    return _warped(rgb, face, side, (_template_points(face) - _MIDDLE) * (side / _SQUARE / times) + middle)


def _template_points(face: Face) -> NDArray[np.complex128]:
    return np.array([complex(*point) for point in TEMPLATE[: len(face.points)]])


def _warped(rgb: Pixels, face: Face, side: int, goal: NDArray[np.complex128]) -> Pixels:
    import cv2

    turn, shift = _similarity(np.array([complex(*point) for point in face.points]), goal)
    shrink = min(1.0, abs(turn) * 1.2)
    if shrink < 1:
        left, top, right, bottom = _source_box(rgb, turn, shift, side)
        part = rgb[top:bottom, left:right]
        size = (max(1, round(part.shape[1] * shrink)), max(1, round(part.shape[0] * shrink)))
        rgb = cast("Pixels", cv2.resize(part, size, interpolation=cv2.INTER_AREA))
        turn, shift = turn / shrink, shift + turn * complex(left, top)
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    square = cv2.warpAffine(rgb, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast("Pixels", square)


def _similarity(points: NDArray[np.complex128], goal: NDArray[np.complex128]) -> tuple[complex, complex]:
    """The turn (with scaling) and the shift that bring `points` nearest to `goal`, by least squares."""
    middle, target = points.mean(), goal.mean()
    spread = float((abs(points - middle) ** 2).sum()) or 1.0
    turn = complex((np.conj(points - middle) * (goal - target)).sum() / spread) or complex(1, 0)
    return turn, complex(target - turn * middle)


def _source_box(rgb: Pixels, turn: complex, shift: complex, side: int) -> tuple[int, int, int, int]:
    """The box (left, top, right, bottom) of the picture that a square shows, at least one pixel of it."""
    corners = [(complex(x, y) - shift) / turn for x in (0, side) for y in (0, side)]
    height, width = rgb.shape[:2]
    spare = 4 / abs(turn)
    left, right = _clipped_span([corner.real for corner in corners], spare, width)
    top, bottom = _clipped_span([corner.imag for corner in corners], spare, height)
    return left, top, right, bottom


def _clipped_span(ends: list[float], spare: float, room: int) -> tuple[int, int]:
    start = int(np.clip(min(ends) - spare, 0, room - 1))
    return start, int(np.clip(max(ends) + spare, start + 1, room))


FaceVector = NDArray[np.float32]


def face_embedding(rgb: NDArray[np.uint8], face: Face) -> FaceVector:
    """The face as a unit vector of 128 numbers; the cosine of two says how alike they are, −1 to 1.

    `rgb` is the picture at its full size, `face` one that was found in it. OpenCV calls faces one person's from
    0.363 on (its figure for LFW). Raises Unusable `faces_missing` and `weights_wrong`.
    """
    recogniser = _recogniser()
    row = np.array([face.left, face.top, face.width, face.height, *sum(face.points, ()), face.score], np.float32)
    # The square is turned from RGB to BGR, not the picture it is cut out of: that would take longer than the rest.
    square = np.ascontiguousarray(recogniser.alignCrop(rgb, row)[..., ::-1])
    vector = recogniser.feature(square).ravel()
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


@functools.cache
def _recogniser() -> cv2.FaceRecognizerSF:
    path = verified_weights(RECOGNISER)
    import cv2

    cv2.setNumThreads(1)
    return cv2.FaceRecognizerSF.create(str(path), "")


FACE_SIDE = 256

GOOD_LIGHT = 128.0
"""The mean grey of a face in good light."""

MAX_GAIN = 6.0
"""Darker faces are lightened by no more than this: what is left there is noise."""

ROUNDING_VARIANCE = 20 / 12
"""The variance that whole numbers for grey give, which must not be taken for detail: a twelfth, times the sum of the
Laplacian's squared weights."""


def face_sharpness(rgb: NDArray[np.uint8], face: Face) -> float:
    """The variance of the Laplacian on the grey face, aligned to 256 pixels and brought to `LIGHT`.

    Less light makes every difference smaller, and the variance by the square of that: without this a sharp face at a
    fifth of the light, or with dark skin, would be called blurred. Faces lighter than `LIGHT` stay as they are.

    In their own light sharp faces have 134–2202, a blur of 1 % of the eye distance leaves 26–108, one of 2 % 7–20 (73
    photos). A small face that was enlarged looks blurred as well: look at its eye distance too.
    """
    import cv2

    grey = cv2.cvtColor(aligned_face(rgb, face, FACE_SIDE), cv2.COLOR_RGB2GRAY)
    found = float(cv2.Laplacian(grey, cv2.CV_32F).var(dtype=np.float64))
    gain = min(max(GOOD_LIGHT / max(float(grey.mean()), 1.0), 1.0), MAX_GAIN)
    return found if gain == 1 else max(0.0, found - ROUNDING_VARIANCE) * gain**2


SURROUNDINGS_WIDTH = 2.4
"""The side of the square around the face, in sides of the square that recognisers see: 7.6 eye distances.

Measured on 14 photos with 16 edits each (JPEG 30, half and double size, mirrored, brighter, darker, more contrast, cut
by up to 6 %) and on 16 pictures that paste the photos' own person, relit, before another background. A distance of at
most 10 of 64 holds of 96 % of the edits and of none of the pictures (nearest: 14; of other such pictures one was 10
away, so that a gate asks for 8). Narrower squares see the person alone (at 2.0 the nearest picture is 9 away), wider
ones what a cut takes away (at 2.8 one edit in eight is over 10).
Hashes of low frequencies (pHash) tell them apart no better than by chance at any size: the person fills them.
"""

_SIDE = 160
_CELLS = 8


def surroundings_hash(rgb: NDArray[np.uint8], face: Face) -> tuple[str, str]:
    """The hash of the picture around the face and that of its mirror image, 16 hexadecimal digits each.

    The square lies on the face's points, so that it is the same part of a photo in every copy; where it leaves the
    picture the edge goes on. Of 8 × 9 cells of grey each bit says whether a cell is lighter than the one above it.
    """
    import cv2

    square = face_with_surroundings(rgb, face, _SIDE, times=SURROUNDINGS_WIDTH)
    grey = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY)
    cells = cast("NDArray[np.uint8]", cv2.resize(grey, (_CELLS, _CELLS + 1), interpolation=cv2.INTER_AREA)).astype(int)
    return _cells_hash(cells), _cells_hash(cells[:, ::-1])


def _cells_hash(cells: NDArray[np.int_]) -> str:
    bits = (cells[1:] > cells[:-1]).ravel()
    return np.packbits(bits).tobytes().hex()
