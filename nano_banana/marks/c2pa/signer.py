"""The signer of a run's pictures, each with the pictures it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from nano_banana import __version__
from nano_banana.marks.c2pa.credential import Credential
from nano_banana.marks.c2pa.sign import Claim, sign
from nano_banana.marks.embedded import Mark


class CredentialSigner:
    """A `marks.signing.Signer` that puts content credentials in."""

    def __init__(self, credential: Credential) -> None:
        """`credential` signs; it was checked (`load_credential`)."""
        self._credential = credential

    @property
    def name(self) -> str:
        """A digest of its certificates: pictures that another one signed are signed anew."""
        return hashlib.sha256(self._credential.chain).hexdigest()

    def sign(self, data: bytes, mark: Mark, parents: Sequence[bytes]) -> bytes:
        """The marked file, signed. One that nothing here drew is left as it is: there is nothing to vouch for."""
        if not mark.source:
            return data
        claim = Claim(version=__version__, agents=(mark.tool,), source_type=mark.source, parents=tuple(parents))
        return sign(data, claim, self._credential)
