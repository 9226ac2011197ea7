"""Files of a result, fetched to disk and proven whole before they count.

They are paid for by then, so that whatever went wrong on the way is tried again.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import shutil
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import httpx

from nano_banana.core.answer import Desk, Payload
from nano_banana.core.errors import CallFailed, Unusable, trouble
from nano_banana.providers.fal.addresses import Addresses
from nano_banana.providers.fal.bodies import decoded
from nano_banana.providers.fal.inspecting import inspect, label, parted
from nano_banana.providers.fal.line import REDIRECTED, REDIRECTS, Line
from nano_banana.providers.fal.resend import Patience, retry_after
from nano_banana.providers.fal.result import Expect, Remote
from nano_banana.providers.fal.wire import Broken, Declined, broken

AT_ONCE = 16
AGAIN = 5
CHUNK = 256 * 1024
MOST_PICTURE = 256 * 1024 * 1024
"""Bytes. 4K as 16-bit PNG without compression has 50 million; more is no picture, or a mistake."""
MOST_FILE = 8 * 1024 * 1024 * 1024
"""Bytes. The largest adapters have two thousand million; more would fill a disk for nothing."""
LEAST_SECONDS, SLOWEST = 25.0, 32_768.0
"""A download may take so many seconds, and one more for each so many bytes that came, before it counts as hung."""
HUNG = 3
"""How many tries one counts for that hung: another takes as long again."""
PATIENCE = Patience(first=0.5, most=15.0)
_GONE = (404, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file on disk. `black` says that it is a picture without anything on it, as a safety checker leaves them.

    `size` is a picture's width and height, None of another file.
    """

    payload: Payload
    black: bool = False
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One try that failed: why, the least wait in seconds, and whether another try can't do better."""

    why: str
    wait: float = 0.0
    final: bool = False


Try: TypeAlias = Fetched | Miss


class Downloads:
    """Fetches files, a bounded number at once, and never with the key."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._addresses = Addresses(line.hosts)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, remote: Remote, desk: Desk, *, expect: Expect | None = None) -> Fetched:
        """The file, in a scratch folder of the desk's. `expect` None: what the result says that it is.

        Raises CallFailed: `download_failed` after several tries; at once `file_gone`, `download_unsafe` (no public
        https address), `download_too_big` and `download_bomb`. Raises Unusable `download_unwritable`.
        """
        folder = desk.scratch()
        try:
            return await self._insist(remote, folder / "file", expect or remote.expect)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    async def _insist(self, remote: Remote, path: Path, expect: Expect) -> Fetched:
        turn = 0
        while True:
            async with self._slots:
                tried = await self._try(remote, path, expect)
            if isinstance(tried, Fetched):
                return tried
            turn += HUNG - 1 if tried.why == "timeout" else 0
            if tried.final or turn >= AGAIN:
                raise CallFailed([trouble("download_failed", host=_host(remote), file=label(remote), why=tried.why)])
            await self._line.clock.sleep(max(tried.wait, PATIENCE.wait(turn, self._line.clock)))
            turn += 1

    async def _try(self, remote: Remote, path: Path, expect: Expect) -> Try:
        most = MOST_PICTURE if expect == "picture" else MOST_FILE
        inline = remote.url[:5].lower() == "data:"
        try:
            missed = await (
                asyncio.to_thread(_decode, remote, path, most) if inline else self._copy(remote, path, most)
            )
        except Broken as error:
            return Miss(why=error.why, final=error.why == "tls")
        except Declined as error:
            return Miss(why=f"status {error.response.status_code}", wait=retry_after(error, self._line.clock))
        except TimeoutError:
            return Miss(why="timeout")
        except OSError as error:
            raise Unusable([trouble("download_unwritable", folder=str(path.parent), reason=str(error))]) from error
        if missed is not None:
            return missed
        seen = await asyncio.to_thread(inspect, path, remote, is_picture=expect == "picture")
        if seen.wrong:
            return Miss(why=seen.wrong, final=inline)
        return Fetched(payload=Payload(data=path, media=seen.media), black=seen.black, size=seen.size)

    async def _copy(self, remote: Remote, path: Path, most: int) -> Miss | None:
        async with asyncio.timeout(LEAST_SECONDS):
            response = await self._open(remote)
        try:
            if response.status_code in _GONE:
                raise CallFailed([trouble("file_gone", host=_host(remote), file=label(remote))])
            if response.status_code != 200:
                return Miss(why=f"status {response.status_code}")
            length = response.headers.get("Content-Length", "")
            if max(int(length) if length.isdecimal() else 0, remote.size or 0) > most:
                raise _too_big(remote, most)
            got = await _stream(response, path, remote, most)
        finally:
            await response.aclose()
        # Where the server says how long the file is, or where it ends, the connection proves it whole.
        is_whole = bool(length) or "chunked" in response.headers.get("Transfer-Encoding", "")
        return None if is_whole or remote.size in {None, got} else Miss(why="cut short")

    async def _open(self, remote: Remote) -> httpx.Response:
        """The answer to a request without the key, after redirects that each were judged."""
        try:
            url = httpx.URL(remote.url)
            for _ in range(REDIRECTS + 1):
                url = self._line.hosts.placed(url)
                await self._addresses.check(url)
                request = self._line.wire.build_request("GET", url, headers={"Accept-Encoding": "identity"})
                del request.headers["Authorization"]
                response = await self._line.wire.send(request, stream=True)
                await self._addresses.check_peer(response)
                if response.status_code not in REDIRECTED:
                    return response
                await response.aclose()
                url = url.join(response.headers.get("Location", ""))
        except (httpx.InvalidURL, ValueError) as error:
            raise CallFailed([trouble("download_unsafe", host="")]) from error
        raise CallFailed([trouble("download_failed", host=_host(remote), file=label(remote), why="redirects")])


async def _stream(response: httpx.Response, path: Path, remote: Remote, most: int) -> int:
    """Write the body to `path` as it comes, unpacked; how many bytes it had. Raises TimeoutError where it hangs."""
    got, clock = 0, asyncio.get_running_loop().time
    begun = clock()
    with await asyncio.to_thread(path.open, "wb") as file:
        try:
            async with asyncio.timeout_at(begun + LEAST_SECONDS) as bound:
                async for chunk in decoded(response, gather=CHUNK):
                    got += len(chunk)
                    if got > most:
                        raise _too_big(remote, most)
                    await asyncio.to_thread(file.write, chunk)
                    bound.reschedule(begun + LEAST_SECONDS + got / SLOWEST)
        except httpx.RequestError as error:
            raise broken(error) from error
    return got


def _decode(remote: Remote, path: Path, most: int) -> Miss | None:
    """Write out a file that stands in its address (RFC 2397)."""
    about, comma, text = remote.url.partition(",")
    if len(text) > most * 2:
        raise _too_big(remote, most)
    plain = urllib.parse.unquote_to_bytes(text)
    try:
        path.write_bytes(base64.b64decode(plain, validate=True) if about.lower().endswith(";base64") else plain)
    except binascii.Error:
        return Miss(why="damaged", final=True)
    return None if comma else Miss(why="damaged", final=True)


def _host(remote: Remote) -> str:
    """Whom to name: the address itself may open what is private."""
    return parted(remote).hostname or parted(remote).scheme


def _too_big(remote: Remote, most: int) -> CallFailed:
    return CallFailed([trouble("download_too_big", host=_host(remote), file=label(remote), most=most)])
