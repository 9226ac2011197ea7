"""What a user must know or allow before a run: consent, trust, privacy.

A recipe's demands are environment variables it reads, files outside the project, adapters on the shelf, endpoints of
unknown owners, and prices that the project sets itself. A consent says by whom, when and what for. There are warnings
for folders of pictures that git would commit.
"""

from __future__ import annotations

import datetime as dt
import os
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.known_folders import home_folder
from nano_banana.model.problem import Problem, problem
from nano_banana.session.opening import input_files
from nano_banana.session.session import Session
from nano_banana.settings.configuration import user_config_folder
from nano_banana.settings.trust_file import is_trusted, save_trust, trust_fingerprint

CONSENT_FIELDS = ("given_by", "on", "uses")
"""The parts of a consent: by whom, when, what for."""

PEOPLE_NOTE = "notice/people"
"""The note that the user has seen the notice about pictures of real people."""


def consents_of(session: Session) -> Mapping[str, JSONObject]:
    """The consent of each subject, by name; empty if the recipe has none."""
    return {name: subject.consent for name, subject in session.recipe.subjects.items()}


def consent_warnings(session: Session, today: dt.date) -> Sequence[Problem]:
    """A warning for each subject without a consent, or with one that is incomplete or has a wrong date."""
    found = []

    def warn(kind: str, name: str, *where: str, **data: JSONValue) -> None:
        place = session.loaded.nearest(("subjects", name, *where))
        found.append(Problem(kind=kind, position=place, data={"name": name, **data}, warning=True))

    for name, consent in consents_of(session).items():
        lacks = [field for field in CONSENT_FIELDS if not consent.get(field)]
        day = str(consent.get("on", ""))
        if not consent:
            warn("no_consent", name, "noun")
        elif lacks:
            warn("half_a_consent", name, "consent", lacks=", ".join(lacks))
        if day and not _is_day(day):
            warn("consent_no_day", name, "consent", "on", day=day)
        elif day and dt.date.fromisoformat(day) > today + dt.timedelta(days=1):  # it may be tomorrow elsewhere
            warn("consent_to_come", name, "consent", "on", day=day)
    return found


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def note_first_people_run(session: Session) -> bool:
    """Whether this is the project's first run that makes pictures of people; the store remembers it."""
    store = session.runner.store
    if not session.recipe.subjects or store.notes.read(PEOPLE_NOTE) is not None:
        return False
    store.notes.write(PEOPLE_NOTE, "said")
    return True


def trust_demands(session: Session) -> list[Problem]:
    """What the user should know before this recipe sends anything to a provider; empty if nothing is unusual.

    Environment variables that it reads, files and shelf adapters outside of the project, endpoints of owners whom the
    shipped catalog does not know, and endpoints that the project describes itself, with their prices. For a single
    command only the last counts: the user typed the rest.
    """
    if not session.provider_spec.sends_data:
        return []
    ids = sorted({stage.endpoint for stage in session.recipe.asking})
    typed = session.request.text is not None
    return [*([] if typed else _recipe_demands(session, ids)), *project_price_demands(session.catalog, ids)]


def demands_fingerprint(session: Session, found: list[Problem]) -> str:
    """What is remembered when the user accepts the demands that were `found`."""
    said: list[JSONValue] = [[problem.kind, problem.data] for problem in found]
    name = session.recipe.path.name if session.request.text is None else ""
    return trust_fingerprint(f"recipe {name}", session.loaded.files.root, said)


def untrusted_demands(session: Session) -> list[Problem]:
    """The recipe's demands as warnings, unless the user has accepted them: all of them or none."""
    found = trust_demands(session)
    if not found or is_trusted(demands_fingerprint(session, found), user_config_folder()):
        return []
    return [replace(problem, warning=True) for problem in found]


def accept_demands(session: Session, found: list[Problem]) -> None:
    """Remember that the user accepts the recipe's demands that were `found`. Raises Unusable without a home folder."""
    if found:
        save_trust(demands_fingerprint(session, found), str(session.recipe.path.absolute()), user_config_folder())


def not_trusted_problem(session: Session) -> Problem:
    """Says that the user has not accepted the demands, with the command that accepts them."""
    if session.request.text is not None:
        return problem("not_trusted_here")
    recipe = shlex.quote(os.path.relpath(session.recipe.path))
    return problem("not_trusted", command=f"nano-banana trust {recipe} --provider {session.provider}")


def _recipe_demands(session: Session, ids: list[str]) -> Iterator[Problem]:
    if names := sorted(session.loaded.env_read):
        yield problem("reads_environment", names=", ".join(names))
    for place, count in sorted(_outside(session).items()):
        yield problem("reads_outside" if count > 1 else "reads_file_outside", path=place, files=count)
    for adapter in session.recipe.adapters.values():
        if adapter.model and _is_outside(session, adapter.path):
            yield problem("sends_adapter", model=adapter.model)
    owners = {_owner(name) for name in session.catalog.shipped}
    for name in ids:
        if _owner(name) not in owners:
            yield problem("sends_to_stranger", endpoint=name, owner=_owner(name))


def _outside(session: Session) -> Counter[str]:
    """Where files outside of the project lie, with their number: folders of photos, and other files."""
    photos = {
        path
        for subject in session.recipe.subjects.values()
        for photo in subject.photos
        for path in (photo.path, photo.caption)
    }
    shelved = {adapter.path for adapter in session.recipe.adapters.values() if adapter.model}
    outside = [path for path in input_files(session.recipe) if path not in shelved and _is_outside(session, path)]
    return Counter(_shown(path.resolve().parent if path in photos else path.resolve()) for path in outside)


def _is_outside(session: Session, path: Path) -> bool:
    return not path.resolve().is_relative_to(session.loaded.files.root)


def _shown(path: Path) -> str:
    at = home_folder()
    return f"~/{path.relative_to(at)}" if at is not None and path.is_relative_to(at) else str(path)


def project_price_demands(catalog: Catalog, ids: list[str]) -> Iterator[Problem]:
    """The prices of these endpoints that the project's own descriptions set."""
    for name in ids:
        own = catalog.written(name)
        if own is None or not catalog.is_own(name):
            continue
        known = catalog.shipped_endpoint(name)
        if known is None:
            yield problem("price_of_project", endpoint=name, price=_price_text(own))
        elif known.price != own.price:
            yield problem("price_replaced", endpoint=name, price=_price_text(own), known=_price_text(known))


def _price_text(endpoint: Endpoint) -> str:
    price = endpoint.price
    return "unknown" if price is None else f"${price.usd:.12g} per {price.unit.value}"


def _owner(endpoint: str) -> str:
    return endpoint.partition("/")[0].casefold()


_GIT_SECONDS = 10.0
"""How long git may take."""


def git_exposure_warnings(session: Session) -> list[Problem]:
    """A warning with the output folder and the exports that lie in a git work tree and aren't ignored."""
    export = session.recipe.outputs.export
    places = export.places(session.recipe.path.absolute().parent) if export else ()
    seen = [place for place in (session.folder, *places) if place is not None and _is_seen_by_git(place)]
    if not seen:
        return []
    root = session.loaded.files.root
    paths: list[JSONValue] = [str(place.relative_to(root) if place.is_relative_to(root) else place) for place in seen]
    return [Problem(kind="git_sees_faces", data={"paths": paths}, warning=True)]


def _is_seen_by_git(place: Path) -> bool:
    folder = next(parent for parent in place.parents if parent.is_dir())
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return False
    # A pattern for a folder (`out/`) matches a file in it, even before the folder exists.
    file = place if place.suffix == ".zip" else place / "picture.png"
    command = ["git", "-c", "core.fsmonitor=false", "check-ignore", "--no-index", "--quiet", "--", str(file)]
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603 - no shell, and a path is but a path
            command, cwd=folder, capture_output=True, timeout=_GIT_SECONDS, check=False
        )
        return done.returncode == 1
    return False
