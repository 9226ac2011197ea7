"""The studio on the local network: this computer's address, and TLS."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
from pathlib import Path

from msgspec import Struct

PROBE = ("192.0.2.1", 9)
"""An address of no computer (RFC 5737). Nothing is sent to it: it only shows which interface leads outside."""


class Certificate(Struct, frozen=True, kw_only=True):
    """A certificate with its key in a file. `fingerprint` is the SHA-256 that browsers show."""

    file: Path
    fingerprint: str


def network_address() -> str:
    """This computer's IPv4 address on the local network; empty without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(PROBE)
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
        return "" if address.startswith(("127.", "0.")) else address


def issue_certificate(address: str, folder: Path) -> Certificate:
    """A fresh certificate for this address and for this computer. Its authority is forgotten at once."""
    import trustme

    issued = trustme.CA().issue_cert(address, "localhost", "127.0.0.1")
    file = folder / "studio.pem"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as pem:
        pem.write(issued.private_key_and_cert_chain_pem.bytes())
    der = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    digits = hashlib.sha256(der).hexdigest().upper()
    return Certificate(file=file, fingerprint=":".join(digits[at : at + 2] for at in range(0, len(digits), 2)))
