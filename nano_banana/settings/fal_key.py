"""The fal key: found, saved in its own file, and never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from nano_banana.model.problem import Invalid, Unusable, problem
from nano_banana.settings.config_file import write_atomically
from nano_banana.settings.configuration import user_config_folder

KEY_FILE = "fal-key"
KEY_VARIABLES = ("FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET")
KEY_PATTERN = re.compile(r"[^\s:]{4,200}:[^\s:]{8,200}")


class FalKey:
    """A secret that always prints masked. `where` says where it was found."""

    __slots__ = ("__secret", "where")

    def __init__(self, secret: str, where: str) -> None:
        """Wrap `secret`; only `reveal` returns it."""
        self.__secret = secret
        self.where = where

    def reveal(self) -> str:
        """The secret itself, to be sent."""
        return self.__secret

    @property
    def masked(self) -> str:
        """Its ends (`a1b2…9f`), or nothing of a short one."""
        return f"{self.__secret[:4]}…{self.__secret[-2:]}" if len(self.__secret) >= 20 else "…"

    def __repr__(self) -> str:
        return f"Key({self.masked!r}, where={self.where!r})"

    def __str__(self) -> str:
        return self.masked

    def __reduce__(self) -> NoReturn:
        """Raise TypeError: secrets are never written to a stream, nor sent to other processes."""
        raise TypeError("a key can't be pickled")


def find_key(environ: Mapping[str, str], user_dir: Path | None = None) -> FalKey | None:
    """The key in `FAL_KEY`, else `FAL_KEY_ID` and `FAL_KEY_SECRET`, else the user's file, else None.

    `user_dir` is the user's config folder (None: the platform's). Raises Unusable (`key_unreadable`) if the file can't
    be read, Invalid (`key_malformed`) if the key can't be sent in a header.
    """
    found = _found(environ, user_dir)
    if found is not None and not re.fullmatch(r"[!-~]+", found.reveal()):
        raise Invalid([problem("key_malformed")])
    return found


def has_fal_key(environ: Mapping[str, str]) -> bool:
    """Whether there is a key. Raises as `find_key` does."""
    return find_key(environ) is not None


def _found(environ: Mapping[str, str], user_dir: Path | None) -> FalKey | None:
    whole, name, secret = (_unquoted(environ.get(variable, "")) for variable in KEY_VARIABLES)
    if whole:
        return FalKey(whole, "FAL_KEY")
    if name and secret:
        return FalKey(f"{name}:{secret}", "FAL_KEY_ID, FAL_KEY_SECRET")
    file = key_file(user_dir)
    try:
        if file.stat().st_mode & 0o077:
            with suppress(OSError):  # another user's file, or one on a read-only disk
                file.chmod(0o600)
        kept = _unquoted(file.read_text("ascii"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable([problem("key_unreadable", file=str(file))]) from error
    return FalKey(kept, str(file)) if kept else None


def _unquoted(text: str) -> str:
    """The text without surrounding blanks and quotes; `docker run --env-file` doesn't remove the quotes."""
    text = text.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1].strip() if is_quoted else text


def keep_key(secret: str, user_dir: Path | None = None) -> Path:
    """Write the key to its file, which only the user can read at any moment (mode 0600).

    Raises Invalid (`key_malformed`) if it isn't `id:secret`, Unusable if the file can't be written.
    """
    secret = _unquoted(secret)
    if not (secret.isascii() and secret.isprintable() and KEY_PATTERN.fullmatch(secret)):
        raise Invalid([problem("key_malformed")])
    file = key_file(user_dir)
    write_atomically(file, f"{secret}\n".encode("ascii"), mode=0o600)
    return file


def key_file(user_dir: Path | None = None) -> Path:
    """The file with the key; it may not exist."""
    return (user_dir or user_config_folder()) / KEY_FILE
