"""The media type of a file, by its content."""

from __future__ import annotations

import codecs
import json

OCTET_STREAM = "application/octet-stream"
SNIFF_BYTES = 1024
"""Bytes needed to tell the media type."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"PK\x03\x04", "application/zip"),
)
_ISO_BRANDS = {b"avif": "image/avif", b"avis": "image/avif"}
"""Brands of ISO media files (ISO/IEC 14496-12 §4.3) that are pictures; any other is a video."""

_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<?xml", b"<error")


def sniff_media_type(head: bytes) -> str:
    """The media type of a file by its first `SNIFF_BYTES` bytes."""
    for magic, media in _MAGIC:
        if head.startswith(magic):
            return media
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _ISO_BRANDS.get(head[8:12], "video/mp4")
    if is_html_page(head):
        return "text/html"
    return _text_media_type(head) if _is_text(head) else OCTET_STREAM


def is_html_page(head: bytes) -> bool:
    """Whether this is a web page or a gateway's XML, which no result is."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    while text.startswith(b"<!--"):
        _, _, text = text.partition(b"-->")
        text = text.lstrip()
    start = b" ".join(text[:64].lower().split()) + b" "
    return any(start.startswith(page) and not start[len(page) :][:1].isalnum() for page in _HTML_STARTS)


def _is_text(head: bytes) -> bool:
    try:
        # The last character may have been cut in two.
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < SNIFF_BYTES)
    except UnicodeDecodeError:
        return False
    return b"\0" not in head


def _text_media_type(head: bytes) -> str:
    if len(head) == SNIFF_BYTES:
        return "application/json" if head.lstrip()[:1] in (b"{", b"[") else "text/plain"
    try:
        json.loads(head)
    except (ValueError, RecursionError):
        return "text/plain"
    return "application/json"
