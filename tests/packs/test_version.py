"""Which versions are within which bounds."""

from __future__ import annotations

import pytest

from nano_banana.recipe.naming import version_matches


@pytest.mark.parametrize(
    ("version", "bounds"),
    [
        ("1.2.3", "1.2.3"),
        ("1.2.3", "==1.2"),
        ("1.2.3", "=1"),
        ("1.2.3", ">=1.2,<2"),
        ("1.10.0", ">1.9"),
        ("1.2.3", " <= 1.2.3 "),
    ],
)
def test_these_will_do(version: str, bounds: str) -> None:
    assert version_matches(version, bounds)


@pytest.mark.parametrize(
    ("version", "bounds"),
    [("1.2.3", "1.3"), ("1.2.3", ">=2"), ("2.0.0", ">=1,<2"), ("1.2.3", ">1.2.3"), ("1.2.3", "<=1.2")],
)
def test_these_will_not(version: str, bounds: str) -> None:
    assert not version_matches(version, bounds)


@pytest.mark.parametrize("bounds", ["", "soon", "1.x", ">=1,", "<1,what", "~1.2", "1.2.3.4"])
def test_what_says_no_bounds_is_refused_whatever_the_version(bounds: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        version_matches("1.2.3", bounds)
