"""A picture file, what it tells of itself, and whether that is still true."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONValue
from nano_banana.marks.account import Account
from nano_banana.marks.embedded import account_in, file_bytes, unmarked
from nano_banana.marks.form import media_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A picture with its account.

    `intact` says that the file is, but for its marks, the very one that the account tells of; `media` is its format.
    """

    path: Path
    media: str
    account: Account
    intact: bool


def portrait_of(path: Path) -> Portrait:
    """The picture in that file.

    Raises Invalid: `no_account` where it has none; `picture_missing`, `marked_unreadable`, `marked_too_large`,
    `account_broken`, `account_newer`, each with the path.
    """
    data = file_bytes(path)
    try:
        account = account_in(data)
    except Invalid as error:
        raise Invalid(replace(each, data={**each.data, "path": str(path)}) for each in error.problems) from error
    if account is None:
        kind = "no_account" if media_of(data) else "no_picture_here"
        raise Invalid([trouble(kind, path=str(path))])
    bare = unmarked(data)
    intact = bare is not None and hashlib.sha256(bare).hexdigest() == account.picture
    return Portrait(path=path, media=media_of(data), account=account, intact=intact)


def portrait_json(portrait: Portrait) -> dict[str, JSONValue]:
    """The picture's story as `explain --json` tells it, outside of its project."""
    told: dict[str, JSONValue] = json.loads(portrait.account.text)
    return {"path": str(portrait.path), "media": portrait.media, "intact": portrait.intact, "account": told}
