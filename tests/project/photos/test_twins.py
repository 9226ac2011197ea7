"""Near-duplicates: found whatever the number of photos, and never two for one."""

from __future__ import annotations

import random

from nano_banana.formats.image_formats import hamming_distance
from nano_banana.session.photo_observations import PhotoMeasures, near_duplicates
from tests.cpu_budget import cpu_budget

FAR = "0f0f0f0f0f0f0f0f"


def seen(
    fingerprint: int, *, mirrored: int = 0x5555_5555_5555_5555, difference: int = 0, width: int = 100
) -> PhotoMeasures:
    return PhotoMeasures(
        width=width,
        height=100,
        oriented=False,
        mean=0.5,
        dark=0,
        bright=0,
        sharpness=500,
        hash=f"{fingerprint:016x}",
        hash_mirrored=f"{mirrored:016x}",
        difference_hash=f"{difference:016x}",
    )


def flipped(number: int, bits: int, seed: int = 1) -> int:
    for bit in random.Random(seed).sample(range(64), bits):
        number ^= 1 << bit
    return number


def test_up_to_six_bits_are_the_same_picture() -> None:
    first = seen(0x1234_5678_9ABC_DEF0)
    for bits in range(13):
        other = seen(flipped(0x1234_5678_9ABC_DEF0, bits, seed=bits), difference=flipped(0, 20))
        assert (1 in near_duplicates([first, other])) is (bits <= 6), bits


def test_up_to_fourteen_are_where_the_other_fingerprint_agrees() -> None:
    first = seen(0x1234_5678_9ABC_DEF0)
    other = seen(flipped(0x1234_5678_9ABC_DEF0, 14), difference=flipped(0, 5))
    assert near_duplicates([first, other])[1].distance == 14
    assert near_duplicates([first, seen(flipped(0x1234_5678_9ABC_DEF0, 14), difference=flipped(0, 6))]) == {}
    assert near_duplicates([first, seen(flipped(0x1234_5678_9ABC_DEF0, 15))]) == {}


def test_mirror_images_are_twins() -> None:
    first = seen(0x1234_5678_9ABC_DEF0, difference=flipped(0, 30))
    found = near_duplicates([first, seen(FAR_NUMBER, mirrored=flipped(0x1234_5678_9ABC_DEF0, 3))])
    assert (found[1].other, found[1].distance, found[1].mirrored) == (0, 3, True)


def test_the_larger_one_is_kept_and_all_others_are_its_twins() -> None:
    found = near_duplicates([seen(7), None, seen(7, width=300), seen(7)])
    assert {number: twin.other for number, twin in found.items()} == {0: 2, 3: 2}


def test_thousands_take_no_time() -> None:
    dice = random.Random(3)
    photos = [seen(dice.getrandbits(64), difference=dice.getrandbits(64)) for _ in range(2000)]
    with cpu_budget(250):
        assert len(near_duplicates(photos + photos)) == 2000


def test_distance_counts_bits() -> None:
    assert hamming_distance(FAR, FAR) == 0
    assert hamming_distance("0" * 16, "f" * 16) == 64


FAR_NUMBER = int(FAR, 16)
