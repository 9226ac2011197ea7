"""Bodies of answers, bounded in bytes, depth and time.

Whoever answers may send a small file that unpacks to gigabytes, a list without an end, or JSON so deep that no parser
reads it. Such an answer counts as one that can't be read; it must not stop the program.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Mapping

import httpx

from nano_banana.core.json import JSONValue

MOST_BYTES = 64 * 1024 * 1024
"""Of an answer in JSON. A result may hold pictures inline; what is longer is not read."""

MOST_SECONDS = 120.0
"""For the whole of such an answer, however slowly it comes."""

MOST_DEPTH = 64
"""Levels of lists and objects. fal's own answers have fewer than ten."""

MOST_STREAM = 16 * 1024 * 1024
"""Bytes of one stream of statuses."""

CHUNK = 256 * 1024
CODINGS = "gzip, deflate"
"""What may be asked for: what `decoded` can unpack without trusting the size of what comes out."""

_ENCODED = frozenset({"gzip", "x-gzip", "deflate"})
_ABOUT_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})


async def decoded(response: httpx.Response, *, gather: int | None = None) -> AsyncIterator[bytes]:
    """The body as it comes, unpacked in pieces of at most `CHUNK` bytes; `gather` waits for so many packed ones.

    Raises httpx.DecodingError.
    """
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        async for part in response.aiter_raw(gather):
            yield part
        return
    if coding not in _ENCODED:
        raise httpx.DecodingError(f"encoded as {coding[:20]}", request=response.request)
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: the header says whether it is gzip or zlib
    async for part in response.aiter_raw(gather):
        left, piece = part, b""
        while not unpack.eof and (left or len(piece) == CHUNK):
            try:
                piece = unpack.decompress(left, CHUNK)
            except zlib.error as error:
                raise httpx.DecodingError(str(error), request=response.request) from error
            left = unpack.unconsumed_tail
            yield piece
    if not unpack.eof:
        raise httpx.DecodingError("cut short", request=response.request)


async def whole(response: httpx.Response) -> httpx.Response:
    """The answer read to its end and closed. One that is too long or too deep comes with an empty body.

    Raises httpx.RequestError where it does not come, or not in time.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for part in decoded(response):
                body += part
                if len(body) > MOST_BYTES:
                    body.clear()
                    break
    except TimeoutError as error:
        raise httpx.ReadTimeout("too slow", request=response.request) from error
    finally:
        await response.aclose()
    content = b"" if _is_too_deep(body) else bytes(body)
    head = [(name, text) for name, text in response.headers.multi_items() if name not in _ABOUT_BODY]
    made = httpx.Response(
        response.status_code, headers=head, content=content, request=response.request, extensions=response.extensions
    )
    made.encoding = "utf-8"  # and not what the answer says: some of Python's codecs unpack
    return made


def read(response: httpx.Response) -> JSONValue:
    """The answer's JSON, or its text where it is none."""
    try:
        found: JSONValue = json.loads(response.content)
    except (ValueError, RecursionError):
        return response.text
    return found


def bounded(response: httpx.Response) -> httpx.Response:
    """The answer as a stream that is unpacked, and breaks off (httpx.ReadError) after `MOST_STREAM` bytes."""
    head = [(name, text) for name, text in response.headers.multi_items() if name not in _ABOUT_BODY]
    return httpx.Response(response.status_code, headers=head, stream=_Bounded(response), request=response.request)


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MOST_STREAM
        async for part in decoded(self._response):
            left -= len(part)
            if left < 0:
                raise httpx.ReadError("the stream is too long")
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()


def _is_too_deep(body: bytearray) -> bool:
    # Most answers have fewer brackets than levels are allowed: they need not be looked at.
    if body.count(b"[") + body.count(b"{") <= MOST_DEPTH:
        return False
    try:
        level: list[JSONValue] = [json.loads(body)]
    except ValueError:
        return False
    except RecursionError:
        return True
    for _ in range(MOST_DEPTH):
        level = [inner for value in level for inner in _inside(value)]
    return bool(level)


def _inside(value: JSONValue) -> list[JSONValue]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []
