"""What was read out of the pixels, beside a message that is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """`agree` of `length` bits are those of the message `name`; `least` had to be, and from `sure` on it is certain."""

    name: str
    agree: int
    length: int
    least: int
    sure: int

    @property
    def rate(self) -> float:
        """The share of bits that agree, 0–1; about a half where there is no mark."""
        return self.agree / self.length

    @property
    def found(self) -> bool:
        """Whether so many bits agree that it is no chance."""
        return self.agree >= self.least

    @property
    def certain(self) -> bool:
        """Whether the message is there almost whole."""
        return self.agree >= self.sure
