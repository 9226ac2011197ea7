"""The signer of a run: over our marks, and only what something here drew."""

from __future__ import annotations

from nano_banana.marks.c2pa.read import read_bytes
from nano_banana.marks.c2pa.signer import CredentialSigner
from nano_banana.marks.embedded import Mark, marked, unmarked
from tests.marks.c2pa.signing import picture, self_made

MARK = Mark(source="trainedAlgorithmicMedia", tool="Nano Banana 1 (local)")


def test_marks_stay_and_come_out_again_below_the_signature() -> None:
    signer, data = CredentialSigner(self_made().credential), marked(picture("image/jpeg"), MARK)
    signed = signer.sign(data, MARK, [])
    found = read_bytes(signed, "image/jpeg")
    assert found is not None
    assert (found.state, found.actions[0].agent) == ("valid", "Nano Banana 1 (local)")
    assert unmarked(signed) == picture("image/jpeg")


def test_what_nothing_here_drew_is_not_vouched_for() -> None:
    signer = CredentialSigner(self_made().credential)
    assert signer.sign(picture(), Mark(source="", tool="Nano Banana 1"), []) == picture()


def test_it_is_known_by_its_certificate() -> None:
    signer = CredentialSigner(self_made().credential)
    assert signer.name == CredentialSigner(self_made().credential).name
    assert len(signer.name) == 64
