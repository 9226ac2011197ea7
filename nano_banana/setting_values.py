"""What may stand for a setting: text, a count, an amount, an address."""

from __future__ import annotations

import math
import re

from nano_banana.core.modes import group_id

_ADDRESS = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)


_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What ends a line, turns the direction of what follows or is no character; joiners belong to emoji and scripts."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def text_of(given: object) -> str:
    """Text of one line that is not blank. Raises ValueError with a kind of problem, as all of these do."""
    if not isinstance(given, str) or not given.strip() or _UNSEEN.search(given):
        raise ValueError("setting_not_text")
    return given


def address_of(given: object) -> str:
    """The address of a host, without a slash at its end; it may be empty."""
    address = given.strip().removesuffix("/") if isinstance(given, str) else None
    if address is None or (address and not _ADDRESS.fullmatch(address)):
        raise ValueError("setting_not_an_address")
    return address


def names_of(given: object) -> str:
    """Names of environment variables, separated by commas; it may be empty."""
    names = [name.strip() for name in given.split(",")] if isinstance(given, str) else [""]
    if (names != [""] and not all(_NAME.fullmatch(name) for name in names)) or not isinstance(given, str):
        raise ValueError("setting_not_names")
    return ",".join(dict.fromkeys(names))


def group_of(given: object) -> str:
    """The name or number of a group of this machine's; `yes` for any, empty for none."""
    if isinstance(given, bool | int) or (
        isinstance(given, str) and given.strip().lower() in ("yes", "true", "no", "false")
    ):
        words = {"yes": "yes", "true": "yes", "no": "", "false": ""}
        return words.get(str(given).strip().lower(), str(given))
    group = given.strip() if isinstance(given, str) else "?"
    try:
        if group:
            group_id(group)
    except (KeyError, ValueError) as error:
        raise ValueError("setting_not_a_group") from error
    return group


def count_of(given: object) -> int:
    """A whole number from 1 to 10,000."""
    number = int(given) if isinstance(given, str) and given.strip().isdecimal() else given
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 10_000:
        raise ValueError("setting_not_a_count")
    return number


def amount_of(given: object) -> float:
    """An amount of US dollars, 0 or more; `inf` is one."""
    try:
        number = float(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else math.nan
    except ValueError:
        number = math.nan
    if not number >= 0:
        raise ValueError("setting_not_an_amount")
    return number
