"""Which addresses are this machine's own."""

from __future__ import annotations

import pytest

from nano_banana.model.ticket import is_loopback_url


@pytest.mark.parametrize(
    ("address", "want"),
    [
        ("https://127.0.0.1:4000", True),
        ("http://127.8.8.8", True),
        ("https://localhost", True),
        ("https://LOCALHOST:1", True),
        ("https://[::1]:4000", True),
        ("", False),
        ("https://queue.fal.run", False),
        ("https://localhost.test", False),
        ("https://127.0.0.1.test", False),
        ("https://10.0.0.1", False),
    ],
)
def test_an_address_of_this_machine(address: str, *, want: bool) -> None:
    assert is_loopback_url(address) is want
