"""Picture files of every sort that real encoders write, and accounts to put into them."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nano_banana.provenance.embedding import ProvenanceInfo
from nano_banana.provenance.generation_record import TRAINED_MEDIA, CallRecord, DepictedPerson, GenerationRecord

PROMPT = 'anqz7 woman, "at dusk" & <smiling>, Zoë 雪'
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="uuid:1" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmp:CreatorTool="fal" xmp:Rating="5"><dc:format>image/png</dc:format></rdf:Description>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
"""What another program might have written."""


def picture(mode: str = "RGB", size: tuple[int, int] = (33, 21)) -> Image.Image:
    """Noise, the same every time."""
    noise = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def encoded(form: str, mode: str = "RGB", **how: object) -> bytes:
    """A picture as Pillow writes it."""
    out = io.BytesIO()
    picture(mode).save(out, form, **how)
    return out.getvalue()


def _texts() -> PngInfo:
    info = PngInfo()
    info.add_text("parameters", "an older prompt\nSteps: 1")
    info.add_text("Comment", "kept", zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP)
    return info


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0131] = "a camera"
    return exif


FILES: Mapping[str, bytes] = {
    "png": encoded("PNG"),
    "png with alpha": encoded("PNG", "RGBA"),
    "png with a palette": encoded("PNG", "P"),
    "png with texts": encoded("PNG", pnginfo=_texts()),
    "png with exif": encoded("PNG", exif=_exif()),
    "png with rubbish behind its end": encoded("PNG") + b"rubbish",
    "png that is cut short": encoded("PNG")[:-30],
    "jpeg": encoded("JPEG"),
    "jpeg in grey": encoded("JPEG", "L"),
    "jpeg, progressive": encoded("JPEG", progressive=True, quality=60),
    "jpeg with exif": encoded("JPEG", exif=_exif()),
    "jpeg with xmp": encoded("JPEG", xmp=XMP.encode()),
    "jpeg with a colour profile and a comment": encoded("JPEG", icc_profile=bytes(70_000), comment=b"kept"),
    "jpeg that is cut short": encoded("JPEG")[:-200],
    "webp": encoded("WEBP"),
    "webp without loss": encoded("WEBP", lossless=True),
    "webp with alpha": encoded("WEBP", "RGBA", lossless=True),
    "webp with lossy alpha": encoded("WEBP", "RGBA"),
    "webp with exif and xmp": encoded("WEBP", exif=_exif(), xmp=XMP.encode()),
    "webp with rubbish behind its end": encoded("WEBP") + b"rubbish",
    "gif": encoded("GIF"),
    "gif of two frames": encoded("GIF", save_all=True, append_images=[picture(size=(33, 21)).rotate(90)]),
}


def account(prompt: str = PROMPT, **given: object) -> GenerationRecord:
    """An account of one call."""
    call = CallRecord(
        stage="takes",
        provider="fal",
        endpoint="fal-ai/flux-lora",
        arguments={
            "prompt": prompt,
            "seed": 11,
            "num_inference_steps": 28,
            "guidance_scale": 2.8,
            "image_size": {"width": 33, "height": 21},
        },
        inputs={"loras/0/path": "a" * 64},
        outputs={"images/0": "b" * 64},
        key="c" * 64,
        cost_usd=0.03,
    )
    facts: dict[str, object] = {
        "program": "0.1.0",
        "recipe": "portraits",
        "take": "heads/ana/office/s11",
        "stage": "takes",
        "picture": "b" * 64,
        "axes": {"scene": "office"},
        "seed": 11,
        "people": [DepictedPerson(name="ana", trigger="anqz7", noun="woman")],
        "calls": [call],
    }
    return GenerationRecord(**{**facts, **given})  # type: ignore[arg-type] # any of its fields


def mark(told: GenerationRecord | None = None, source: str = TRAINED_MEDIA) -> ProvenanceInfo:
    """A mark as a run makes it."""
    return ProvenanceInfo(source=source, tool="Nano Banana 0.1.0 (fal fal-ai/flux-lora)", account=told)
