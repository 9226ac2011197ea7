"""Certificates and keys: those that sign, and why the others don't."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nano_banana.model.problem import NanoBananaError
from nano_banana.provenance.c2pa_certificates import SigningCredential, load_credential, make_certificate
from nano_banana.provenance.content_credentials import parse_credentials, sign_image
from tests.marks.c2pa.signing import CLAIM, picture, self_made

NOW = datetime.now(UTC)
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
FLAGS = dict.fromkeys(
    (
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


def own(
    key: Key,
    *,
    purpose: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.EMAIL_PROTECTION,
    signs: bool | None = True,
    authority: bool = False,
    identified: bool = True,
    named: bool = True,
) -> bytes:
    """A certificate that signed itself, as PEM, with something missing."""
    attribute = NameOID.ORGANIZATION_NAME if named else NameOID.COMMON_NAME
    name = x509.Name([x509.NameAttribute(attribute, "Own")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if signs is not None:
        usage = x509.KeyUsage(digital_signature=signs, **(FLAGS | {"key_agreement": not signs}))
        builder = builder.add_extension(usage, critical=True)
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if identified:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM)


def pem(key: Key, *, password: bytes = b"") -> bytes:
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        lock = serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def loaded(folder: Path, certificate: bytes, key: bytes, *, now: datetime = NOW) -> SigningCredential:
    (folder / "certificate.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    return load_credential(folder / "certificate.pem", folder / "key.pem", now=now)


def refused(folder: Path, certificate: bytes, key: bytes, *, now: datetime = NOW) -> tuple[str, str]:
    """The kind of problem, and all its data as text; nothing of the key may be in it."""
    with pytest.raises(NanoBananaError) as caught:
        loaded(folder, certificate, key, now=now)
    said = str(dict(caught.value.problems[0].data)) + repr(caught.value.__context__) + repr(caught.value.__cause__)
    assert not any(line.decode() in said for line in key.splitlines()[1:-1] if len(line) > 10)
    return caught.value.problems[0].kind, said


KINDS: dict[str, Callable[[], Key]] = {
    "es256": p256,
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("algorithm", KINDS)
def test_a_certificate_of_ones_own_signs(tmp_path: Path, algorithm: str) -> None:
    key = KINDS[algorithm]()
    credential = loaded(tmp_path, own(key), pem(key))
    assert credential.algorithm == algorithm
    found = parse_credentials(sign_image(picture(), CLAIM, credential), "image/png")
    assert found is not None
    assert (found.state, found.organisation) == ("valid", "Own")


def test_a_self_made_one_signs(tmp_path: Path) -> None:
    made = self_made()
    credential = loaded(tmp_path, made.credential.chain, made.credential.reveal())
    assert (credential.chain, credential.algorithm) == (made.credential.chain, "es256")
    assert made.ends - made.begins == timedelta(days=1, hours=1)


def test_an_older_form_of_key_is_taken(tmp_path: Path) -> None:
    key = p256()
    old = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert b"PRIVATE KEY" in loaded(tmp_path, own(key), old).reveal().splitlines()[0]


def test_files_that_are_missing_or_folders_are_said(tmp_path: Path) -> None:
    with pytest.raises(NanoBananaError, match=r"c2pa_file_missing.*'setting': 'c2pa_certificate'"):
        load_credential(tmp_path / "none.pem", tmp_path / "none.pem", now=NOW)
    with pytest.raises(NanoBananaError, match="c2pa_file_unreadable"):
        load_credential(tmp_path, tmp_path, now=NOW)


def test_what_is_no_certificate_or_no_key_is_said(tmp_path: Path) -> None:
    key = p256()
    assert refused(tmp_path, b"hello", pem(key))[0] == "c2pa_not_a_certificate"
    assert refused(tmp_path, own(key), b"hello")[0] == "c2pa_not_a_key"
    assert refused(tmp_path, own(key), own(key))[0] == "c2pa_not_a_key"
    torn = pem(key).replace(b"MIG", b"MIX")
    assert refused(tmp_path, own(key), torn)[0] == "c2pa_not_a_key"
    assert refused(tmp_path, own(key), pem(key, password=b"sesame"))[0] == "c2pa_key_locked"


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, own(p256()), pem(p256()))[0] == "c2pa_key_of_another"
    chain = self_made().credential.chain
    upside_down = chain[chain.rindex(b"-----BEGIN") :] + chain[: chain.rindex(b"-----BEGIN")]
    assert refused(tmp_path, upside_down, self_made().credential.reveal())[0] == "c2pa_key_of_another"


@pytest.mark.parametrize("kind", ["curve", "short"])
def test_a_kind_of_key_that_nobody_reads_is_refused(tmp_path: Path, kind: str) -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the very point
    key: Key = ec.generate_private_key(ec.SECP256K1()) if kind == "curve" else short
    assert refused(tmp_path, own(key), pem(key))[0] == "c2pa_key_kind"


def test_a_certificate_out_of_its_time_is_refused(tmp_path: Path) -> None:
    made = make_certificate("Org", days=1, now=NOW)
    chain, key = made.credential.chain, made.credential.reveal()
    kind, said = refused(tmp_path, chain, key, now=NOW + timedelta(days=2))
    assert kind == "c2pa_expired"
    assert f"{NOW + timedelta(days=1):%Y-%m-%d}" in said
    assert refused(tmp_path, chain, key, now=NOW - timedelta(days=2))[0] == "c2pa_not_yet"


@pytest.mark.parametrize(
    ("made", "lacks"),
    [
        (lambda key: own(key, purpose=None), "extendedKeyUsage emailProtection"),
        (lambda key: own(key, purpose=ExtendedKeyUsageOID.SERVER_AUTH), "extendedKeyUsage emailProtection"),
        (lambda key: own(key, signs=None), "keyUsage digitalSignature"),
        (lambda key: own(key, signs=False), "keyUsage digitalSignature"),
        (lambda key: own(key, authority=True), "basicConstraints CA:FALSE"),
        (lambda key: own(key, identified=False), "authorityKeyIdentifier"),
        (lambda key: own(key, named=False), "organizationName"),
    ],
)
def test_a_certificate_made_for_something_else_is_refused(
    tmp_path: Path, made: Callable[[Key], bytes], lacks: str
) -> None:
    key = p256()
    kind, said = refused(tmp_path, made(key), pem(key))
    assert (kind, lacks in said) == ("c2pa_unfit", True)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(NanoBananaError, match=r"c2pa_extra.*'missing': \['c2pa'\]"):
        make_certificate("Org", days=1, now=NOW)
    with pytest.raises(NanoBananaError, match="c2pa_extra"):
        parse_credentials(picture(), "image/png")
    with pytest.raises(NanoBananaError, match="c2pa_extra"):
        load_credential(Path("none"), Path("none"), now=NOW)
