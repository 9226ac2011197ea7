"""Who may see the key."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from nano_banana.providers.fal.http_client import API, CDN, REST, FalHosts


@pytest.mark.parametrize("host", ["queue.fal.run", "fal.run", "queue.falrun.com", "falrun.com", REST, CDN, API])
def test_fal_s_own_hosts_may_over_https(host: str) -> None:
    hosts = FalHosts("")
    assert hosts.may_see_key(httpx.URL(f"https://{host}/a?b"))
    assert hosts.may_see_key(httpx.URL(f"https://{host}:443/a"))
    assert hosts.may_see_key(httpx.URL(f"https://{host.upper()}/a"))
    assert not hosts.may_see_key(httpx.URL(f"http://{host}/a"))
    assert not hosts.may_see_key(httpx.URL(f"https://{host}:8443/a"))
    assert hosts.routed(httpx.URL(f"https://{host}/a")) == f"https://{host}/a"


@pytest.mark.parametrize(
    "url",
    ["https://fal.run.evil.test/", "https://evil.test/fal.run", "https://fal.run@evil.test/", "https://xfal.run/",
     "https://v3b.fal.media/", "https://127.0.0.1/", "ftp://fal.run/", "/relative", "https://[::1]/", "https://fal.run./"],
)  # fmt: skip
def test_nobody_else_may(url: str) -> None:
    assert not FalHosts("").may_see_key(httpx.URL(url))
    assert not FalHosts("https://base.test").may_see_key(httpx.URL(url))


def test_one_base_stands_for_all_of_them_and_is_the_only_one() -> None:
    hosts = FalHosts("https://base.test:8443/")
    assert hosts.service == "https://base.test:8443"
    for host in ("queue.fal.run", REST, CDN, API):
        placed = hosts.routed(httpx.URL(hosts.url(host, "/a?b=c")))
        assert placed == "https://base.test:8443/a?b=c"
        assert hosts.may_see_key(placed)
        assert not hosts.may_see_key(httpx.URL(f"https://{host}/a"))
    assert hosts.routed(httpx.URL("https://other.test/a")) == "https://other.test/a"
    assert not hosts.may_see_key(httpx.URL("https://base.test/a"))
    assert not hosts.may_see_key(httpx.URL("http://base.test:8443/a"))
    assert FalHosts("http://base.test").may_see_key(httpx.URL("http://base.test/a"))
    assert FalHosts("").service == "https://queue.fal.run"


def test_hosts_of_the_environment_are_fal_s_too() -> None:
    code = """
import httpx
from nano_banana.providers.fal.http_client import FalHosts
hosts = FalHosts("")
print(hosts.service, hosts.may_see_key(httpx.URL("https://q.test:1/a")), hosts.may_see_key(httpx.URL("https://q.test/a")))
print(FalHosts("https://base.test").routed(httpx.URL("https://q.test:1/a")))
"""
    environ = {"FAL_RUN_HOST": "r.test", "FAL_QUEUE_RUN_HOST": "q.test:1", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["https://q.test:1", "True", "False", "https://base.test/a"]
