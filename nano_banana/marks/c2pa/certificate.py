"""A self-made certificate: an authority that signs once and is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from nano_banana.marks.c2pa.credential import Credential
from nano_banana.marks.c2pa.extra import need_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import CertificateBuilder, KeyUsage, Name

_SKEW = timedelta(hours=1)
"""It begins this much earlier: other machines' clocks may be behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfMade:
    """A new certificate with its key, the authority above it as PEM, and what people compare it by.

    `fingerprint` is the SHA-256 of the signer's certificate (DER), pairs of hex digits with colons.
    """

    credential: Credential
    authority: bytes
    fingerprint: str
    begins: datetime
    ends: datetime


def make_certificate(organisation: str, *, days: int, now: datetime) -> SelfMade:
    """Make an authority and a certificate below it, both valid for `days` from `now` (with a time zone).

    The authority's key is not kept, so nobody can make another certificate below it. Keys are new each time (P-256).
    Raises Unusable (`c2pa_extra`).
    """
    need_extra()
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    above, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begins, ends = now - _SKEW, now + timedelta(days=days)
    top, own = _name(organisation, f"{organisation} (self-made authority)"), _name(organisation, organisation)
    authority = (
        _begun(top, top, above.public_key(), begins, ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(above, hashes.SHA256())
    )
    leaf = (
        _begun(own, top, key.public_key(), begins, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
        .sign(above, hashes.SHA256())
    )
    authority_pem = authority.public_bytes(serialization.Encoding.PEM)
    return SelfMade(
        credential=Credential(
            chain=leaf.public_bytes(serialization.Encoding.PEM) + authority_pem, key=_pem(key), algorithm="es256"
        ),
        authority=authority_pem,
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(":").upper(),
        begins=leaf.not_valid_before_utc,
        ends=leaf.not_valid_after_utc,
    )


def _name(organisation: str, common: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _begun(
    subject: Name, issuer: Name, key: EllipticCurvePublicKey, begins: datetime, ends: datetime
) -> CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
