"""Examine an image: metadata, credentials, pixels, SynthID.

SynthID: there is no detector to run here. The endpoints that write it are a table, and whoever has access to a service
of Google's can plug in a verifier: a command that gets the image's path as its last argument and answers with a JSON
object on stdout, `{"verdict": "found" | "not_found" | "unsure", "detail": "…"}`.

Text hidden in pixels (NovelAI and others): the lowest bits, column by column, hold a signature of 15 letters, the
length in bits (32) and the text (`…comp`: gzip). In the alpha channel it is `stealth_png…`, in red, green and blue in
turn `stealth_rgb…`. After NovelAI/novelai-image-metadata (MIT).
"""

from __future__ import annotations

import re
import shlex
import subprocess
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray
from PIL import Image

from nano_banana.formats.exif_iptc import MAX_EXIF_READ as LARGEST_EXIF
from nano_banana.formats.exif_iptc import SoftwareTags, iim_fields, read_software_tags, software_tags_of
from nano_banana.formats.image_metadata import read_metadata
from nano_banana.formats.image_parts import EmbeddedMetadata
from nano_banana.formats.picture_files import open_picture_with_alpha, open_undecoded
from nano_banana.formats.untrusted import MAX_JSON, MAX_TEXT_BYTES, decode_text, parse_json_object, shorten
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import CallFailed, Invalid, Unusable, problem
from nano_banana.provenance.content_credentials import parse_credentials
from nano_banana.provenance.embedding import read_image_file
from nano_banana.provenance.metadata_detection import (
    CHECKS,
    Certainty,
    Check,
    DetectionReport,
    MetadataFields,
    ProvenanceFinding,
    SkippedCheck,
    credential_generators,
    credentials_finding,
    credit_findings,
    generator_findings,
    novelai_finding,
    own_record_finding,
    source_type_findings,
)
from nano_banana.provenance.pixel_watermarks import Pixels, find_known_watermarks, match_message, read_watermark
from nano_banana.provenance.watermark_messages import OWN_MESSAGE, RIVAGAN_DECODER, WatermarkMatch, missing_requirement

Rgba: TypeAlias = NDArray[np.uint8]
"""Height × width × 4: red, green, blue and alpha."""

_SIGNATURE_BYTES = 15
_LENGTH_BYTES = 4


def stealth_finding(rgba: Rgba) -> ProvenanceFinding | None:
    """The hidden text; None where there is none."""
    columns = rgba.swapaxes(0, 1).reshape(-1, 4)
    for word, bits in (("png", columns[:, 3]), ("rgb", columns[:, :3].reshape(-1))):
        head = _bits_to_bytes(bits, 0, _SIGNATURE_BYTES + _LENGTH_BYTES)
        for kind in ("info", "comp"):
            if head.startswith(f"stealth_{word}{kind}".encode()):
                length = int.from_bytes(head[_SIGNATURE_BYTES:]) // 8
                return _hidden_text_finding(_hidden_text(bits, length, packed=kind == "comp"))
    return None


def _hidden_text_finding(text: str) -> ProvenanceFinding:
    found = parse_json_object(text)
    if found is not None and "Comment" in found:
        return novelai_finding(found, "pixels")
    facts = {"prompt": shorten(text), "where": "pixels"} if text else {"where": "pixels"}
    return ProvenanceFinding(of=Check.METADATA, name="stealth", certainty=Certainty.STATED, facts=facts)


def _hidden_text(bits: Rgba, length: int, *, packed: bool) -> str:
    """The text, empty where it is cut short, broken or too long."""
    if length > MAX_TEXT_BYTES:
        return ""
    data = _bits_to_bytes(bits, _SIGNATURE_BYTES + _LENGTH_BYTES, length)
    if packed:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            data = unpacker.decompress(data, MAX_TEXT_BYTES)
        except zlib.error:
            return ""
    return data.decode("utf-8", "replace")


def _bits_to_bytes(bits: Rgba, start: int, count: int) -> bytes:
    return np.packbits(bits[start * 8 : (start + count) * 8] & 1).tobytes()


_FULLY_READ = ("image/tiff", "image/avif", "image/heic", "image/heif")
"""Of formats that can't be marked those that keep all their metadata in EXIF and XMP."""

PIXEL_CHECKS = (Check.METADATA, Check.DWTDCT, Check.RIVAGAN)
"""The kinds that need the pixels."""


def pixel_findings(
    path: Path, only: Collection[str], mark_id: str | None
) -> Iterator[ProvenanceFinding | SkippedCheck]:
    """Whatever of the kinds `only` is in the picture's pixels. Raises CallFailed where it can't be opened."""
    picture = open_picture_with_alpha(path, place=str(path))
    layers = np.asarray(picture.convert("RGBA"))
    rgb = np.ascontiguousarray(layers[..., :3])
    if Check.METADATA in only:
        hidden = stealth_finding(layers)
        if hidden is not None:
            yield hidden
    if Check.DWTDCT in only:
        yield from _dwtdct_findings(rgb)
    if Check.RIVAGAN in only:
        yield from _rivagan_findings(rgb, mark_id)


def read_with_pillow(path: Path) -> tuple[EmbeddedMetadata, SoftwareTags]:
    """What a picture in whatever format tells, and its EXIF tags. Raises CallFailed where it is none."""
    with open_undecoded(path, place=str(path)) as picture:
        xmp = picture.info.get("xmp")
        media = Image.MIME.get(str(picture.format), "application/octet-stream")
        skipped = [] if media in _FULLY_READ else ["whatever is neither EXIF nor XMP"]
        if getattr(picture, "n_frames", 1) > 1:
            skipped.append("all pages but the first")
        told = EmbeddedMetadata(media=media, xmp=xmp if isinstance(xmp, bytes) else b"", skipped=skipped)
        return told, software_tags_of(picture.getexif)


def _dwtdct_findings(rgb: Pixels) -> Iterator[ProvenanceFinding | SkippedCheck]:
    matches = find_known_watermarks(rgb)
    if not matches:
        yield SkippedCheck(of=Check.DWTDCT, why="too_small", facts={"width": rgb.shape[1], "height": rgb.shape[0]})
    yield from (_match_finding(Check.DWTDCT, match) for match in matches if match.found)


def _rivagan_findings(rgb: Pixels, mark_id: str | None) -> Iterator[ProvenanceFinding | SkippedCheck]:
    lacking = missing_requirement(RIVAGAN_DECODER)
    if lacking is not None:
        yield SkippedCheck(of=Check.RIVAGAN, why="marks_not_installed", facts={"missing": lacking})
        return
    bits = read_watermark(rgb)
    messages = {"own": OWN_MESSAGE, **({"yours": mark_id} if mark_id else {})}
    matches = [match_message(bits, name, message) for name, message in messages.items()]
    yield from (_match_finding(Check.RIVAGAN, match) for match in matches if match.found)


def _match_finding(of: str, match: WatermarkMatch) -> ProvenanceFinding:
    certainty = Certainty.CERTAIN if match.certain else Certainty.LIKELY
    # Our own mark says where a picture went through, not how it was made.
    ai = True if of == Check.DWTDCT else None
    facts = {"agree": match.agree, "bits": match.length, "rate": round(match.rate, 3)}
    return ProvenanceFinding(of=of, name=match.name, certainty=certainty, ai=ai, facts=facts)


_GEMINI = "https://ai.google.dev/gemini-api/docs/image-generation"
_IMAGEN = "https://ai.google.dev/gemini-api/docs/imagen"

SYNTHID_WRITERS: Mapping[str, str] = {
    r"/nano-banana(-pro|-\d)?($|/)": _GEMINI,
    r"(^|[/ ])gemini[-. \d]*(flash|pro)?[-. ]?(lite-?)?image": _GEMINI,
    r"(^|/|\bgoogle )imagen[-/ ]?\d": _IMAGEN,
}
"""Endpoints and models, as patterns of their names, that say of all their pictures that SynthID is in them: where."""

VERIFIER_TIMEOUT_S = 60.0

CompletedCommand: TypeAlias = "subprocess.CompletedProcess[str]"
RunCommand: TypeAlias = Callable[[Sequence[str], float], CompletedCommand]
"""Runs a command for at most so many seconds. Raises OSError and subprocess.TimeoutExpired."""


def run_verifier(command: Sequence[str], seconds: float) -> CompletedCommand:
    """Run `command` without a shell and without input."""
    return subprocess.run(  # noqa: S603 - the user's own word
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
        errors="replace",
    )


def synthid_writer(names: Iterable[str]) -> tuple[str, str] | None:
    """The first of these endpoints, models or programs that writes SynthID, and where that is said."""
    for name in names:
        for pattern, source in SYNTHID_WRITERS.items():
            if re.search(pattern, name, re.IGNORECASE):
                return name, source
    return None


def synthid_finding(
    path: Path, drawn_by: Iterable[str], verifier: str | None = None, run: RunCommand = run_verifier
) -> ProvenanceFinding | SkippedCheck | None:
    """What can be known of SynthID in the picture: by the `verifier`, a command line; None where that finds nothing.

    `drawn_by` names what drew it, as far as the picture itself says so.
    """
    writer = synthid_writer(drawn_by)
    expected: dict[str, JSONValue] = {"writer": shorten(writer[0]), "source": writer[1]} if writer else {}
    if verifier is None:
        return SkippedCheck(of=Check.SYNTHID, why="synthid_expected" if writer else "synthid_closed", facts=expected)
    try:
        done = run([*shlex.split(verifier), str(path.absolute())], VERIFIER_TIMEOUT_S)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return _verifier_failed(str(getattr(error, "strerror", None) or error))
    told = parse_json_object(done.stdout)
    verdict = None if told is None else told.get("verdict")
    detail = shorten(str((told or {}).get("detail") or ""))
    if done.returncode or verdict not in ("found", "not_found", "unsure"):
        return _verifier_failed(shorten(done.stderr) or f"exit code {done.returncode}, no verdict")
    if verdict == "unsure":
        return SkippedCheck(of=Check.SYNTHID, why="verifier_unsure", facts={"detail": detail})
    if verdict == "not_found":
        return None
    return ProvenanceFinding(
        of=Check.SYNTHID, name="synthid", certainty=Certainty.VOUCHED, facts={"detail": detail, **expected}
    )


def _verifier_failed(reason: str) -> SkippedCheck:
    return SkippedCheck(of=Check.SYNTHID, why="verifier_failed", facts={"reason": reason})


MAX_XMP_SEARCHED = 8 << 20
"""Bytes of a packet that are searched."""

Outcomes: TypeAlias = Iterator[ProvenanceFinding | SkippedCheck]


class DetectionOptions(Struct, frozen=True, kw_only=True):
    """What to look for, and with what.

    `anchors` are certificates (PEM) to trust, `mark_id` the user's own 32 bits as 8 hex digits, `verifier` the command
    line of a verifier for SynthID.
    """

    only: Collection[str] = field(default=CHECKS)
    anchors: str = ""
    mark_id: str | None = None
    verifier: str | None = None


def examine_image(path: Path, search: DetectionOptions) -> DetectionReport:
    """Look for everything that `search` names. Asks no network, unless the verifier does.

    Raises Invalid (`picture_missing`, `marked_unreadable`, `marked_too_large`) and CallFailed (as `open_picture`) for
    what is no picture at all; of one whose pixels can't be read the rest is told.
    """
    data = read_image_file(path)
    if not data:
        raise Invalid([problem("picture_unreadable", input=str(path))])
    told = read_metadata(data)
    beside, found_tags = read_with_pillow(path) if told is None else (told, read_software_tags(told.exif))
    drawn_by: list[str] = []
    found = [
        *_c2pa_outcomes(data, beside.media, search, drawn_by),
        *_metadata_outcomes(data, beside, found_tags, search, drawn_by),
        *_pixel_outcomes(path, search),
    ]
    if Check.SYNTHID in search.only:
        answer = synthid_finding(path, drawn_by, search.verifier)
        found += [] if answer is None else [answer]
    return _detection_report(path, beside.media, found, search)


def _detection_report(
    path: Path, media: str, found: Sequence[ProvenanceFinding | SkippedCheck], search: DetectionOptions
) -> DetectionReport:
    findings = [one for one in found if isinstance(one, ProvenanceFinding)]
    unchecked = [one for one in found if isinstance(one, SkippedCheck)]
    said = {one.of for one in found if not (isinstance(one, SkippedCheck) and one.of == Check.METADATA)}
    return DetectionReport(
        path=str(path),
        media=media,
        findings=tuple(sorted(findings, key=lambda one: CHECKS.index(one.of))),
        none_of=tuple(kind for kind in CHECKS if kind in search.only and kind not in said),
        unchecked=tuple(unchecked),
    )


def _c2pa_outcomes(data: bytes, media: str, search: DetectionOptions, drawn_by: list[str]) -> Outcomes:
    if Check.C2PA not in search.only:
        return
    try:
        credentials = parse_credentials(data, media, anchors=search.anchors)
    except Unusable as error:
        yield SkippedCheck(of=Check.C2PA, why="c2pa_not_installed", facts=error.problems[0].data)
        return
    except ValueError as error:
        yield SkippedCheck(of=Check.C2PA, why="c2pa_unreadable", facts={"reason": str(error)})
        return
    if credentials is not None:
        drawn_by += credential_generators(credentials)
        yield credentials_finding(credentials)


def _metadata_outcomes(
    data: bytes, beside: EmbeddedMetadata, found_tags: SoftwareTags, search: DetectionOptions, drawn_by: list[str]
) -> Outcomes:
    packets = beside.xmp + b"\n" + beside.xmp_more
    xmp = decode_text(packets[:MAX_XMP_SEARCHED])
    iim = iim_fields(beside.iim or found_tags.iim)
    ours, endpoints = own_record_finding(data)
    drawn_by += endpoints
    if Check.IPTC in search.only:
        yield from source_type_findings(xmp)
        yield from credit_findings(xmp, iim)
        if len(packets) > MAX_XMP_SEARCHED:
            yield _skipped_place(Check.IPTC, "XMP beyond the first 8 MB")
    if Check.METADATA in search.only:
        if ours is not None:
            yield ours
        texts = {key: text for key, text in beside.texts.items() if len(text) <= MAX_JSON}
        yield from generator_findings(
            MetadataFields(texts=texts, comments=beside.comments, tags=found_tags, iim=iim, xmp=xmp)
        )
        yield from (_skipped_place(Check.METADATA, place) for place in beside.skipped)
        yield from (
            _skipped_place(Check.METADATA, f"the text `{key}`, too long") for key in beside.texts if key not in texts
        )
        if len(beside.exif) > LARGEST_EXIF:
            yield _skipped_place(Check.METADATA, "EXIF of more than 16 MB")


def _skipped_place(of: str, place: str) -> SkippedCheck:
    return SkippedCheck(of=of, why="place_skipped", facts={"place": place})


def _pixel_outcomes(path: Path, search: DetectionOptions) -> Outcomes:
    kinds = [kind for kind in PIXEL_CHECKS if kind in search.only]
    if not kinds:
        return
    try:
        yield from pixel_findings(path, kinds, search.mark_id)
    except CallFailed as error:
        problem = error.problems[0]
        yield from (SkippedCheck(of=kind, why=problem.kind, facts=problem.data) for kind in kinds)
