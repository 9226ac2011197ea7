"""What a user must know or allow before a run: consent, trust, privacy.

A recipe's demands are environment variables it reads, files outside the project, adapters of the shelf, endpoints of
unknown owners, and prices that the project sets itself. A consent says by whom, when and what for. Folders of pictures
that git would commit are warned of.
"""

from __future__ import annotations

import datetime as dt
import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
"""What a consent says: by whom, when, what for."""

PEOPLE_NOTE = "notice/people"
"""The note that this project's user has seen the notice about pictures of real people."""


def consents_of(session: Session) -> Mapping[str, JSONObject]:
    """What each subject has consented to, by name; empty where the recipe does not say."""
    return {name: subject.consent for name, subject in session.recipe.subjects.items()}


def consent_warnings(session: Session, today: dt.date) -> Sequence[Problem]:
    """A warning for each subject without a consent, or with one that lacks something."""
    found = []
    for name, consent in consents_of(session).items():
        lacks = [field for field in CONSENT_FIELDS if not consent.get(field)]
        if not consent:
            place = session.loaded.nearest(("subjects", name, "noun"))
            found.append(Problem(kind="no_consent", position=place, data={"name": name}, warning=True))
        elif lacks:
            place = session.loaded.nearest(("subjects", name, "consent"))
            data: JSONObject = {"name": name, "lacks": ", ".join(lacks)}
            found.append(Problem(kind="half_a_consent", position=place, data=data, warning=True))
        day = str(consent.get("on", ""))
        if day and not _is_day(day):
            place = session.loaded.nearest(("subjects", name, "consent", "on"))
            found.append(Problem(kind="consent_no_day", position=place, data={"name": name, "day": day}, warning=True))
        elif day and dt.date.fromisoformat(day) > today + dt.timedelta(days=1):  # it may be tomorrow elsewhere
            place = session.loaded.nearest(("subjects", name, "consent", "on"))
            found.append(Problem(kind="consent_to_come", position=place, data={"name": name, "day": day}, warning=True))
    return found


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def note_first_people_run(session: Session) -> bool:
    """Whether this is the first run of the project that makes pictures of people; it is remembered then."""
    store = session.runner.store
    if not session.recipe.subjects or store.notes.read(PEOPLE_NOTE) is not None:
        return False
    store.notes.write(PEOPLE_NOTE, "said")
    return True


def trust_demands(session: Session) -> list[Problem]:
    """What the user should know before this recipe sends anything to a provider; empty if nothing is unusual.

    Environment variables that it reads, files outside of the project, adapters of a shelf there, endpoints of owners
    whom the shipped catalog does not know, and endpoints that the project describes itself, with their prices. Of what
    a single command made only the last counts: the rest was typed by the user.
    """
    if not session.provider_spec.sends_data:
        return []
    ids = sorted({stage.endpoint for stage in session.recipe.asking})
    typed = session.request.text is not None
    return [*([] if typed else _recipe_demands(session, ids)), *project_price_demands(session.catalog, ids)]


def demands_fingerprint(session: Session, found: list[Problem]) -> str:
    """What is remembered when the user accepts what was `found`."""
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
    """That the user has not accepted the demands, with the command that accepts them."""
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


def _outside(session: Session) -> dict[str, int]:
    """Where files outside of the project lie, with their number: folders of photos, and other files."""
    photos = {photo.path for subject in session.recipe.subjects.values() for photo in subject.photos}
    captions = {photo.caption for subject in session.recipe.subjects.values() for photo in subject.photos}
    shelved = {adapter.path for adapter in session.recipe.adapters.values() if adapter.model}
    found: dict[str, int] = {}
    for path in input_files(session.recipe):
        real = path.resolve()
        if path not in shelved and _is_outside(session, path):
            place = _shown(real.parent if path in photos | captions else real)
            found[place] = found.get(place, 0) + 1
    return found


def _is_outside(session: Session, path: Path) -> bool:
    return not path.resolve().is_relative_to(session.loaded.files.root)


def _shown(path: Path) -> str:
    at = home_folder()
    return f"~/{path.relative_to(at)}" if at is not None and path.is_relative_to(at) else str(path)


def project_price_demands(catalog: Catalog, ids: list[str]) -> Iterator[Problem]:
    """What the project's own descriptions of these endpoints say of their prices."""
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
    return [
        Problem(kind="git_sees_faces", data={"paths": _relative_paths(seen, session.loaded.files.root)}, warning=True)
    ]


def _is_seen_by_git(place: Path) -> bool:
    folder = next(parent for parent in place.parents if parent.is_dir())
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return False
    # A pattern for a folder (`out/`) holds for a file in it, also before the folder is there.
    file = place if place.suffix == ".zip" else place / "picture.png"
    command = ["git", "-c", "core.fsmonitor=false", "check-ignore", "--no-index", "--quiet", "--", str(file)]
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603 - no shell, and a path is but a path
            command, cwd=folder, capture_output=True, timeout=_GIT_SECONDS, check=False
        )
        return done.returncode == 1
    return False


def _relative_paths(places: Iterable[Path], root: Path) -> list[str]:
    return [str(path.relative_to(root)) if path.is_relative_to(root) else str(path) for path in places]
