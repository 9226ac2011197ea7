"""Finds faces with YuNet, at several sizes and in all quarter turns."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.face import Face
from nano_banana.faces.networks import DETECTOR, network_path, verified_weights

if TYPE_CHECKING:
    import cv2

DETECTION_SIDE = 640
"""Larger pictures are scaled down first: at full size large faces get wrong points."""

SMALL_FACE = 40
"""Detected pixels. Points of a narrower face are more exact at twice the size."""

SMALLEST_PICTURE = 160
"""Smaller pictures without detections are enlarged to this side."""

MIN_SIDE = 64
"""YuNet reads uninitialised memory if a side has 32 pixels or less, and its results vary (measured: for 24 of 150 small
pictures; with 64 for none)."""

MIN_SCORE = 0.6
"""The least score of a face."""

MIN_SCORE_AGAIN = 0.77
"""The least score in further passes if the first finds nothing; nearly all false detections are below it."""

UPRIGHT_SCORE = 0.9
"""A face with this score is less than half a quarter turn from upright: lying ones have at most 0.88 (4 portraits in
12 turns each; upright ones 0.93 to 0.96)."""

UPRIGHT_BONUS = 0.01
"""How much higher a face's score must be in another turn to be taken from there."""

MIN_SCORE_TURNED = 0.85
"""The least score of a face in another turn, where parts of upright faces score up to 0.8."""

Pixels = NDArray[np.uint8]


def find_faces(rgb: Pixels) -> tuple[Face, ...] | None:
    """The faces of an RGB picture (height × width × 3), largest first; None where OpenCV or YuNet is missing.

    The picture is looked at 640 pixels long, and at twice that where its faces are small: the likeness of a face of
    24 pixels to the same one at full size is 0.73 then and not 0.62 (in 95 % of 30 pictures; of 32 pixels 0.82 and
    0.70). Where nothing is seen it is looked at with a border of half its size, because a face that fills the picture
    has no outline (small pictures are enlarged to 160 pixels); then at twice the size, for small faces. Measured:
    faces of 25 pixels (LFW, 100) 7 → 97, crops tighter than the face (30) 20 → 30, faces of 8 pixels at 640 (8) 0 → 8;
    of 598 pictures of things 11 → 12.

    YuNet finds heads that lie on their side or upside down as well, but with the points of an upright face. So unless
    all faces are surely upright the picture is looked at in all four quarter turns, and each face is taken from the
    turn in which its score is highest. Raises Unusable `weights_wrong`.
    """
    if network_path(DETECTOR) is None:
        return None
    faces = _found_upright(rgb)
    if not faces or min(face.score for face in faces) < UPRIGHT_SCORE:
        faces = _best_of_quarter_turns(rgb, faces)
    return tuple(sorted(faces, key=lambda face: (-face.width * face.height, face.left, face.top)))


def _best_of_quarter_turns(rgb: Pixels, faces: list[Face]) -> list[Face]:
    """The faces of all four quarter turns, each once; `faces` are those of the picture as it is."""
    height, width = rgb.shape[:2]
    seen = [(face.score + UPRIGHT_BONUS, face) for face in faces]
    for quarters in (1, 2, 3):
        turned = _found_upright(np.ascontiguousarray(np.rot90(rgb, quarters)))
        seen += [(face.score, face.turned_back(quarters, width, height)) for face in turned]
    kept: list[Face] = []
    for _, face in sorted(seen, key=lambda pair: -pair[0]):
        if not any(_is_same(face, other) for other in kept) and (face in faces or face.score >= MIN_SCORE_TURNED):
            kept.append(face)
    return kept


def _is_same(one: Face, other: Face) -> bool:
    """Whether two boxes are of one face: the centre of the smaller one is inside the other."""
    small, large = sorted((one, other), key=lambda face: face.width * face.height)
    x, y = small.left + small.width / 2, small.top + small.height / 2
    return 0 <= x - large.left <= large.width and 0 <= y - large.top <= large.height


def _found_upright(rgb: Pixels) -> list[Face]:
    """Detect faces in the picture as it is."""
    scale = min(1.0, DETECTION_SIDE / max(rgb.shape[:2]))
    seen = _detected_at_scale(rgb, scale)
    if not seen:
        return _sure(_detected_with_border(rgb)) or _sure(_detected_at_scale(rgb, 2 * scale) if scale < 1 else [])
    if max(face.width for face in seen) * scale < SMALL_FACE:
        finer = _detected_at_scale(rgb, 2 * scale)
        seen = finer if len(finer) >= len(seen) else seen
    return seen


def _sure(faces: list[Face]) -> list[Face]:
    return [face for face in faces if face.score >= MIN_SCORE_AGAIN]


def _detected_at_scale(rgb: Pixels, scale: float) -> list[Face]:
    return _detected(_scaled(rgb, scale), scale)


def _detected_with_border(rgb: Pixels) -> list[Face]:
    """Detect faces with a grey border of half the longest side around the picture."""
    side = max(rgb.shape[:2])
    scale = min(1.0, DETECTION_SIDE / 2 / side) if side > SMALLEST_PICTURE else SMALLEST_PICTURE / side
    small = _scaled(rgb, scale)
    border = max(small.shape[:2]) // 2
    framed = np.pad(small, ((border, border), (border, border), (0, 0)), constant_values=128)
    height, width = rgb.shape[:2]
    faces = _detected(framed, scale, offset=border)
    # A face whose centre lies in the border is a false detection.
    return [
        face for face in faces if 0 <= face.left + face.width / 2 <= width and 0 <= face.top + face.height / 2 <= height
    ]


def _scaled(rgb: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return rgb
    import cv2

    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return cast(Pixels, cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))


def _detected(small: Pixels, scale: float, *, offset: int = 0) -> list[Face]:
    """Detect faces in a picture scaled by `scale`, with a border of `offset` pixels; in pixels of the original."""
    detector = _detector()
    height, width = (max(MIN_SIDE, side) for side in small.shape[:2])
    bgr = np.zeros((height, width, 3), np.uint8)
    bgr[: small.shape[0], : small.shape[1]] = small[..., ::-1]
    detector.setInputSize((width, height))
    _, rows = detector.detect(bgr)
    # OpenCV's types don't say that there may be no rows.
    found = cast("NDArray[np.float32] | None", rows)
    return [_face(row, scale, offset) for row in (() if found is None else found)]


@functools.cache
def _detector() -> cv2.FaceDetectorYN:
    path = verified_weights(DETECTOR)
    import cv2

    # Workers already use one processor each.
    cv2.setNumThreads(1)
    return cv2.FaceDetectorYN.create(str(path), "", (320, 320), MIN_SCORE, 0.3, 5000)


def _face(row: NDArray[np.float32], scale: float, offset: int) -> Face:
    """A row of YuNet's: box, right eye, left eye, nose, right and left corner of the mouth (the person's), score."""
    left, top = ((float(value) - offset) / scale for value in row[:2])
    width, height = (float(value) / scale for value in row[2:4])
    x0, y0, x1, y1, x2, y2, x3, y3, x4, y4 = ((float(value) - offset) / scale for value in row[4:14])
    return Face(
        left=left,
        top=top,
        width=width,
        height=height,
        eyes=((x0, y0), (x1, y1)),
        nose=(x2, y2),
        mouth=((x3, y3), (x4, y4)),
        score=float(row[14]),
    )
