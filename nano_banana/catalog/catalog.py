"""The catalog: every endpoint by its id, read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import cast

from nano_banana.catalog.build import build
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.own import own_endpoints
from nano_banana.catalog.quote import Quote, with_quote
from nano_banana.catalog.quotes import read_quotes
from nano_banana.catalog.text import parse
from nano_banana.core.json import JSONObject
from nano_banana.core.problem import did_you_mean

DATA = Path(__file__).parent / "data"
"""The package's endpoints; `fal-ai/flux-lora` lies in `fal-ai--flux-lora.yaml`, so names are the index."""


def read_text(path: Path) -> str:
    """Read a file as UTF-8. Raises OSError or UnicodeDecodeError."""
    return path.read_text(encoding="utf-8")


class Catalog:
    """Endpoints by id: the package's own, and the project's, which win; quoted prices go over both.

    A shipped file is parsed when its endpoint is first asked for, and quotes are read at the first question; a
    project's files are read and checked at once.
    """

    def __init__(
        self, shipped: Mapping[str, Path], own: Iterable[Endpoint] = (), *, quotes: Path | None = None
    ) -> None:
        self._shipped = shipped
        self._known = {endpoint.id: endpoint for endpoint in own}
        self._own = frozenset(self._known)
        self._quotes = quotes
        self._priced: dict[str, Endpoint] = {}
        self.ids = tuple(sorted({*shipped, *self._known}))

    @classmethod
    def load(
        cls, folder: Path | None = None, *, read: Callable[[Path], str] = read_text, quotes: Path | None = None
    ) -> Catalog:
        """The package's endpoints and those of `folder/*.yaml` (which need not exist), read by `read`.

        `quotes` is a file of quoted prices, which need not exist either. Raises Invalid with every problem of the
        project's files.
        """
        shipped = {path.stem.replace("--", "/"): path for path in DATA.glob("*.yaml")}
        return cls(shipped, own_endpoints(folder, read) if folder else (), quotes=quotes)

    def get(self, name: str) -> Endpoint | None:
        """The endpoint of this id at its newest price, or None."""
        if name not in self._priced:
            endpoint, quote = self.written(name), self.quotes.get(name)
            if endpoint is None:
                return None
            self._priced[name] = endpoint if quote is None else with_quote(endpoint, quote)
        return self._priced[name]

    def written(self, name: str) -> Endpoint | None:
        """The endpoint of this id as its file has it, whatever was quoted since."""
        if name not in self._known and (shipped := self.shipped_endpoint(name)) is not None:
            self._known[name] = shipped
        return self._known.get(name)

    def shipped_endpoint(self, name: str) -> Endpoint | None:
        """The endpoint of this id as the package describes it, whatever the project says."""
        path = self._shipped.get(name)
        if path is None:
            return None
        return build(cast(JSONObject, parse(read_text(path), file=path.name).value))

    @property
    def shipped(self) -> Iterable[str]:
        """The ids of the package's own endpoints."""
        return self._shipped.keys()

    def is_own(self, name: str) -> bool:
        """Whether the project describes it itself."""
        return name in self._own

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The model families that the endpoints draw with."""
        endpoints = [self.get(name) for name in self.ids]
        return tuple(sorted({endpoint.base for endpoint in endpoints if endpoint is not None and endpoint.base}))

    @cached_property
    def quotes(self) -> Mapping[str, Quote]:
        """Quoted prices by endpoint."""
        return {} if self._quotes is None else read_quotes(self._quotes)

    def near(self, name: str) -> tuple[str, ...]:
        """Ids that were probably meant, best first; one that lacks only its owner (`fal-ai/`) leads."""
        tails = {known.partition("/")[2].casefold(): known for known in self.ids}
        wanted = name.strip("/").casefold()
        if wanted in tails:
            return (tails[wanted],)
        return did_you_mean(name, self.ids) or tuple(tails[tail] for tail in did_you_mean(name, tails))
