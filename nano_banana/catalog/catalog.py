"""The catalog: every endpoint by its id, loaded on demand.

The package's endpoints are `data/*.yaml` (`fal-ai/flux-lora` is in `fal-ai--flux-lora.yaml`, so file names are the
index). A project's own endpoints override them; those files are read and checked at once, and every fault has its
position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nano_banana.catalog.arguments import ArgumentProblem, argument_problems
from nano_banana.catalog.endpoint import Endpoint, endpoint_from_json, endpoint_schema
from nano_banana.catalog.pricing import PriceQuote, read_quotes, with_quote
from nano_banana.formats.yaml_values import KeyPath, Located, to_plain
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, Position, Problem, did_you_mean, problem

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError


def endpoint_faults(value: JSONValue) -> list[ArgumentProblem]:
    """Everything wrong with `value` as an endpoint: its shape first, then what it says."""
    wrong: list[ArgumentProblem] = []
    for error in _validator().iter_errors(value):
        wrong.extend(fault for fault in _schema_faults(error) if fault not in wrong)
    return wrong or list(_semantic_faults(endpoint_from_json(cast(JSONObject, value))))


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(cast("dict[str, JSONValue]", endpoint_schema()))


def _schema_faults(error: ValidationError) -> Iterator[ArgumentProblem]:
    path = tuple(error.absolute_path)
    rule, bound, found = str(error.validator), cast(JSONValue, error.validator_value), cast(JSONValue, error.instance)
    where = f"`{'.'.join(map(str, path))}`" if path else "the file"
    if rule == "required" and isinstance(found, dict):
        for name in cast("list[str]", bound):
            if name not in found:
                yield ArgumentProblem(kind="endpoint_key_missing", path=path, data={"name": name, "where": where})
    elif rule == "additionalProperties":
        known = cast(JSONObject, cast(JSONObject, error.schema)["properties"])
        for name in cast("dict[str, JSONValue]", found):
            if name not in known:
                near = did_you_mean(name, known)
                data: JSONObject = {"name": name, "where": where}
                yield ArgumentProblem(kind="endpoint_key_unknown", path=(*path, name), data=data, suggestions=near)
    elif rule == "enum" and isinstance(found, str):
        choices = cast("list[str]", bound)
        near = did_you_mean(found, choices)
        chosen: JSONObject = {"where": where, "found": found, "choices": ", ".join(choices)}
        yield ArgumentProblem(kind="endpoint_choice", path=path, data=chosen, suggestions=near)
    else:
        about = str(cast(JSONObject, error.schema).get("description", "")).removesuffix(".")
        wants: JSONObject = {"where": where, "found": _value_text(found), "about": about[:1].lower() + about[1:]}
        yield ArgumentProblem(kind="endpoint_value", path=path, data=wants)


def _value_text(found: JSONValue) -> JSONValue:
    if isinstance(found, dict | list):
        return "a mapping" if isinstance(found, dict) else "a list"
    return "nothing" if found is None else f"`{found}`"


def _semantic_faults(endpoint: Endpoint) -> Iterator[ArgumentProblem]:
    named: list[tuple[KeyPath, str]] = [(("roles", role), name) for role, name in endpoint.roles.named().items()]
    if price := endpoint.price:
        tables = {"times": price.times, "plus": price.plus, "unknown_with": price.unknown_with}
        named += [(("price", key, name), name) for key, names in tables.items() for name in names]
    for path, name in named:
        if name not in endpoint.fields:
            data: JSONObject = {"field": name, "where": path[0], "role": path[1]}
            near = did_you_mean(name, endpoint.fields)
            yield ArgumentProblem(kind="endpoint_field_unknown", path=path, data=data, suggestions=near)
    for name, field in endpoint.fields.items():
        low, high, default = field.minimum, field.maximum, field.known_default()
        if low is not None and high is not None and low > high:
            bounds: JSONObject = {"field": name, "minimum": low, "maximum": high}
            yield ArgumentProblem(kind="endpoint_range_empty", path=("fields", name, "minimum"), data=bounds)
        elif default is not None:
            others = endpoint.fields.keys() - {name}
            for misfit in argument_problems(endpoint, {name: default}, filled=others):
                if not misfit.warning and misfit.kind != "field_is_ours":
                    shown: JSONObject = {"field": name, "default": default}
                    yield ArgumentProblem(kind="endpoint_default", path=("fields", name, "default"), data=shown)


def load_project_endpoints(folder: Path, read: Callable[[Path], str]) -> tuple[Endpoint, ...]:
    """The endpoints of `folder/*.yaml` in the order of their names; none if there is no folder.

    Raises Invalid with all problems of all files.
    """
    from nano_banana.formats.yaml_reader import parse_yaml  # here: a worker needs no YAML

    found: list[tuple[Located, Endpoint]] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.y*ml")):
        try:
            located = parse_yaml(read(path), file=str(path))
        except Invalid as error:
            problems.extend(error.problems)
        except (OSError, UnicodeDecodeError) as error:
            place = Position(file=str(path), line=1, column=1)
            problems.append(problem("endpoint_unreadable", position=place, says=type(error).__name__))
        else:
            value = to_plain(located)
            faults = endpoint_faults(value)
            for fault in faults:
                place = located.key_place(fault.path)
                problems.append(problem(fault.kind, position=place, suggestions=fault.suggestions, **fault.data))
            if not faults:
                found.append((located, endpoint_from_json(cast(JSONObject, value))))
    problems.extend(_duplicate_ids(found))
    if problems:
        raise Invalid(problems)
    return tuple(endpoint for _, endpoint in found)


def _duplicate_ids(found: Iterable[tuple[Located, Endpoint]]) -> Iterator[Problem]:
    first: dict[str, Position] = {}
    for located, endpoint in found:
        place = located.key_place(("id",))
        before = first.setdefault(endpoint.id, place)
        if before is not place:
            yield problem("endpoint_twice", position=place, endpoint=endpoint.id, first=f"{before.file}:{before.line}")


DATA_FOLDER = Path(__file__).parent / "data"
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
        shipped = {path.stem.replace("--", "/"): path for path in DATA_FOLDER.glob("*.yaml")}
        return cls(shipped, load_project_endpoints(folder, read) if folder else (), quotes=quotes)

    def get(self, name: str) -> Endpoint | None:
        """The endpoint of this id at its newest price, or None."""
        if name not in self._priced:
            endpoint, quote = self.written(name), self.quotes.get(name)
            if endpoint is None:
                return None
            self._priced[name] = endpoint if quote is None else with_quote(endpoint, quote)
        return self._priced[name]

    def written(self, name: str) -> Endpoint | None:
        """The endpoint of this id as in its file, without quoted prices."""
        if name not in self._known and (shipped := self.shipped_endpoint(name)) is not None:
            self._known[name] = shipped
        return self._known.get(name)

    def shipped_endpoint(self, name: str) -> Endpoint | None:
        """The endpoint of this id as in the package, ignoring the project's files."""
        from nano_banana.formats.yaml_reader import parse_yaml  # here: a worker needs no YAML

        path = self._shipped.get(name)
        if path is None:
            return None
        return endpoint_from_json(cast(JSONObject, to_plain(parse_yaml(read_text(path), file=path.name))))

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
    def quotes(self) -> Mapping[str, PriceQuote]:
        """Quoted prices by endpoint."""
        return {} if self._quotes is None else read_quotes(self._quotes)

    def near(self, name: str) -> tuple[str, ...]:
        """Ids that were probably meant, best first; one that lacks only its owner (`fal-ai/`) leads."""
        tails = {known.partition("/")[2].casefold(): known for known in self.ids}
        wanted = name.strip("/").casefold()
        if wanted in tails:
            return (tails[wanted],)
        return did_you_mean(name, self.ids) or tuple(tails[tail] for tail in did_you_mean(name, tails))
