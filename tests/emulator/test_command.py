"""The command: begins, says where it is, and stops when told to."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from nano_banana.model.problem import Invalid, Unusable

COMMAND = [sys.executable, "-m", "nano_banana", "emulate", "--pictures", "plain"]


def test_a_program_starts_it_and_stops_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "--json", "--folder", str(tmp_path), "--key", "a:b", "--proxy-port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        trust = ssl.create_default_context(cafile=told["ca"])
        assert httpx.get(f"{told['url']}/_emulator/counts", verify=trust).json()["accepted"] == 0
        assert told["pid"] == process.pid
        with httpx.Client(verify=trust, proxy=told["proxy"], trust_env=False) as client:
            assert client.get("https://api.fal.ai/v1/models").json()["models"]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]


def test_a_client_that_stays_connected_holds_nothing_up(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    server = Emulator(tmp_path, EmulatorOptions(pictures="plain")).start()
    with httpx.Client(verify=ssl.create_default_context(cafile=server.ca)) as client:
        client.get(f"{server.url}/_emulator/counts")
        stopping = threading.Thread(target=server.stop, daemon=True)
        stopping.start()
        stopping.join(60)  # without an end of its own, as long as the client stays
        assert not stopping.is_alive()
    assert capfd.readouterr() == ("", "")


def test_a_person_reads_what_to_export() -> None:
    with subprocess.Popen([*COMMAND, "--plain"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        out = ""
        while "request log" not in out:
            out += process.stdout.readline()
        url = out.removeprefix("serving at ").split()[0]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=10)
    assert f"export NANO_BANANA_FAL_URL={url}\n" in out
    assert "SSL_CERT_FILE" not in out
    assert (process.returncode, err) == (0, "press Ctrl-C to stop\nstopped\n")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Unusable) as caught:
        Emulator(tmp_path, EmulatorOptions(port=taken.getsockname()[1])).start()
    assert caught.value.problems[0].kind == "emulator_port"


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unusable) as caught:
        Emulator(tmp_path / "file" / "folder").start()
    assert caught.value.problems[0].kind == "emulator_folder"


def test_endpoints_that_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "endpoints").mkdir()
    (tmp_path / "endpoints" / "x.yaml").write_text("does: nothing\n", encoding="utf-8")
    with pytest.raises(Invalid):
        Emulator(tmp_path / "here", EmulatorOptions(endpoints=tmp_path / "endpoints")).start()
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["ca.pem"]


def test_one_key_alone(tmp_path: Path) -> None:
    with Emulator(tmp_path, EmulatorOptions(key="a:b", tls=False)) as server:
        url, keys = f"{server.url}/v1/models/pricing", ("Key a:b", "Bearer a:b", "Key c:d")
        codes = [httpx.get(url, headers={"Authorization": key}).status_code for key in keys]
    assert codes == [200, 200, 401]


def test_stopping_twice_and_while_somebody_waits(tmp_path: Path) -> None:
    server = Emulator(tmp_path, EmulatorOptions(tls=False, pictures="plain", seconds=30))
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as waiting:
        body = b'{"prompt": "x"}'
        head = f"POST /fal-ai/flux/dev HTTP/1.1\r\nhost: x\r\nauthorization: Key a:b\r\ncontent-length: {len(body)}\r\n"
        waiting.sendall(f"{head}x-emulator-fault: hang\r\n\r\n".encode() + body)
        while httpx.get(f"{server.url}/_emulator/counts").json()["accepted"] == 0:
            pass
        server.stop()
        server.stop()


def test_endpoints_that_nothing_describes(tmp_path: Path) -> None:
    """Each answers with what its id promises; what is neither picture nor adapter is still refused."""
    made = {
        "google/nano-banana-9/edit": "images",
        "acme/super-upscaler": "image",
        "acme/portrait-trainer": "diffusers_lora_file",
    }
    with (
        Emulator(tmp_path, EmulatorOptions(any_endpoint=True, tls=False, drawers=1)) as server,
        httpx.Client(base_url=f"{server.url}/fal.run", headers={"Authorization": "Key a:b"}) as http,
    ):
        for id_, place in made.items():
            answer = http.post(f"/{id_}", json={"whatever": [1], "image_url": "https://example.com/x.png"})
            assert answer.json()[place], answer.text
        given = {"num_images": 2, "seed": 7, "output_format": "png"}
        answer = http.post("/google/nano-banana-9/edit", json=given)
        assert len({image["url"] for image in answer.json()["images"]}) == 2
        assert http.post("/acme/x", json={"num_images": 10**30}).status_code == 422
        for other in ("acme/text-to-video", "acme"):
            assert http.post(f"/{other}", json={}).status_code == 404


def test_a_proxy_needs_tls_and_a_free_port(tmp_path: Path) -> None:
    run = subprocess.run([*COMMAND, "--plain", "--proxy-port", "0"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert "--proxy-port needs TLS" in run.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        with pytest.raises(Unusable) as caught:
            Emulator(tmp_path, EmulatorOptions(proxy_port=port)).start()
    assert caught.value.problems[0].data["port"] == port
