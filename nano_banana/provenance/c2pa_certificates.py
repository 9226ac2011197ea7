"""Signing credentials for C2PA: load and check them, or make new ones.

Everything that would make signing fail, or make readers reject the signature, is found when the credential is loaded,
before anything is spent. A generated certificate has an authority whose key is not kept.
"""

from __future__ import annotations

import importlib.util
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from msgspec import Struct

from nano_banana.model.problem import Invalid, Unusable, problem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate, CertificateBuilder, ExtensionType, KeyUsage, Name

REQUIRED_PACKAGES = ("c2pa", "cryptography")


def require_c2pa() -> None:
    """Raise Unusable (`c2pa_extra`) unless the required packages are installed."""
    missing = [name for name in REQUIRED_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise Unusable([problem("c2pa_extra", missing=list(missing))])


ExtensionT = TypeVar("ExtensionT", bound="ExtensionType")

DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36"
"""RFC 9336. Readers of C2PA accept this purpose by default, like emailProtection."""


def missing_certificate_fields(certificate: Certificate) -> list[str]:
    """The X.509 fields that a signer's certificate needs and this one lacks (C2PA 2.1, §14.5).

    Measured with c2pa 0.91: if one is missing, it refuses to sign or rejects the signature.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    basic = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    wanted = {ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string, DOCUMENT_SIGNING}
    has = {
        "version 3": certificate.version is x509.Version.v3,
        "basicConstraints CA:FALSE": basic is None or not basic.ca,
        "keyUsage digitalSignature": usage is not None and usage.digital_signature,
        "extendedKeyUsage emailProtection": purposes is not None
        and bool(wanted & {purpose.dotted_string for purpose in purposes}),
        "authorityKeyIdentifier": _extension(certificate, x509.AuthorityKeyIdentifier) is not None,
        "organizationName": bool(certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)),
    }
    return [name for name, is_there in has.items() if not is_there]


def _extension(certificate: Certificate, kind: type[ExtensionT]) -> ExtensionT | None:
    from cryptography.x509 import ExtensionNotFound

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (ExtensionNotFound, ValueError):
        return None


class SigningCredential:
    """Certificates as PEM, the signer's own first, and its private key, which only `reveal` returns."""

    __slots__ = ("__key", "algorithm", "chain")

    def __init__(self, *, chain: bytes, key: bytes, algorithm: str) -> None:
        """`key` is PEM (PKCS #8); `algorithm` as C2PA names it: `es256`, `ed25519`, …."""
        self.__key = key
        self.chain = chain
        self.algorithm = algorithm

    def reveal(self) -> bytes:
        """The private key, for the signing library."""
        return self.__key

    def __repr__(self) -> str:
        return f"Credential(algorithm={self.algorithm!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse to pickle, so that the key never goes to a file or another process."""
        raise TypeError("a key can't be pickled")


def load_credential(certificate: Path, key: Path, *, now: datetime) -> SigningCredential:
    """Load both files and check everything that signing and readers need.

    `now` has a time zone. Raises Unusable for a missing extra or an unreadable file. Raises Invalid for files that
    aren't a certificate or key (`c2pa_not_a_certificate`, `c2pa_not_a_key`, `c2pa_key_locked`, `c2pa_key_kind`), a key
    of another certificate (`c2pa_key_of_another`), and a certificate that isn't valid now (`c2pa_expired`,
    `c2pa_not_yet`) or can't sign pictures (`c2pa_unfit`). No message contains parts of the key.
    """
    require_c2pa()
    chain = _certificates(_read_credential_file(certificate, "c2pa_certificate"), certificate)
    private = _private_key(_read_credential_file(key, "c2pa_key"), key)
    leaf = chain[0]
    algorithm = _signing_algorithm(private, key)
    if private.public_key() != leaf.public_key():
        raise Invalid([problem("c2pa_key_of_another", key=str(key), file=str(certificate))])
    if now > leaf.not_valid_after_utc:
        raise Invalid([problem("c2pa_expired", file=str(certificate), when=f"{leaf.not_valid_after_utc:%Y-%m-%d}")])
    if now < leaf.not_valid_before_utc:
        raise Invalid([problem("c2pa_not_yet", file=str(certificate), when=f"{leaf.not_valid_before_utc:%Y-%m-%d}")])
    lacks = missing_certificate_fields(leaf)
    if lacks:
        raise Invalid([problem("c2pa_unfit", file=str(certificate), lacks=lacks)])
    return SigningCredential(chain=_pem(*chain), key=_pkcs8(private), algorithm=algorithm)


def _read_credential_file(file: Path, setting: str) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise Unusable([problem("c2pa_file_missing", file=str(file), setting=setting)]) from error
    except OSError as error:
        raise Unusable([problem("c2pa_file_unreadable", file=str(file), why=error.strerror or "")]) from error


def _certificates(data: bytes, file: Path) -> list[Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise Invalid([problem("c2pa_not_a_certificate", file=str(file))]) from error


def _private_key(data: bytes, file: Path) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(data, password=None)
    except TypeError:
        raise Invalid([problem("c2pa_key_locked", file=str(file))]) from None
    except (ValueError, UnsupportedAlgorithm):
        # Their messages may quote parts of the key.
        raise Invalid([problem("c2pa_not_a_key", file=str(file))]) from None


def _signing_algorithm(key: PrivateKeyTypes, file: Path) -> str:
    """The algorithm that C2PA (2.1, §13.2) allows for this kind of key."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if isinstance(key, Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    curves = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in curves:
        return curves[key.curve.name]
    raise Invalid([problem("c2pa_key_kind", file=str(file))])


def _pem(*certificates: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def _pkcs8(key: PrivateKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


_CLOCK_SKEW = timedelta(hours=1)
"""How much earlier a certificate becomes valid, because clocks of other machines may be slow."""


class GeneratedCertificate(Struct, frozen=True, kw_only=True):
    """A new certificate with its key, its authority as PEM, and a fingerprint for people to compare.

    `fingerprint` is the SHA-256 of the signer's certificate (DER), pairs of hex digits with colons.
    """

    credential: SigningCredential
    authority: bytes
    fingerprint: str
    begins: datetime
    ends: datetime


def make_certificate(organisation: str, *, days: int, now: datetime) -> GeneratedCertificate:
    """Make an authority and a certificate below it, both valid for `days` from `now` (with a time zone).

    The authority's key is not kept, so nobody can make another certificate below it. Keys are new each time (P-256).
    Raises Unusable (`c2pa_extra`).
    """
    require_c2pa()
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    above, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begins, ends = now - _CLOCK_SKEW, now + timedelta(days=days)
    top, own = _x509_name(organisation, f"{organisation} (self-made authority)"), _x509_name(organisation, organisation)
    authority = (
        _certificate_builder(top, top, above.public_key(), begins, ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(above, hashes.SHA256())
    )
    leaf = (
        _certificate_builder(own, top, key.public_key(), begins, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
        .sign(above, hashes.SHA256())
    )
    return GeneratedCertificate(
        credential=SigningCredential(chain=_pem(leaf, authority), key=_pkcs8(key), algorithm="es256"),
        authority=_pem(authority),
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(":").upper(),
        begins=leaf.not_valid_before_utc,
        ends=leaf.not_valid_after_utc,
    )


def _x509_name(organisation: str, common: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _certificate_builder(
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


def _key_usage(*, signs_certificates: bool) -> KeyUsage:
    from cryptography import x509

    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        **dict.fromkeys((*others, "encipher_only", "decipher_only"), False),
    )
