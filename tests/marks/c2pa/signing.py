"""Pictures, a certificate and a claim, for tests of content credentials."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import cache

import numpy as np
from msgspec.structs import replace
from PIL import Image

from nano_banana.provenance.c2pa_certificates import GeneratedCertificate, make_certificate
from nano_banana.provenance.content_credentials import C2paClaim, sign_image

KINDS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}
CLAIM = C2paClaim(version="1.2.3", agents=("fal-ai/flux-lora",), source_type="trainedAlgorithmicMedia")


@cache
def self_made() -> GeneratedCertificate:
    """One certificate for all tests, of an hour ago until tomorrow."""
    return make_certificate("Ana & Söhne", days=1, now=datetime.now(UTC))


def picture(media: str = "image/png", *, seed: int = 1) -> bytes:
    """A small picture with texture, as a file's bytes."""
    pixels = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, KINDS[media])
    return file.getvalue()


def signed(media: str = "image/png", *, parent: bytes | None = None) -> bytes:
    """A signed picture; with a `parent` one that was edited."""
    claim = CLAIM
    if parent is not None:
        claim = replace(
            CLAIM,
            agents=("fal-ai/inpaint",),
            source_type="compositeWithTrainedAlgorithmicMedia",
            parents=(parent,),
        )
    return sign_image(picture(media), claim, self_made().credential)
