"""Providers by name: what each can do, and where its code is.

A provider is declared once, by a `ProviderSpec`. Recipe, planner and session ask the spec, never the name. Names of
code are texts (`package.module:attribute`), imported on first use. Packages add providers through the entry-point group
`nano_banana.providers`; it is read only when a name isn't built in.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

from msgspec import Struct

from nano_banana.catalog.endpoint import Endpoint, endpoint_revision
from nano_banana.model.call import COMPUTE
from nano_banana.model.problem import Invalid, Refused, did_you_mean, problem
from nano_banana.model.ticket import is_loopback_url
from nano_banana.settings.fal_key import KEY_VARIABLES

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

    from nano_banana.catalog.endpoint import PriceRange
    from nano_banana.model.call import Call
    from nano_banana.settings.configuration import Settings

ENTRY_POINT_GROUP = "nano_banana.providers"
EMULATED_REVISION = 1
"""The revision of an emulator's answers."""

T = TypeVar("T")


class ResendSafety(Enum):
    """What happens when a request whose outcome is unknown is sent again."""

    PURE = "pure"
    """The same call gives the same answer and costs nothing."""
    CLIENT_ID = "client_id"
    """The request carries the call's key as its id: the service answers it once."""
    SERVER_ID = "server_id"
    """The service names the request. Its id is kept in a ticket, and a later run collects the result by it."""
    NONE = "none"
    """It may be done, and billed, twice."""


class ProviderSpec(Struct, frozen=True, kw_only=True):
    """What a provider can do. `factory` and the other names of code are `package.module:attribute`."""

    name: str
    about: str
    """One line for people who choose a provider."""
    factory: str
    """Makes it: `(ProviderContext) -> Provider`. Runs inside the event loop."""
    endpoints: tuple[str, ...] = ("*",)
    """The ids of endpoints that it answers; `*` and `?` as in file names."""
    resend: ResendSafety = ResendSafety.NONE
    sends_data: bool = True
    """Whether anything leaves this machine. If so, a recipe that sends unusual things needs trust."""
    costs: bool = True
    """Whether it is paid. A free provider's calls cost $0 whatever the catalog says."""
    price: str = ""
    """`(Call) -> PriceRange | None`. Empty: the catalog's prices."""
    secrets: tuple[str, ...] = ()
    """Environment variables that hold its credentials. Recipes may not read them."""
    signed_in: str = ""
    """`(environ) -> bool`: whether there are credentials. Empty: all `secrets` must be set."""
    check: str = ""
    """`(Settings, environ) -> None`: raises Refused or Unusable if it can't work here. Empty: only `secrets`."""
    address: str = ""
    """`(Settings, environ) -> str`: where requests go instead of to the service itself. Empty: no such setting."""
    revision: int | str = 0
    """A number in every call's key, to be raised when answers change; or a function `() -> int`."""
    reads_descriptions: bool = False
    """Whether it answers by what an endpoint's description says: other words, other answers."""
    adapter_family: str = ""
    """The family of the adapters that only it trains and draws with. Empty: the trainer's family."""
    limit: str = ""
    """The one limit on parallel calls (`limits.parallel`) that holds for it. Empty: `train` and `image`."""
    selectable: bool = True
    """Whether a recipe may name it."""

    def answers(self, endpoint: str) -> bool:
        """Whether it answers calls to this endpoint."""
        return any(fnmatchcase(endpoint, pattern) for pattern in self.endpoints)


BUILT_IN: Mapping[str, ProviderSpec] = {
    spec.name: spec
    for spec in (
        ProviderSpec(
            name="local",
            about="free and offline: composes pictures from the photos, without an AI model",
            factory="nano_banana.providers.local.local_provider:create_provider",
            resend=ResendSafety.PURE,
            sends_data=False,
            costs=False,
            revision="nano_banana.providers.local.revision:local_revision",
            reads_descriptions=True,
            adapter_family="local",
        ),
        ProviderSpec(
            name="fal",
            about="fal.ai: real models, billed per picture",
            factory="nano_banana.providers.fal.fal_provider:create_provider",
            resend=ResendSafety.SERVER_ID,
            secrets=KEY_VARIABLES,
            signed_in="nano_banana.settings.fal_key:has_fal_key",
            check="nano_banana.providers.fal.fal_config:check_fal",
            address="nano_banana.providers.fal.fal_config:fal_address",
        ),
        ProviderSpec(
            name=COMPUTE,
            about="this machine's own work on pictures and faces",
            factory="nano_banana.providers.compute.compute_provider:create_provider",
            resend=ResendSafety.PURE,
            sends_data=False,
            costs=False,
            limit=COMPUTE,
            selectable=False,
        ),
    )
}


SECRET_VARIABLES = frozenset(name for spec in BUILT_IN.values() for name in spec.secrets)
"""Environment variables with credentials of built-in providers."""


def find_provider(name: str) -> ProviderSpec | None:
    """The provider of this name: built in, or from an installed package.

    Raises Invalid (`provider_broken`) if the package's entry point can't be used.
    """
    return BUILT_IN.get(name) or _find_external(name)


def selectable_provider(name: str) -> ProviderSpec:
    """The provider that a recipe or option names. Raises Invalid (`unknown_provider`, `provider_broken`)."""
    spec = find_provider(name)
    if spec is None or not spec.selectable:
        known = provider_names()
        raise Invalid(
            [problem("unknown_provider", suggestions=did_you_mean(name, known), name=name, known=", ".join(known))]
        )
    return spec


def provider_names() -> list[str]:
    """Every name that a recipe may use: the built-in ones, then those of installed packages."""
    external = sorted({entry.name for entry in _entry_points()} - set(BUILT_IN))
    return [spec.name for spec in BUILT_IN.values() if spec.selectable] + external


def load_code(reference: str) -> object:
    """What a spec's text names: `package.module:attribute`. Raises whatever the import raises."""
    module, _, attribute = reference.partition(":")
    return getattr(importlib.import_module(module), attribute)


def price_by(spec: ProviderSpec, call: Call) -> PriceRange | None:
    """What the call costs by the provider's own price function; None if unknown."""
    return cast("Callable[[Call], PriceRange | None]", load_code(spec.price))(call)


def is_free(name: str) -> bool:
    """Whether calls to the provider of this name cost nothing."""
    spec = find_provider(name)
    return spec is not None and not spec.costs


def can_resume(spec: ProviderSpec, environ: Mapping[str, str]) -> bool:
    """Whether requests of earlier runs can be collected by their ids."""
    return spec.resend is ResendSafety.SERVER_ID and is_signed_in(spec, environ)


def is_signed_in(spec: ProviderSpec, environ: Mapping[str, str]) -> bool:
    """Whether there are credentials for the provider; true if it needs none."""
    if spec.signed_in:
        return cast("Callable[[Mapping[str, str]], bool]", load_code(spec.signed_in))(environ)
    return all(environ.get(name) for name in spec.secrets)


def check_provider(spec: ProviderSpec, settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise Refused or Unusable if the provider can't work here: no credentials, unreadable certificates."""
    if spec.check:
        cast("Callable[[Settings, Mapping[str, str]], None]", load_code(spec.check))(settings, environ)
    elif not is_signed_in(spec, environ):
        missing = [name for name in spec.secrets if not environ.get(name)]
        raise Refused([problem("no_credentials", name=spec.name, variables=", ".join(missing))])


def is_emulated(spec: ProviderSpec, settings: Settings, environ: Mapping[str, str]) -> bool:
    """Whether an emulator on this machine replaces the service."""
    if not spec.address:
        return False
    address = cast("Callable[[Settings, Mapping[str, str]], str]", load_code(spec.address))
    return is_loopback_url(address(settings, environ))


def provider_revision(spec: ProviderSpec, *, emulated: bool = False) -> int:
    """The number in the keys of its calls, to which an endpoint's own may be added."""
    if emulated:
        return EMULATED_REVISION
    if isinstance(spec.revision, str):
        return cast("Callable[[], int]", load_code(spec.revision))()
    return spec.revision


def description_revision(spec: ProviderSpec, endpoint: Endpoint | None) -> int:
    """What the endpoint's description adds to the revision."""
    return endpoint_revision(endpoint) if spec.reads_descriptions and endpoint is not None else 0


def _entry_points() -> EntryPoints:
    from importlib.metadata import entry_points

    return entry_points(group=ENTRY_POINT_GROUP)


@cache
def _find_external(name: str) -> ProviderSpec | None:
    found = {entry.value: entry for entry in _entry_points() if entry.name == name}
    if not found:
        return None
    if len(found) > 1:
        raise _broken(name, " and ".join(sorted(found)), "two packages offer this name")
    value, entry = found.popitem()
    try:
        spec = entry.load()
    except Exception as error:
        raise _broken(name, value, f"{type(error).__name__}: {error}") from error
    if not isinstance(spec, ProviderSpec):
        raise _broken(name, value, f"it is a {type(spec).__name__}, not a ProviderSpec")
    if spec.name != name:
        raise _broken(name, value, f"its ProviderSpec is named {spec.name!r}")
    return spec


def _broken(name: str, entry_point: str, why: str) -> Invalid:
    return Invalid([problem("provider_broken", name=name, entry_point=entry_point, why=why)])
