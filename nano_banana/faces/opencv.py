"""OpenCV as it is installed: whether it runs the networks that look."""

from __future__ import annotations

import functools
import importlib.util
import re
from pathlib import Path

from nano_banana.core.errors import Unusable, trouble

FIRST = (4, 11)
BEFORE = (5,)
"""The versions that run them. OpenCV 5 has another engine, which stops at SFace and knows no TensorFlow Lite."""


def fits() -> bool:
    """Whether OpenCV is here, in a version that runs the networks. Cheap: does not import it."""
    version = _version()
    return version is not None and (not version or FIRST <= tuple(map(int, version.split("."))) < BEFORE)


def unusable(missing: str) -> Unusable:
    """The error where `missing` is what can't be loaded: `opencv_foreign` (wrong version), else `faces_missing`."""
    version = _version()
    if version and not fits():
        return Unusable([trouble("opencv_foreign", found=version)])
    return Unusable([trouble("faces_missing", missing=missing)])


def _version() -> str | None:
    """Digits and dots; empty where the package does not say (one of a Linux distribution); None without OpenCV."""
    spec = importlib.util.find_spec("cv2")
    if spec is None:
        return None
    return "" if spec.origin is None else _said(Path(spec.origin).with_name("version.py"))


@functools.cache
def _said(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return ""
    said = re.search(r"opencv_version = \"(\d+(?:\.\d+)*)", text)
    return said[1] if said else ""
