"""The command: starts, says where it is, and stops when told to."""

from __future__ import annotations

import re
import signal
import ssl
from pathlib import Path

import httpx
import pytest

from nano_banana.studio.local_network import issue_certificate
from nano_banana.studio.studio_server import listening_socket
from tests.stories.project import Project
from tests.workspace import Spawned


def address(studio: Spawned) -> str:
    """The address that a starting studio prints."""
    assert studio.process.stdout is not None
    found = re.search(r"http\S+", studio.process.stdout.readline())
    assert found is not None, studio.wait().text
    return found[0]


def test_it_serves_until_ctrl_c(project: Project) -> None:
    studio = project.spawn("studio", "--no-browser")
    with httpx.Client(trust_env=False, timeout=30, follow_redirects=True) as page:
        assert page.get(address(studio)).status_code == 200
    screen = studio.signal(signal.SIGINT).wait()
    assert (screen.exit_code, screen.stderr) == (0, "press Ctrl-C to stop\nstopped\n")


def test_ctrl_c_stops_its_run_first(project: Project) -> None:
    project.notes.rule(delay=1.5)
    studio = project.spawn("studio", "--no-browser")
    url = httpx.URL(address(studio))
    origin = {"origin": f"http://{url.netloc.decode()}"}
    with httpx.Client(base_url=url.join("/"), trust_env=False, timeout=30, headers=origin) as page:
        page.get(url)
        assert page.post("/api/run", json={"budget": 100}).status_code == 202
        while not page.get("/api/runs").json()["current"]:
            pass
    screen = studio.signal(signal.SIGINT).wait()
    assert screen.exit_code == 0
    assert "stopping the run; press Ctrl-C again" in screen.stderr
    with project.store() as store:
        assert [run.status for run in store.runs.latest("portraits")] == ["stopped"]


def test_what_keeps_it_from_starting(project: Project) -> None:
    sock = listening_socket("127.0.0.1", 0)
    try:
        taken = project.workspace.run("studio", "--no-browser", "--port", str(sock.getsockname()[1]))
    finally:
        sock.close()
    nowhere = project.workspace.run("studio", "nowhere", "--no-browser")
    refused = project.workspace.run("studio", "--lan", "--no-browser")
    assert [taken.exit_code, nowhere.exit_code] == [1, 2]
    assert "can't serve on port" in taken.stderr
    assert "not found" in nowhere.stderr
    assert refused.exit_code in {1, 3}, refused.text


def test_the_network_gets_a_certificate_of_its_own(tmp_path: Path) -> None:
    certificate = issue_certificate("192.0.2.7", tmp_path)
    assert re.fullmatch(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", certificate.fingerprint)
    assert certificate.file.stat().st_mode & 0o077 == 0
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate.file)
    with pytest.raises(FileExistsError):
        issue_certificate("192.0.2.7", tmp_path)
