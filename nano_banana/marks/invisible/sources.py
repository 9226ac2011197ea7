"""Where the weights of RivaGAN ship: in which wheel, under which hashes."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.source import Source

_WHEEL = "invisible-watermark==0.2.0"
_WHEEL_SHA256 = "644311beed9cfe4a9a5a4a46c740f47800cef184fe2e1297f3f4542e2d992f8b"

ENCODER = Source(
    name="rivagan_encoder.onnx",
    sha256="66bc7814fadac7d686105c8ab26c6cf2cc8e40deb83e67bb6ef5b9de9b8ece0d",
    wheel=_WHEEL,
    wheel_sha256=_WHEEL_SHA256,
    inside=("imwatermark/rivagan_encoder.onnx",),
    licence="MIT",
    about="RivaGAN: writes an invisible mark of 32 bits",
)

DECODER = Source(
    name="rivagan_decoder.onnx",
    sha256="6b006690cf352fa50a91a0b6d6241dbcded0a9957969e2c0665cf9a7011b3880",
    wheel=_WHEEL,
    wheel_sha256=_WHEEL_SHA256,
    inside=("imwatermark/rivagan_decoder.onnx",),
    licence="MIT",
    about="RivaGAN: reads it again",
)

SOURCES: Mapping[str, Source] = {source.name: source for source in (ENCODER, DECODER)}
"""By file name. The wheel is read as a zip and never installed: it would pull in gigabytes."""
