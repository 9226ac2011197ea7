"""Messages that known code writes into pixels; how many bits must agree."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A message of `bits` ("0" and "1").

    Read as the reference reads it, `least` bits must agree; read in the other ways, `least_otherwise`: more ways to
    read are more chances to be wrong. From `sure` on there is no doubt. Measured in benchmarks/watermarks.py: clean
    pictures come to at most 33 of BFL's 46, 36 of SDXL's 48 and 83 of SD1's 136.
    """

    name: str
    bits: str
    least: int
    least_otherwise: int
    sure: int


def _bits(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


PAYLOADS = (
    # In BFL's code a number of 48 bits; `bin(…)[2:]` drops its two leading zeros, so that 46 are written.
    Payload(name="bfl", bits=f"{0x2AFE879CF52E:b}", least=36, least_otherwise=38, sure=42),
    Payload(name="sdxl", bits=f"{0xB3EC907BB19E:b}", least=36, least_otherwise=40, sure=44),
    Payload(name="sd1", bits=_bits(b"StableDiffusionV1"), least=95, least_otherwise=95, sure=115),
)
"""Of Stable Diffusion 2 (`SDV2`) there are only 32 bits, which clean pictures come too near: it is never claimed."""
