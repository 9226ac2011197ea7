"""Whether a certificate is made for signing content credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, ExtensionType

T = TypeVar("T", bound="ExtensionType")

DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36"
"""RFC 9336. Like emailProtection it is among the purposes that c2pa's readers accept without being told to."""


def lacking(certificate: Certificate) -> list[str]:
    """What a signer's certificate needs and this one does not have, by X.509's names (C2PA 2.1, §14.5).

    Measured with c2pa 0.91: without any one of these it refuses to sign, or to believe what was signed.
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


def _extension(certificate: Certificate, kind: type[T]) -> T | None:
    from cryptography.x509 import ExtensionNotFound

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (ExtensionNotFound, ValueError):
        return None
