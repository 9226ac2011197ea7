"""The words for content credentials: certificates, keys, signing."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording, install

_MAKE = "`nano-banana config make-certificate` makes one"

WORDS: Mapping[str, Wording] = {
    "c2pa_extra": Wording(
        "content credentials need packages that are not installed: {missing}",
        f"`{install('c2pa')}`",
    ),
    "c2pa_file_missing": Wording(
        "content credentials are asked for, and {file} (the setting `{setting}`) is not there",
        f"{_MAKE}; one of your own: `nano-banana config set {{setting}} FILE`",
    ),
    "c2pa_file_unreadable": Wording("can't read {file}: {why}"),
    "c2pa_not_a_certificate": Wording(
        "{file} is not a certificate", "it must be PEM text: the signer's certificate first, then those above it"
    ),
    "c2pa_not_a_key": Wording("{file} is not a private key", "it must be PEM text, PKCS #8 at best"),
    "c2pa_key_locked": Wording(
        "the key in {file} is locked with a password", "keep a copy without one where nobody else can read it"
    ),
    "c2pa_key_kind": Wording(
        "content credentials can't be signed with the kind of key that is in {file}",
        "use an elliptic curve (P-256, P-384, P-521), Ed25519, or RSA of 2048 bits or more",
    ),
    "c2pa_key_of_another": Wording(
        "the key in {key} is not that of the certificate in {file}",
        "where the file holds several certificates, the signer's own comes first",
    ),
    "c2pa_expired": Wording("the certificate in {file} expired on {when}", f"{_MAKE}, with --force over the old one"),
    "c2pa_not_yet": Wording("the certificate in {file} is not valid before {when}", "is the clock right?"),
    "c2pa_unfit": Wording(
        "the certificate in {file} is not made for content credentials: it lacks {lacks}",
        f"ask for one that has these, or {_MAKE}",
    ),
    "c2pa_taken": Wording(
        "{file} is there already, and is not replaced", "--force replaces it; pictures signed with it stay valid"
    ),
    "c2pa_organisation": Wording("`{given}` can't be a signer's name", "1 to 64 printable characters"),
    "c2pa_not_signed": Wording("this picture could not be given content credentials: {why}"),
    "c2pa_file_broken": Wording("can't look for content credentials in {file}: {why}"),
}
