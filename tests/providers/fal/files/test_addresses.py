"""Nobody talks this machine into asking its neighbours."""

from __future__ import annotations

import asyncio
import socket
import ssl

import httpx
import pytest

from nano_banana.model.problem import CallFailed
from nano_banana.providers.fal.downloads import AddressGuard, is_proxied, is_public
from nano_banana.providers.fal.http_client import FalHosts, NoResponse
from tests.providers.fal.files.peer import Peer, Said


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808"],
)
def test_anybodys_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *["10.0.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "100.64.0.1"],
        *["224.0.0.1", "233.252.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "0.0.0.1", "198.18.0.1"],
        *["::", "::1", "fe80::1", "fe80::1%1", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1"],
        *["::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::1", "64:ff9b::7f00:1", "64:ff9b::a00:1"],
    ],
)
def test_addresses_of_this_house(address: str) -> None:
    assert not is_public(address)


def judged(url: str, base: str = "") -> str:
    """Empty where `url` may be asked, else why not."""
    try:
        asyncio.run(AddressGuard(FalHosts(base)).check(httpx.URL(url)))
    except CallFailed as error:
        return error.problems[0].kind
    except NoResponse as error:
        return error.why
    return ""


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    "url",
    [
        *["http://8.8.8.8/a", "ftp://8.8.8.8/a", "file:///etc/passwd", "https:///a", "https://me:pass@8.8.8.8/a"],
        *["https://127.0.0.1/a", "https://[::1]/a", "https://[::ffff:10.0.0.1]/a", "https://169.254.169.254/a"],
        *["https://0x7f.1/a", "https://2130706433/a", "https://127.1/a"],
        *["https://localhost/a", "https://localhost:8443/a"],
    ],
)
def test_what_is_not_asked(url: str) -> None:
    assert judged(url) == "download_unsafe"


@pytest.mark.usefixtures("context")
def test_what_is_asked() -> None:
    assert judged("https://8.8.8.8/a") == ""
    assert judged("https://[2606:4700::1111]:8443/a") == ""


@pytest.mark.usefixtures("context")
def test_the_base_is_the_users_choice() -> None:
    assert judged("http://127.0.0.1:5/a", base="https://127.0.0.1:4") == ""
    assert judged("http://127.0.0.2:5/a", base="https://127.0.0.1:4") == "download_unsafe"


@pytest.mark.usefixtures("context")
def test_a_name_that_nobody_has_may_be_asked_later() -> None:
    assert judged("https://nobody.invalid/a") == "connect"


@pytest.mark.usefixtures("context")
def test_a_proxy_resolves_names_and_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert is_proxied(httpx.URL("https://nobody.invalid/a"))
    assert judged("https://nobody.invalid/a") == ""
    assert judged("https://10.0.0.1/a") == "download_unsafe"
    assert judged("https://2130706433/a") == "download_unsafe"
    assert judged("https://localhost/a") == "download_unsafe"


def test_who_answers_is_judged_again(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with Peer(tls) as peer, httpx.AsyncClient() as client:
            peer.routes["/a"] = [Said(body=b"hello")]
            async with client.stream("GET", f"https://localhost:{peer.port}/a") as response:
                with pytest.raises(CallFailed, match="download_unsafe"):
                    await AddressGuard(FalHosts("")).check_peer(response)
                assert response.is_closed
            async with client.stream("GET", f"{peer.url}/a") as response:
                await AddressGuard(FalHosts(peer.url)).check_peer(response)
                monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
                await AddressGuard(FalHosts("")).check_peer(response)
                assert await response.aread() == b"hello"

    asyncio.run(story())


def test_this_machine_has_a_name_for_itself() -> None:
    """The other tests hang on it."""
    assert {entry[4][0] for entry in socket.getaddrinfo("localhost", 443)} <= {"127.0.0.1", "::1"}
