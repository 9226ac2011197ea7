"""What pictures are signed with: a certificate chain, and a key unseen."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.marks.c2pa.extra import need_extra
from nano_banana.marks.c2pa.fitness import lacking

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate


class Credential:
    """Certificates as PEM, the signer's own first, and its private key, which nothing but `reveal` gives out."""

    __slots__ = ("__key", "algorithm", "chain")

    def __init__(self, *, chain: bytes, key: bytes, algorithm: str) -> None:
        """`key` is PEM (PKCS #8); `algorithm` as C2PA names it: `es256`, `ed25519`, …."""
        self.__key = key
        self.chain = chain
        self.algorithm = algorithm

    def reveal(self) -> bytes:
        """The key itself, for the library that signs."""
        return self.__key

    def __repr__(self) -> str:
        return f"Credential(algorithm={self.algorithm!r})"

    def __reduce__(self) -> NoReturn:
        """Secrets are not written to streams, so not to other processes either."""
        raise TypeError("a key can't be pickled")


def load_credential(certificate: Path, key: Path, *, now: datetime) -> Credential:
    """Read both files, and find now what signing, or whoever reads it, would stumble over.

    `now` has a time zone. Raises Unusable for a missing extra or a file that can't be read, Invalid for what is no
    certificate or key (`c2pa_not_a_certificate`, `c2pa_not_a_key`, `c2pa_key_locked`, `c2pa_key_kind`), a key of
    another certificate (`c2pa_key_of_another`), a certificate that is not valid now (`c2pa_expired`, `c2pa_not_yet`)
    or not made for this (`c2pa_unfit`). No message holds anything of the key.
    """
    need_extra()
    chain = _certificates(_read(certificate, "c2pa_certificate"), certificate)
    private = _private_key(_read(key, "c2pa_key"), key)
    leaf = chain[0]
    algorithm = _algorithm(private, key)
    if _public(private.public_key()) != _public(leaf.public_key()):
        raise Invalid([trouble("c2pa_key_of_another", key=str(key), file=str(certificate))])
    if now > leaf.not_valid_after_utc:
        raise Invalid([trouble("c2pa_expired", file=str(certificate), when=f"{leaf.not_valid_after_utc:%Y-%m-%d}")])
    if now < leaf.not_valid_before_utc:
        raise Invalid([trouble("c2pa_not_yet", file=str(certificate), when=f"{leaf.not_valid_before_utc:%Y-%m-%d}")])
    lacks = lacking(leaf)
    if lacks:
        raise Invalid([trouble("c2pa_unfit", file=str(certificate), lacks=lacks)])
    return Credential(chain=b"".join(map(_pem, chain)), key=_pkcs8(private), algorithm=algorithm)


def _read(file: Path, setting: str) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise Unusable([trouble("c2pa_file_missing", file=str(file), setting=setting)]) from error
    except OSError as error:
        raise Unusable([trouble("c2pa_file_unreadable", file=str(file), why=error.strerror or "")]) from error


def _certificates(data: bytes, file: Path) -> list[Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise Invalid([trouble("c2pa_not_a_certificate", file=str(file))]) from error


def _private_key(data: bytes, file: Path) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(data, password=None)
    except TypeError:
        raise Invalid([trouble("c2pa_key_locked", file=str(file))]) from None
    except (ValueError, UnsupportedAlgorithm):
        # Their messages may quote what they stumbled over.
        raise Invalid([trouble("c2pa_not_a_key", file=str(file))]) from None


def _algorithm(key: PrivateKeyTypes, file: Path) -> str:
    """The name of the one way in which C2PA (2.1, §13.2) lets this kind of key sign."""
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
    raise Invalid([trouble("c2pa_key_kind", file=str(file))])


def _public(key: object) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(key, EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b""


def _pem(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _pkcs8(key: PrivateKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
