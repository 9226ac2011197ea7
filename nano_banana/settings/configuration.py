"""Settings, declared once; each knows where its value came from.

Later sources win: default, user's file, project's file, environment, command line. Values are text, counts, amounts,
addresses, names or paths.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Protocol, TypeAlias, cast, get_origin, get_type_hints

from msgspec import Struct, field
from msgspec.structs import asdict

from nano_banana.formats.file_writing import group_id
from nano_banana.model.json_values import JSONValue
from nano_banana.model.known_folders import REHEARSAL, expand_user, user_dir
from nano_banana.model.problem import Invalid, Position, Problem, did_you_mean, problem
from nano_banana.model.ticket import is_loopback_url
from nano_banana.settings.config_file import position_of_key, read_config
from nano_banana.settings.trust_file import is_trusted, trust_fingerprint

_ADDRESS = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)


_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Line ends, control characters, changes of direction and surrogates; joiners are fine in emoji and scripts."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse_text(given: object) -> str:
    """One line of text that is not blank. Like all these functions, raises ValueError with a kind of problem."""
    if not isinstance(given, str) or not given.strip() or _INVISIBLE.search(given):
        raise ValueError("setting_not_text")
    return given


def parse_address(given: object) -> str:
    """The address of a host, without a final slash; may be empty."""
    address = given.strip().removesuffix("/") if isinstance(given, str) else None
    if address is None or (address and not _ADDRESS.fullmatch(address)):
        raise ValueError("setting_not_an_address")
    return address


def parse_names(given: object) -> str:
    """Names of environment variables, separated by commas; may be empty."""
    names = [name.strip() for name in given.split(",")] if isinstance(given, str) else [""]
    if (names != [""] and not all(_NAME.fullmatch(name) for name in names)) or not isinstance(given, str):
        raise ValueError("setting_not_names")
    return ",".join(dict.fromkeys(names))


def parse_group(given: object) -> str:
    """The name or number of a group on this machine; `yes` for the folder's own, empty for none."""
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


def parse_count(given: object) -> int:
    """A whole number from 1 to 10,000."""
    number = int(given) if isinstance(given, str) and given.strip().isdecimal() else given
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 10_000:
        raise ValueError("setting_not_a_count")
    return number


def parse_amount(given: object) -> float:
    """An amount of US dollars, 0 or more; `inf` is one."""
    try:
        number = float(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else math.nan
    except ValueError:
        number = math.nan
    if not number >= 0:
        raise ValueError("setting_not_an_amount")
    return number


def parse_path(given: object) -> Path:
    """A path, perhaps from the user's home (`~`)."""
    return expand_user(parse_text(given))


USER_FILE = "config.toml"
PROJECT_FILE = "nano-banana.toml"

GUARDED = frozenset({"fal_url", "c2pa_certificate", "c2pa_key", "allow_env", "store_group"})
"""Settings that a project's file can only change if the user trusts it: where the fal key and pictures are sent, who
may read the store, what pictures are signed with, and which secrets recipes may read."""

SettingValue: TypeAlias = str | int | float | Path


class SettingSource(IntEnum):
    """Where a value came from; a higher source wins."""

    DEFAULT = 0
    USER = 1
    PROJECT = 2
    ENVIRONMENT = 3
    COMMAND_LINE = 4


class SettingOrigin(Struct, frozen=True, kw_only=True):
    """A source and its name: a file, a variable or an option."""

    source: SettingSource
    name: str = ""


class Setting(Struct, frozen=True, kw_only=True):
    """What a setting is for, how a TOML value or a text is read, and its choices.

    `read` raises ValueError with a kind of problem. `of_user`: whether its default lies in the user's config folder.
    """

    about: str
    read: Callable[[object], SettingValue] = parse_text
    choices: tuple[str, ...] = ()
    of_user: bool = False


class Settings(Struct, frozen=True, kw_only=True):
    """The settings outside recipes. Paths are absolute once loaded.

    A relative path in a file or a default is relative to the project root; one in the environment or on the command
    line is relative to the working folder.
    """

    provider: Annotated[str, Setting(about="the provider of a recipe that names none")] = "local"
    store: Annotated[Path, Setting(about="the folder that keeps everything ever made or paid for", read=parse_path)] = (
        Path(".nano-banana")
    )
    store_group: Annotated[
        str, Setting(about="a group that shares a new store: its name, or `yes` for the folder's own", read=parse_group)
    ] = ""
    out: Annotated[Path, Setting(about="the folder where pictures appear under readable names", read=parse_path)] = (
        Path("out")
    )
    parallel_train: Annotated[int, Setting(about="trainings at once", read=parse_count)] = 2
    parallel_image: Annotated[int, Setting(about="pictures asked for at once", read=parse_count)] = 10
    parallel_compute: Annotated[
        int, Setting(about="this machine's own calls at once; one a processor", read=parse_count)
    ] = os.cpu_count() or 1
    ask_above_usd: Annotated[
        float, Setting(about="a run that may cost more than this asks first", read=parse_amount)
    ] = 10.0
    allow_env: Annotated[
        str, Setting(about="environment variables that recipes may read, separated by commas", read=parse_names)
    ] = ""
    fal_url: Annotated[
        str, Setting(about="one address for all of fal's hosts: a proxy, or `nano-banana emulate`", read=parse_address)
    ] = ""
    c2pa_certificate: Annotated[
        Path, Setting(about="what content credentials are signed with", read=parse_path, of_user=True)
    ] = Path("c2pa-certificate.pem")
    c2pa_key: Annotated[Path, Setting(about="the private key of that certificate", read=parse_path, of_user=True)] = (
        Path("c2pa-key.pem")
    )
    color: Annotated[str, Setting(about="colour on the screen", choices=("auto", "always", "never"))] = "auto"
    origins: Mapping[str, SettingOrigin] = field(default_factory=dict)
    guarded: Mapping[str, object] = field(default_factory=dict)
    """The project's settings that only count if the user trusts them; see `guarded_settings`."""
    trusts: bool = True
    """Whether `guarded` counts."""

    def origin(self, name: str) -> SettingOrigin:
        """Where the value of the setting `name` came from."""
        return self.origins.get(name, SettingOrigin(source=SettingSource.DEFAULT))

    def value(self, name: str) -> SettingValue:
        """The value of the setting `name`, one of `SPECS`."""
        value: SettingValue = getattr(self, name)
        return value


class SettingSpec(Setting, frozen=True, kw_only=True):
    """A setting with its name and its default."""

    name: str
    default: SettingValue

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"NANO_BANANA_{self.name.upper()}"


SPECS: Mapping[str, SettingSpec] = {
    name: SettingSpec(**asdict(hint.__metadata__[0]), name=name, default=Settings().value(name))
    for name, hint in get_type_hints(Settings, include_extras=True).items()
    if get_origin(hint) is Annotated
}


def load_settings(
    *,
    root: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, str | None],
    user_dir: Path | None = None,
    trust: bool = False,
) -> Settings:
    """Combine the five sources.

    `root` is the project's folder (None: no project; the working folder is used), `overrides` are the command line's
    (None: not given), and `user_dir` is the user's config folder (None: the platform's). Guarded settings of the
    project's file (see `guarded_settings`) only count with `trust`, or if the user trusted these values in this folder
    before. Raises Invalid with all unknown names and wrong values, Unusable for an unreadable file.
    """
    base = Path.cwd() if root is None else root.absolute()
    user = (user_dir or user_config_folder()).absolute()
    values: dict[str, object] = {
        name: (user if spec.of_user else base) / spec.default
        for name, spec in SPECS.items()
        if isinstance(spec.default, Path)
    }
    origins: dict[str, SettingOrigin] = {}
    problems: list[Problem] = []
    guarded: Mapping[str, object] = {}
    trusts = True
    for origin, layer, file in _layers(root, environ, overrides, user):
        if origin.source is SettingSource.PROJECT:
            own = values.get("ask_above_usd", SPECS["ask_above_usd"].default)
            guarded = guarded_settings(layer, base, max_ask_usd=cast("float", own))
            trusts = trust or not guarded or is_trusted(settings_fingerprint(base, guarded), user)
        for name, given in layer.items():
            if origin.source is SettingSource.PROJECT and name in guarded and not trusts:
                continue
            owner, place = (file.name, position_of_key(file, name)) if file else (origin.name, None)
            value = check_setting(name, given, owner=owner, place=place)
            if isinstance(value, Problem):
                problems.append(value)
                continue
            values[name] = (base if file else Path.cwd()) / value if isinstance(value, Path) else value
            origins[name] = origin
    if problems:
        raise Invalid(problems)
    if "store" not in origins and is_loopback_url(str(values.get("fal_url", ""))):
        # Answers and prices of an emulator on this machine are kept apart from real ones.
        values["store"], origins["store"] = cast(Path, values["store"]) / REHEARSAL, origins["fal_url"]
    return cast("_Maker", Settings)(**values, origins=origins, guarded=guarded, trusts=trusts)


def guarded_settings(layer: Mapping[str, object], root: Path, *, max_ask_usd: float) -> Mapping[str, object]:
    """The settings in a project's file that only count if the user trusts them.

    These are `GUARDED`, folders outside `root`, and an `ask_above_usd` above `max_ask_usd`, the user's own.
    """
    found = {name: given for name, given in layer.items() if name in GUARDED}
    for name in ("store", "out"):
        given = layer.get(name)
        if isinstance(given, str) and not _is_inside(root, given):
            found[name] = given
    with suppress(ValueError):  # a value that isn't an amount is an error anyway
        asked = layer.get("ask_above_usd", max_ask_usd)
        if parse_amount(asked) > max_ask_usd:
            found["ask_above_usd"] = asked
    return found


def settings_fingerprint(root: Path, guarded: Mapping[str, object]) -> str:
    """The fingerprint of these guarded settings of the project in `root`, saved if the user trusts them."""
    return trust_fingerprint("settings", root, [[name, str(given)] for name, given in sorted(guarded.items())])


def _is_inside(root: Path, given: str) -> bool:
    with suppress(OSError, ValueError, RuntimeError):
        return (root / expand_user(given)).resolve().is_relative_to(root.resolve())
    return False


def check_setting(name: str, given: object, *, owner: str, place: Position | None = None) -> SettingValue | Problem:
    """Convert one value, or return the problem with it. `owner` is the file, variable or option it came from."""
    spec = SPECS.get(name)
    if spec is None:
        return problem("setting_unknown", position=place, suggestions=did_you_mean(name, SPECS), name=name, owner=owner)
    try:
        value = spec.read(given)
        if spec.choices and value not in spec.choices:
            raise ValueError("setting_not_a_choice")  # noqa: TRY301 - told like the others
    except ValueError as error:
        shown = given if isinstance(given, str | int | float) else type(given).__name__
        data: dict[str, JSONValue] = {"name": name, "owner": owner, "given": shown, "choices": list(spec.choices)}
        hint = did_you_mean(shown, spec.choices) if isinstance(shown, str) else ()
        return Problem(kind=str(error), position=place, data=data, suggestions=hint)
    return value


def user_config_folder() -> Path:
    """The user's config folder on this platform; it may not exist yet."""
    return user_dir("config")


class _Maker(Protocol):
    def __call__(self, **values: object) -> Settings: ...


def _layers(
    root: Path | None, environ: Mapping[str, str], overrides: Mapping[str, str | None], user: Path
) -> Iterator[tuple[SettingOrigin, Mapping[str, object], Path | None]]:
    files = [(SettingSource.USER, user / USER_FILE)]
    if root is not None:
        files.append((SettingSource.PROJECT, root.absolute() / PROJECT_FILE))
    for source, file in files:
        yield SettingOrigin(source=source, name=str(file)), read_config(file), file
    for spec in SPECS.values():
        if environ.get(spec.variable):
            origin = SettingOrigin(source=SettingSource.ENVIRONMENT, name=spec.variable)
            yield origin, {spec.name: environ[spec.variable]}, None
    for name, text in overrides.items():
        if text is not None:
            yield (
                SettingOrigin(source=SettingSource.COMMAND_LINE, name=f"--{name.replace('_', '-')}"),
                {name: text},
                None,
            )
