"""Settings, declared once; each knows where its value came from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from enum import IntEnum
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar, cast

from nano_banana.config_file import place_of, read_config
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.here import is_here
from nano_banana.core.home import expanded, user_dir
from nano_banana.core.json import JSONValue
from nano_banana.core.problem import Place, Problem, did_you_mean
from nano_banana.core.root import REHEARSAL
from nano_banana.setting_values import address_of, amount_of, count_of, group_of, names_of, text_of
from nano_banana.trust import fingerprint, is_trusted

USER_FILE = "config.toml"
PROJECT_FILE = "nano-banana.toml"

Address: TypeAlias = str
"""`https://host:8443`, without a slash at its end; empty where there is none."""

Group: TypeAlias = str
"""A group of users, by name or number; `yes` for a folder's own, empty for none."""

UserPath: TypeAlias = Path
"""A path whose default lies in the user's config folder."""

Names: TypeAlias = str
"""Names with commas between them; empty for none."""

GUARDED = frozenset({"fal_url", "c2pa_certificate", "c2pa_key", "allow_env", "store_group"})
"""Settings that a project's file can change only once the user trusts it: they say where the fal key and pictures are
sent, who may read the store, what is signed with, and which secrets recipes may read."""

SettingValue: TypeAlias = str | int | float | Path
T = TypeVar("T")


class Source(IntEnum):
    """Where a value came from; a greater one wins."""

    DEFAULT = 0
    USER = 1
    PROJECT = 2
    ENVIRONMENT = 3
    COMMAND_LINE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A source, and its name: a file, a variable, an option."""

    source: Source
    name: str = ""


def _setting(default: T, about: str, *, choices: tuple[str, ...] = ()) -> T:
    return field(default=default, metadata={"about": about, "choices": choices})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be set outside a recipe. Paths are absolute once loaded.

    A relative path counts from the project root where a file or the default says it, and from the
    working folder where the environment or the command line does.
    """

    provider: str = _setting("local", "who answers where the recipe names nobody", choices=("local", "fal"))
    store: Path = _setting(Path(".nano-banana"), "the folder that keeps everything ever made or paid for")  # noqa: RUF009 - a declaration
    store_group: Group = _setting("", "a group that shares a new store: its name, or `yes` for the folder's own")  # noqa: RUF009 - a declaration
    out: Path = _setting(Path("out"), "the folder where pictures appear under readable names")  # noqa: RUF009 - a declaration
    parallel_train: int = _setting(2, "trainings at once")
    parallel_image: int = _setting(10, "pictures asked for at once")
    parallel_compute: int = _setting(os.cpu_count() or 1, "this machine's own calls at once; one a processor")
    ask_above_usd: float = _setting(10.0, "a run that may cost more than this asks first")
    allow_env: Names = _setting("", "environment variables that recipes may read, separated by commas")  # noqa: RUF009 - a declaration
    fal_url: Address = _setting("", "one address for all of fal's hosts: a proxy, or `nano-banana emulate`")  # noqa: RUF009 - a declaration
    c2pa_certificate: UserPath = _setting(Path("c2pa-certificate.pem"), "what content credentials are signed with")  # noqa: RUF009 - a declaration
    c2pa_key: UserPath = _setting(Path("c2pa-key.pem"), "the private key of that certificate")  # noqa: RUF009 - a declaration
    color: str = _setting("auto", "colour on the screen", choices=("auto", "always", "never"))
    origins: Mapping[str, Origin] = field(default_factory=dict)
    guarded: Mapping[str, object] = field(default_factory=dict)
    """What the project's file sets and only counts if the user trusts it; see `guarded_of`."""
    trusts: bool = True
    """Whether `guarded` counts."""

    def origin(self, name: str) -> Origin:
        """Where the value of the setting `name` came from."""
        return self.origins.get(name, Origin(source=Source.DEFAULT))

    def value(self, name: str) -> SettingValue:
        """The value of the setting `name`, one of `SPECS`."""
        value: SettingValue = getattr(self, name)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A setting as it was declared; `type` is its annotation."""

    name: str
    type: str
    default: SettingValue
    about: str
    choices: tuple[str, ...]

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"NANO_BANANA_{self.name.upper()}"

    def read(self, given: object) -> SettingValue:
        """Make a value of TOML's, or of text. Raises ValueError with a kind of problem for its message."""
        if reader := _READERS.get(self.type):
            return reader(given)
        text = text_of(given)
        if text not in self.choices:
            raise ValueError("setting_not_a_choice")
        return text


def _path_of(given: object) -> Path:
    return expanded(text_of(given))


_READERS: Mapping[str, Callable[[object], SettingValue]] = {
    "int": count_of,
    "float": amount_of,
    "Group": group_of,
    "Address": address_of,
    "Names": names_of,
    "Path": _path_of,
    "UserPath": _path_of,
}


SPECS: Mapping[str, Spec] = {
    declared.name: Spec(
        name=declared.name,
        type=str(declared.type),
        default=cast("SettingValue", declared.default),
        about=declared.metadata["about"],
        choices=declared.metadata["choices"],
    )
    for declared in fields(Settings)
    if declared.metadata
}


def load_settings(
    *,
    root: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, str | None],
    user_dir: Path | None = None,
    trust: bool = False,
) -> Settings:
    """Put the five sources together.

    What the project's file sets and should not decide alone (see `guarded_of`) counts only with `trust`, or if the
    user trusted these values in this folder before.

    `root` is the project's folder (None: no project, the working folder stands in); `overrides` are the
    command line's (None: not given); `user_dir` the user's config folder (None: where the platform has it).
    Raises Invalid with every unknown name and wrong value at once, Unusable for a file that can't be read.
    """
    base = Path.cwd() if root is None else root.absolute()
    user = (user_dir or user_folder()).absolute()
    values: dict[str, object] = {
        name: (user if spec.type == "UserPath" else base) / spec.default
        for name, spec in SPECS.items()
        if isinstance(spec.default, Path)
    }
    origins: dict[str, Origin] = {}
    problems: list[Problem] = []
    guarded: Mapping[str, object] = {}
    trusts = True
    for origin, layer, file in _layers(root, environ, overrides, user):
        if origin.source is Source.PROJECT:
            own = values.get("ask_above_usd", SPECS["ask_above_usd"].default)
            guarded = guarded_of(layer, base, most=cast("float", own))
            trusts = trust or not guarded or is_trusted(settings_fingerprint(base, guarded), user)
        for name, given in layer.items():
            if origin.source is Source.PROJECT and name in guarded and not trusts:
                continue
            owner, place = (file.name, place_of(file, name)) if file else (origin.name, None)
            value = check_setting(name, given, owner=owner, place=place)
            if isinstance(value, Problem):
                problems.append(value)
                continue
            values[name] = (base if file else Path.cwd()) / value if isinstance(value, Path) else value
            origins[name] = origin
    if problems:
        raise Invalid(problems)
    if "store" not in origins and is_here(str(values.get("fal_url", ""))):
        # What a stand-in on this machine answers, and says that it costs, is kept apart from the real.
        values["store"], origins["store"] = cast(Path, values["store"]) / REHEARSAL, origins["fal_url"]
    return cast("_Maker", Settings)(**values, origins=origins, guarded=guarded, trusts=trusts)


def guarded_of(layer: Mapping[str, object], root: Path, *, most: float) -> Mapping[str, object]:
    """The settings of a project's file that only count if the user trusts it.

    Those of `GUARDED`, folders outside of `root`, and an `ask_above_usd` that is more than `most`, the user's own.
    """
    found = {name: given for name, given in layer.items() if name in GUARDED}
    for name in ("store", "out"):
        given = layer.get(name)
        if isinstance(given, str) and not _is_inside(root, given):
            found[name] = given
    with suppress(ValueError):  # a value that is no amount is an error anyway
        asked = layer.get("ask_above_usd", most)
        if amount_of(asked) > most:
            found["ask_above_usd"] = asked
    return found


def settings_fingerprint(root: Path, guarded: Mapping[str, object]) -> str:
    """What is remembered when the user trusts `guarded` settings of the project in `root`."""
    return fingerprint("settings", root, [[name, str(given)] for name, given in sorted(guarded.items())])


def _is_inside(root: Path, given: str) -> bool:
    with suppress(OSError, ValueError, RuntimeError):
        return (root / expanded(given)).resolve().is_relative_to(root.resolve())
    return False


def check_setting(name: str, given: object, *, owner: str, place: Place | None = None) -> SettingValue | Problem:
    """Read one value, or say what is wrong with it. `owner` is the file, variable or option that gave it."""
    spec = SPECS.get(name)
    if spec is None:
        return trouble("setting_unknown", place=place, hint=did_you_mean(name, SPECS), name=name, owner=owner)
    try:
        return spec.read(given)
    except ValueError as error:
        shown = given if isinstance(given, str | int | float) else type(given).__name__
        data: dict[str, JSONValue] = {"name": name, "owner": owner, "given": shown, "choices": list(spec.choices)}
        hint = did_you_mean(shown, spec.choices) if isinstance(shown, str) else ()
        return Problem(kind=str(error), place=place, data=data, suggestions=hint)


def user_folder() -> Path:
    """The user's config folder, where the platform has it; it may not be there yet."""
    return user_dir("config")


class _Maker(Protocol):
    def __call__(self, **values: object) -> Settings: ...


def _layers(
    root: Path | None, environ: Mapping[str, str], overrides: Mapping[str, str | None], user: Path
) -> Iterator[tuple[Origin, Mapping[str, object], Path | None]]:
    files = [(Source.USER, user / USER_FILE)]
    if root is not None:
        files.append((Source.PROJECT, root.absolute() / PROJECT_FILE))
    for source, file in files:
        yield Origin(source=source, name=str(file)), read_config(file), file
    for spec in SPECS.values():
        if environ.get(spec.variable):
            origin = Origin(source=Source.ENVIRONMENT, name=spec.variable)
            yield origin, {spec.name: environ[spec.variable]}, None
    for name, text in overrides.items():
        if text is not None:
            yield Origin(source=Source.COMMAND_LINE, name=f"--{name.replace('_', '-')}"), {name: text}, None
