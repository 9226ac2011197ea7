"""What the user trusts in projects and recipes of other people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from nano_banana.model.json_values import JSONValue
from nano_banana.settings.config_file import write_atomically

TRUST_FILE = "trusted.json"
"""In the user's config folder: fingerprints of what the user trusts, each with a description."""


def trust_fingerprint(kind: str, folder: Path, accepted: JSONValue) -> str:
    """The fingerprint of something to trust: a JSON value, in this very folder."""
    document = json.dumps([kind, str(folder.resolve()), accepted], sort_keys=True, default=str)
    return hashlib.sha256(document.encode("utf-8", errors="surrogatepass")).hexdigest()


def is_trusted(digest: str, user_dir: Path) -> bool:
    """Whether the user trusts this."""
    return digest in _load(user_dir)


def save_trust(digest: str, about: str, user_dir: Path) -> None:
    """Save that the user trusts this. Raises Unusable (`config_unwritable`)."""
    _save({**_load(user_dir), digest: about}, user_dir)


def drop_trust(digests: set[str], user_dir: Path) -> int:
    """Remove these; returns how many there were. Raises Unusable (`config_unwritable`)."""
    kept = _load(user_dir)
    known = digests & kept.keys()
    if known:
        _save({digest: about for digest, about in kept.items() if digest not in known}, user_dir)
    return len(known)


def _load(user_dir: Path) -> Mapping[str, str]:
    with suppress(OSError, ValueError):  # a damaged file is no consent
        found = json.loads((user_dir / TRUST_FILE).read_text("utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _save(kept: Mapping[str, str], user_dir: Path) -> None:
    data = json.dumps(kept, indent=1, sort_keys=True) + "\n"
    write_atomically(user_dir / TRUST_FILE, data.encode("utf-8", errors="backslashreplace"), mode=0o600)
