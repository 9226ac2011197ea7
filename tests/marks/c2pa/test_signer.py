"""The signer of a run: over our marks, and only what something here drew."""

from __future__ import annotations

from nano_banana.provenance.content_credentials import C2paSigner, parse_credentials
from nano_banana.provenance.embedding import ProvenanceInfo, embed_metadata, original_bytes
from tests.marks.c2pa.signing import picture, self_made

MARK = ProvenanceInfo(source="trainedAlgorithmicMedia", tool="Nano Banana 1 (local)")


def test_marks_stay_and_come_out_again_below_the_signature() -> None:
    signer, data = C2paSigner(self_made().credential), embed_metadata(picture("image/jpeg"), MARK)
    signed = signer.sign(data, MARK, [])
    found = parse_credentials(signed, "image/jpeg")
    assert found is not None
    assert (found.state, found.actions[0].agent) == ("valid", "Nano Banana 1 (local)")
    assert original_bytes(signed) == picture("image/jpeg")


def test_what_nothing_here_drew_is_not_vouched_for() -> None:
    signer = C2paSigner(self_made().credential)
    assert signer.sign(picture(), ProvenanceInfo(source="", tool="Nano Banana 1"), []) == picture()


def test_it_is_known_by_its_certificate() -> None:
    signer = C2paSigner(self_made().credential)
    assert signer.name == C2paSigner(self_made().credential).name
    assert len(signer.name) == 64
