"""Certificates that can't be read are told as that, not as a bug."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.model.problem import Unusable
from nano_banana.providers.fal.fal_session import auth_headers
from nano_banana.providers.fal.http_client import FalHosts, HttpClient
from nano_banana.providers.fal.timing import Clock, RateLimiter
from tests.providers.fal.scene import KEY


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_certificates_that_can_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(Unusable) as caught:
        HttpClient(FalHosts(""), auth_headers(KEY), RateLimiter(None, Clock()))
    problem = caught.value.problems[0]
    assert problem.kind == "certificates_unreadable"
    assert "SSL_CERT_FILE" in str(problem.data["names"])
