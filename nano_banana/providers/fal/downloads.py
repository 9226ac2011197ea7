"""Download a result's files, and prove that they are whole.

The files are paid for by then, so whatever goes wrong on the way is tried again.

A result names addresses, and those may lead on by redirects. Only public addresses over https are fetched: without
this, whoever writes a result could have this machine ask its neighbours (server-side request forgery, CWE-918).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import math
import shutil
import socket
import urllib.parse
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

import httpx
from msgspec import Struct
from PIL import Image

from nano_banana.formats.picture_files import MAX_PIXELS, open_undecoded
from nano_banana.formats.safetensors import is_safetensors
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed, Problem, Unusable, problem
from nano_banana.model.provider_protocol import AnswerFile, CallContext
from nano_banana.providers.fal.connections import proxy_of
from nano_banana.providers.fal.fal_session import MAX_REDIRECTS, REDIRECT_STATUSES, FalSession
from nano_banana.providers.fal.file_types import OCTET_STREAM, SNIFF_BYTES, is_html_page, sniff_media_type
from nano_banana.providers.fal.http_client import (
    FalHosts,
    NoResponse,
    RetryLater,
    iter_decoded,
    no_response,
    retry_after,
)
from nano_banana.providers.fal.timing import Attempts, Backoff

ExpectedKind: TypeAlias = Literal["picture", "file"]

_FILE_FIELDS = frozenset({"content_type", "file_name", "file_size", "width"})
"""With `url`, any of these keys makes an object a file."""
_KEPT_FIELDS = ("width", "height", "content_type", "file_size")
_URL_SCHEMES = ("https://", "http://", "data:")


class RemoteFile(Struct, frozen=True, kw_only=True):
    """A file of a result. `url` is https or data:, the rest is the service's description.

    Empty or None if the service doesn't say. `size` is in bytes.
    """

    url: str
    media: str = ""
    size: int | None = None
    name: str = ""
    expect: ExpectedKind = "file"
    """The described kind; without a description, its place in the result decides."""


def split_result(data: JSONObject, makes: Sequence[str]) -> tuple[JSONObject, dict[str, RemoteFile]]:
    """The JSON without URLs, and its files by place (`images/0`), those first that match `makes` (`images/*`).

    Of a file's object, `width`, `height`, `content_type` and `file_size` stay if given. Any other URL becomes null,
    since it would outlive the file.
    """
    found: dict[str, RemoteFile] = {}
    left = _split(data, "", makes, found)
    first = {place: remote for place, remote in found.items() if is_product(place, makes)}
    return (left if isinstance(left, Mapping) else {}), {**first, **found}


def _split(value: JSONValue, place: str, makes: Sequence[str], files: dict[str, RemoteFile]) -> JSONValue:
    """The value without URLs; its files are added to `files`."""
    if url := _file_url(value, place, makes):
        about = value if isinstance(value, Mapping) else {}
        files[place] = _remote_file(url, about, place)
        if isinstance(value, Mapping):
            return {name: value[name] for name in _KEPT_FIELDS if value.get(name) is not None}
    if isinstance(value, str):
        return None if value.lower().startswith(_URL_SCHEMES) else value
    if isinstance(value, Mapping):
        return {at: _split(item, f"{place}/{at}".lstrip("/"), makes, files) for at, item in value.items()}
    if isinstance(value, Sequence):
        return [_split(item, f"{place}/{at}".lstrip("/"), makes, files) for at, item in enumerate(value)]
    return value


def _file_url(value: JSONValue, place: str, makes: Sequence[str]) -> str:
    """The URL, if this is a file; at a place in `makes` it may be a bare URL."""
    promised = is_product(place, makes)
    if isinstance(value, Mapping):
        url = value.get("url")
        told = promised or _FILE_FIELDS & value.keys() or len(value) == 1
        return url if isinstance(url, str) and told and url.lower().startswith(_URL_SCHEMES) else ""
    return value if isinstance(value, str) and promised and value.lower().startswith(_URL_SCHEMES) else ""


def is_product(place: str, makes: Sequence[str]) -> bool:
    """Whether a file at this place is one that the endpoint makes."""
    return any(fnmatchcase(place, pattern) for pattern in makes)


def _remote_file(url: str, about: JSONObject, place: str) -> RemoteFile:
    media, size, name = about.get("content_type"), about.get("file_size"), about.get("file_name")
    known = media.lower() if isinstance(media, str) else ""
    is_picture = about.get("width") is not None or place.partition("/")[0] in {"image", "images"}
    if known:
        is_picture = known.startswith("image/") and "svg" not in known
    return RemoteFile(
        url=url,
        media=known,
        size=size if isinstance(size, int) and size > 0 else None,
        name=name if isinstance(name, str) else "",
        expect="picture" if is_picture else "file",
    )


_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressGuard:
    """Checks URLs before a request, and the peer's address after it. The configured base host is always allowed."""

    def __init__(self, hosts: FalHosts) -> None:
        self._hosts = hosts

    async def check(self, url: httpx.URL) -> None:
        """Return if `url` may be fetched. Raises CallFailed `download_unsafe`, NoResponse for an unknown name.

        A proxy resolves names itself, so then only literal addresses are checked.
        """
        if self._is_base(url) and _is_port(url):
            return
        if url.scheme != "https" or url.userinfo or not url.host or not _is_port(url):
            raise _unsafe_address(url)
        literal = _literal_ip(url.host)
        if literal and not is_public(literal):
            raise _unsafe_address(url)
        if not literal and not is_proxied(url) and not all(map(is_public, await _resolved(url))):
            raise _unsafe_address(url)

    async def check_peer(self, response: httpx.Response) -> None:
        """The same for the peer that answered: the name may resolve differently now. Closes the response if refused."""
        url = response.request.url
        stream = response.extensions.get("network_stream")
        if stream is None or self._is_base(url) or is_proxied(url):
            return
        peer = stream.get_extra_info("server_addr")
        if peer and not is_public(str(peer[0])):
            await response.aclose()
            raise _unsafe_address(url)

    def _is_base(self, url: httpx.URL) -> bool:
        return self._hosts.base is not None and url.host == self._hosts.base.host


def is_public(address: str) -> bool:
    """Whether the IP address is public: not private, loopback, link-local, multicast or reserved.

    An IPv6 address that embeds an IPv4 one (mapped, 6to4, NAT64) is judged by it.
    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is None:
            return found.is_global and found in _GLOBAL_UNICAST
        found = inner
    return found.is_global and not found.is_multicast


def is_proxied(url: httpx.URL) -> bool:
    """Whether the environment sends a request to `url` through a proxy."""
    return proxy_of(url) is not None


def _is_port(url: httpx.URL) -> bool:
    return url.port is None or 0 < url.port < 65_536


def _literal_ip(host: str) -> str:
    """The IP address that `host` is, also in old IPv4 notation (`0x7f.1`); empty for a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return ""


async def _resolved(url: httpx.URL) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            url.raw_host.decode("ascii"), url.port or 443, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise NoResponse("connect", sent=False) from error
    return [str(entry[4][0]) for entry in found]


def _unsafe_address(url: httpx.URL) -> CallFailed:
    return CallFailed([problem("download_unsafe", host=url.host)])


_EIGHT_BITS = frozenset({"L", "LA", "RGB", "RGBA", "RGBX"})


class FileInspection(Struct, frozen=True, kw_only=True):
    """What a file is: its media type by content, and whether it is an all-black picture."""

    media: str = OCTET_STREAM
    black: bool = False
    size: tuple[int, int] | None = None
    wrong: str = ""
    """Why it can't be the expected file: empty, page, damaged, no picture."""


def inspect_file(path: Path, remote: RemoteFile, *, is_picture: bool) -> FileInspection:
    """Look at the file; a picture is decoded whole. Raises CallFailed `download_bomb`."""
    with path.open("rb") as file:
        head = file.read(SNIFF_BYTES)
    media = sniff_media_type(head)
    if not head:
        return FileInspection(wrong="empty")
    if is_html_page(head) and (is_picture or not remote.media.endswith(("html", "xml"))):
        return FileInspection(wrong="page")
    if is_picture:
        return _inspect_picture(path, media, remote)
    if file_label(remote).lower().endswith(".safetensors") and not is_safetensors(path):
        return FileInspection(wrong="damaged")
    return FileInspection(media=media)


def is_black(path: Path) -> bool:
    """Whether every pixel of the picture is exactly black. Raises CallFailed as `open_picture` does."""
    with open_undecoded(path, place="picture") as picture:
        picture.load()
        return _is_black(picture)


def _inspect_picture(path: Path, media: str, remote: RemoteFile) -> FileInspection:
    try:
        black = is_black(path)
        with open_undecoded(path, place="picture") as picture:
            return FileInspection(media=media, black=black, size=picture.size)
    except CallFailed as error:
        kind = error.problems[0].kind
        if kind == "picture_too_big":
            raise CallFailed([problem("download_bomb", file=file_label(remote), most=MAX_PIXELS)]) from error
        return FileInspection(wrong="no picture" if kind == "picture_unreadable" else "damaged")


def _is_black(picture: Image.Image) -> bool:
    plain = picture if picture.mode in _EIGHT_BITS else picture.convert("RGB")
    bands = [plain.getchannel(band) for band in plain.getbands() if band not in "AX"]
    return all(band.getextrema() == (0, 0) for band in bands)


def file_label(remote: RemoteFile) -> str:
    """A name for the file; never the whole URL, which may grant access."""
    return remote.name or PurePosixPath(url_parts(remote).path).name[:80]


def url_parts(remote: RemoteFile) -> urllib.parse.SplitResult:
    """The parts of the file's URL; of a data: URL the scheme only, of an invalid one nothing."""
    if remote.url[:5].lower() == "data:":
        return urllib.parse.urlsplit("data:")
    try:
        return urllib.parse.urlsplit(remote.url)
    except ValueError:
        return urllib.parse.urlsplit("")


DOWNLOADS_AT_ONCE = 16
WRITE_BYTES = 256 * 1024
MAX_PICTURE_BYTES = 256 * 1024 * 1024
"""Bytes. An uncompressed 4K picture as 16-bit PNG has 50 million."""
MAX_FILE_BYTES = 8 * 1024 * 1024 * 1024
"""Bytes. The largest adapters have two billion."""
LEAST_SECONDS, SLOWEST = 25.0, 32_768.0
"""A download counts as hung after this many seconds, plus one for each so many bytes received."""
HUNG_COUNTS_AS = 3
"""How many tries a hung download counts as, since another would take as long."""
MAX_RETRIES = 5
DOWNLOAD_BACKOFF = Backoff(first=0.5, longest=15.0, total=math.inf, tries=MAX_RETRIES)
_GONE_STATUSES = (404, 410)


class DownloadedFile(Struct, frozen=True, kw_only=True):
    """A file on disk. `black` means an all-black picture, as a safety checker returns.

    `size` is a picture's width and height; None for other files.
    """

    payload: AnswerFile
    black: bool = False
    size: tuple[int, int] | None = None


class FailedDownload(Struct, frozen=True, kw_only=True):
    """A failed try: why, how many seconds to wait at least, and whether it is final."""

    why: str
    wait: float = 0.0
    final: bool = False


DownloadAttempt: TypeAlias = DownloadedFile | FailedDownload


class Downloader:
    """Downloads files, a limited number at once, and never sends the key."""

    def __init__(self, session: FalSession) -> None:
        self._session = session
        self._addresses = AddressGuard(session.hosts)
        self._slots = asyncio.Semaphore(DOWNLOADS_AT_ONCE)

    async def fetch(
        self, remote: RemoteFile, context: CallContext, *, expect: ExpectedKind | None = None
    ) -> DownloadedFile:
        """The file, in a scratch folder of the call. `expect` None: the kind that the result describes.

        Raises CallFailed: `download_failed` after several tries; at once `file_gone`, `download_unsafe` (no public
        https address), `download_too_big` and `download_bomb`. Raises Unusable `download_unwritable`.
        """
        folder = context.scratch()
        try:
            return await self._insist(remote, folder / "file", expect or remote.expect)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    async def _insist(self, remote: RemoteFile, path: Path, expect: ExpectedKind) -> DownloadedFile:
        attempts = Attempts(DOWNLOAD_BACKOFF, self._session.clock)
        while True:
            async with self._slots:
                tried = await self._try(remote, path, expect)
            if isinstance(tried, DownloadedFile):
                return tried
            counts_as = HUNG_COUNTS_AS if tried.why == "timeout" else 1
            if tried.final or (wait := attempts.next_wait(tried.wait, counts_as=counts_as)) is None:
                raise _failed("download_failed", remote, why=tried.why)
            await self._session.clock.sleep(wait)

    async def _try(self, remote: RemoteFile, path: Path, expect: ExpectedKind) -> DownloadAttempt:
        most = MAX_PICTURE_BYTES if expect == "picture" else MAX_FILE_BYTES
        inline = remote.url[:5].lower() == "data:"
        try:
            missed = await (
                asyncio.to_thread(_write_data_url, remote, path, most) if inline else self._copy(remote, path, most)
            )
        except NoResponse as error:
            return FailedDownload(why=error.why, final=error.why == "tls")
        except RetryLater as error:
            wait = retry_after(error, self._session.clock)
            return FailedDownload(why=f"status {error.response.status_code}", wait=wait)
        except TimeoutError:
            return FailedDownload(why="timeout")
        except OSError as error:
            raise Unusable([problem("download_unwritable", folder=str(path.parent), reason=str(error))]) from error
        if missed is not None:
            return missed
        seen = await asyncio.to_thread(inspect_file, path, remote, is_picture=expect == "picture")
        if seen.wrong:
            return FailedDownload(why=seen.wrong, final=inline)
        return DownloadedFile(payload=AnswerFile(data=path, media=seen.media), black=seen.black, size=seen.size)

    async def _copy(self, remote: RemoteFile, path: Path, most: int) -> FailedDownload | None:
        async with asyncio.timeout(LEAST_SECONDS):
            response = await self._open(remote)
        try:
            if response.status_code in _GONE_STATUSES:
                raise _failed("file_gone", remote)
            if response.status_code != 200:
                return FailedDownload(why=f"status {response.status_code}")
            length = response.headers.get("Content-Length", "")
            if max(int(length) if length.isdecimal() else 0, remote.size or 0) > most:
                raise _failed("download_too_big", remote, most=most)
            got = await _stream(response, path, remote, most)
        finally:
            await response.aclose()
        # Where the server says how long the file is, or where it ends, the connection proves it whole.
        is_whole = bool(length) or "chunked" in response.headers.get("Transfer-Encoding", "")
        return None if is_whole or remote.size in {None, got} else FailedDownload(why="cut short")

    async def _open(self, remote: RemoteFile) -> httpx.Response:
        """The response to a request without the key, after redirects, each of which was checked."""
        try:
            url = httpx.URL(remote.url)
            for _ in range(MAX_REDIRECTS + 1):
                url = self._session.hosts.routed(url)
                await self._addresses.check(url)
                request = self._session.http.build_request("GET", url, headers={"Accept-Encoding": "identity"})
                del request.headers["Authorization"]
                response = await self._session.http.send(request, stream=True)
                await self._addresses.check_peer(response)
                if response.status_code not in REDIRECT_STATUSES:
                    return response
                await response.aclose()
                url = url.join(response.headers.get("Location", ""))
        except (httpx.InvalidURL, ValueError) as error:
            raise CallFailed([problem("download_unsafe", host="")]) from error
        raise _failed("download_failed", remote, why="redirects")


async def _stream(response: httpx.Response, path: Path, remote: RemoteFile, most: int) -> int:
    """Write the decoded body to `path`; the number of bytes. Raises TimeoutError if it hangs."""
    got, clock = 0, asyncio.get_running_loop().time
    begun = clock()
    with await asyncio.to_thread(path.open, "wb") as file:
        try:
            async with asyncio.timeout_at(begun + LEAST_SECONDS) as bound:
                async for chunk in iter_decoded(response, gather=WRITE_BYTES):
                    got += len(chunk)
                    if got > most:
                        raise _failed("download_too_big", remote, most=most)
                    await asyncio.to_thread(file.write, chunk)
                    bound.reschedule(begun + LEAST_SECONDS + got / SLOWEST)
        except httpx.RequestError as error:
            raise no_response(error) from error
    return got


def _write_data_url(remote: RemoteFile, path: Path, most: int) -> FailedDownload | None:
    """Write the file of a data: URL (RFC 2397)."""
    about, comma, text = remote.url.partition(",")
    if len(text) > most * 2:
        raise _failed("download_too_big", remote, most=most)
    plain = urllib.parse.unquote_to_bytes(text)
    try:
        path.write_bytes(base64.b64decode(plain, validate=True) if about.lower().endswith(";base64") else plain)
    except binascii.Error:
        return FailedDownload(why="damaged", final=True)
    return None if comma else FailedDownload(why="damaged", final=True)


def _failed(kind: str, remote: RemoteFile, **data: JSONValue) -> CallFailed:
    """The error; it names only the host, since the whole URL may grant access."""
    host = url_parts(remote).hostname or url_parts(remote).scheme
    return CallFailed([Problem(kind=kind, data={"host": host, "file": file_label(remote), **data})])
