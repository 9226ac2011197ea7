"""The environment as a recipe sees it: what the user allows, no keys."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from nano_banana.recipe.templates.budget import OutOfBoundsError
from nano_banana.recipe.templates.sandbox import MAPPING_METHODS

SECRETS = frozenset({"FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET"})


class Environ(Mapping[str, str]):
    """Gives variables by name and keeps which were asked for. Cannot be listed.

    `allowed` are the names that recipes may read (None: all). A secret's name, in any case, and any variable that
    holds a secret's value or half of it raise OutOfBoundsError (env_secret); a name that is not allowed raises
    OutOfBoundsError (env_not_allowed), whether it is set or not.
    """

    def __init__(self, variables: Mapping[str, str], allowed: Collection[str] | None = None) -> None:
        self._variables = variables
        self._allowed = allowed
        self.read: set[str] = set()
        self.names = [name for name in variables if not is_secret(name) and self._allows(name)]
        keys = [value for name, value in variables.items() if is_secret(name)]
        self._hidden = {part.strip() for key in keys for part in (key, *key.split(":"))} - {""}

    def __getitem__(self, name: str) -> str:
        """The value of `name`. Raises KeyError where it is not set."""
        self.read.add(name)
        value = self._variables.get(name)
        if is_secret(name) or self._tells(value or ""):
            raise OutOfBoundsError("env_secret", name=name)
        if not self._allows(name):
            raise OutOfBoundsError("env_not_allowed", name=name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        """Whether it is set; what is refused counts as set, so that asking for it is an error and not defaulted."""
        if not isinstance(name, str):
            return False
        there = name in self._variables or is_secret(name)
        if not there and name in MAPPING_METHODS:  # `env.get(…)` is no variable called `get`
            return False
        self.read.add(name)
        return there or not self._allows(name)

    def refusal(self, name: str) -> str:
        """The kind of problem that explains why `name` has no value."""
        if is_secret(name):
            return "env_secret"
        return "env_missing" if self._allows(name) else "env_not_allowed"

    def _allows(self, name: str) -> bool:
        return self._allowed is None or name in self._allowed

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def _tells(self, value: str) -> bool:
        """Whether `value` is a secret or holds one that is long enough not to stand there by chance."""
        return any(value.strip() == part or (len(part) >= 8 and part in value) for part in self._hidden)


def is_secret(name: str) -> bool:
    """Whether the variable `name` holds a key of fal's."""
    return name.upper() in SECRETS
