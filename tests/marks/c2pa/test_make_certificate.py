"""`config make-certificate`: what is kept, what is shown, and what is never shown."""

from __future__ import annotations

from datetime import UTC, datetime

from nano_banana.provenance.c2pa_certificates import load_credential
from tests.workspace import Workspace

FOLDER = "config/nano-banana"


def test_it_keeps_a_certificate_and_shows_no_key(workspace: Workspace) -> None:
    screen = workspace.expect("config", "make-certificate", "--name", "Ana & Söhne")
    screen.shows(
        "created a certificate for Ana & Söhne, valid ", "fingerprint (SHA-256): ", "unknown signer", "c2pa-key.pem"
    )
    folder = workspace.home / FOLDER
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == {
        "c2pa-authority.pem": 0o600,
        "c2pa-certificate.pem": 0o600,
        "c2pa-key.pem": 0o600,
    }
    key = (folder / "c2pa-key.pem").read_text()
    screen.hides(*key.splitlines()[1:-1], "PRIVATE")
    load_credential(folder / "c2pa-certificate.pem", folder / "c2pa-key.pem", now=datetime.now(UTC))


def test_it_replaces_none_unless_told_to(workspace: Workspace) -> None:
    first = workspace.json("config", "make-certificate", "--days", "30")
    workspace.expect("config", "make-certificate", exit_code=1).shows("already exists", "--force")
    assert workspace.json("config", "make-certificate", "--force")["fingerprint"] != first["fingerprint"]
    assert set(first) == {"fingerprint", "begins", "ends", "certificate", "key", "authority"}


def test_a_key_alone_is_not_replaced_either(workspace: Workspace) -> None:
    workspace.run("config", "make-certificate")
    (workspace.home / FOLDER / "c2pa-certificate.pem").unlink()
    workspace.expect("config", "make-certificate", exit_code=1).shows("c2pa-key.pem already exists")


def test_a_name_that_nobody_could_read_is_refused(workspace: Workspace) -> None:
    for name in ("", "  ", "a\x1b[31m", "x" * 65):
        workspace.expect("config", "make-certificate", "--name", name, exit_code=2).shows("invalid signer name")
    assert not (workspace.home / FOLDER).exists()


def test_it_says_where_the_settings_name_another(workspace: Workspace) -> None:
    workspace.run("config", "set", "c2pa_key", "keys/mine.pem")
    workspace.expect("config", "make-certificate").shows("the setting `c2pa_key` points to", "keys/mine.pem")


def test_a_folder_that_cannot_be_written_is_said(workspace: Workspace) -> None:
    (workspace.home / "config").symlink_to(workspace.home / "gone" / "far")
    workspace.expect("config", "make-certificate", exit_code=1).shows("can't write ")
