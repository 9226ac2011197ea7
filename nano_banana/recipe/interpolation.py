"""Renders `vars` and `{{ … }}` in a recipe when it is loaded.

All strings but the templates of takes are rendered once, from `vars`, `--set` and the allowed environment variables.
Variables may use one another in any order. `env` never gives a fal key, nor a variable with a key
in it.
"""

from __future__ import annotations

import json
import keyword
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from nano_banana.catalog.provider_registry import SECRET_VARIABLES
from nano_banana.formats.yaml_values import KeyPath, Located, LocatedEntry, plain_scalar, to_plain
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Position, Problem, did_you_mean, problem
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_names import KnownNames
from nano_banana.recipe.template_syntax import MAX_SOURCE, TemplateFault
from nano_banana.recipe.template_values import TemplateValueError


class RecipeEnvironment(Mapping[str, str]):
    """Environment variables by name; remembers which were read. They can't be listed.

    `allowed` are the names that recipes may read (None: all). A secret's name, in any case, and any variable that
    holds a secret's value or half of it raise TemplateValueError (env_secret); a name that is not allowed raises
    TemplateValueError (env_not_allowed), whether it is set or not.
    """

    def __init__(self, variables: Mapping[str, str], allowed: Collection[str] | None = None) -> None:
        self._variables = variables
        self._allowed = allowed
        self.read: set[str] = set()
        self.names = [name for name in variables if not is_secret_variable(name) and self._allows(name)]
        keys = [value for name, value in variables.items() if is_secret_variable(name)]
        self._hidden = {part.strip() for key in keys for part in (key, *key.split(":"))} - {""}

    def __getitem__(self, name: str) -> str:
        """The value of `name`. Raises KeyError where it is not set."""
        self.read.add(name)
        value = self._variables.get(name)
        if is_secret_variable(name) or self._tells(value or ""):
            raise TemplateValueError("env_secret", name=name)
        if not self._allows(name):
            raise TemplateValueError("env_not_allowed", name=name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        """Whether it is set; what is refused counts as set, so that asking for it is an error and not defaulted."""
        if not isinstance(name, str):
            return False
        self.read.add(name)
        return name in self._variables or is_secret_variable(name) or not self._allows(name)

    def refusal(self, name: str) -> str:
        """The kind of problem that explains why `name` has no value."""
        if is_secret_variable(name):
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


def is_secret_variable(name: str) -> bool:
    """Whether the variable `name` holds a key of fal's."""
    return name.upper() in SECRET_VARIABLES


_TEMPLATE_KEYS = {"prompt", "with", "caption", "captions"}


def is_take_template(path: tuple[str | int, ...]) -> bool:
    """Whether a string at `path` is rendered for each take, and so left alone when the recipe is loaded."""
    match path:
        case ("templates", *_) | ("outputs", _, "name") | ("shots", _, "template"):
            return True
        case ("vars", *_):
            return False
        case _:
            return not _TEMPLATE_KEYS.isdisjoint(path)


MAX_WORK = 50_000
"""Nodes of templates that are run when a recipe is loaded, and each 20 characters that they write."""
MAX_ITEMS = 2_000
"""Values of one variable, those inside it counted too, and each 16 characters of their texts."""
MAX_RENDERED = 1_000
"""Strings of one recipe that are rendered when it is loaded; together they have at most MAX_SOURCE characters."""


class RecipeRenderer:
    """Renders strings that contain `{{` or `{%`, and collects what is wrong with them.

    All strings of a recipe together may take MAX_WORK. `failed` are variables without a value, whose own problem
    is noted already: what needs them is left as it is. `unrendered` are the paths of all that is left so, and nothing
    below a path of `untouched` is rendered.
    """

    def __init__(
        self,
        engine: TemplateEngine,
        environ: RecipeEnvironment,
        fault_place: Callable[[Located, TemplateFault], Position],
        untouched: Collection[KeyPath] = (),
    ) -> None:
        self._engine = engine
        self._environ = environ
        self._fault_place = fault_place
        self._work = 0
        self.known: dict[str, KnownNames | None] = {"env": dict.fromkeys(environ.names)}
        self.failed: set[str] = set()
        self.unrendered: set[KeyPath] = set()
        self._untouched = untouched
        self.problems: list[Problem] = []

    def value(self, located: Located, steps: KeyPath, context: Mapping[str, JSONValue]) -> JSONValue:
        """The value at `steps` without places, its strings rendered."""
        if steps in self._untouched:
            return to_plain(located)
        if located.entries is not None:
            return {name: self.value(entry.value, (*steps, name), context) for name, entry in located.entries.items()}
        if located.items is not None:
            return [self.value(item, (*steps, index), context) for index, item in enumerate(located.items)]
        text = located.value
        if not isinstance(text, str) or not has_template(text) or is_take_template(steps):
            return text
        return self._rendered(located, text, steps, context)

    def too_many(self, tree: Located) -> Located | None:
        """The first string of a recipe that is one too many to render, if there is one."""
        size = 0
        for count, (located, text) in enumerate(_rendered_strings(tree, ()), start=1):
            size += len(text)
            if count > MAX_RENDERED or size > MAX_SOURCE:
                return located
        return None

    def names_in(self, located: Located) -> set[str]:
        """Every variable that the strings of `located` use; none for those that cannot be read."""
        if located.entries is not None:
            return {name for entry in located.entries.values() for name in self.names_in(entry.value)}
        if located.items is not None:
            return {name for item in located.items for name in self.names_in(item)}
        if not isinstance(located.value, str) or not has_template(located.value):
            return set()
        try:
            return {use for use in self._engine.compile(located.value).uses if "." not in use}
        except TemplateFault:
            return set()

    def _rendered(self, located: Located, text: str, steps: KeyPath, context: Mapping[str, JSONValue]) -> JSONValue:
        self.unrendered.add(steps)
        if self._work > MAX_WORK:
            return text  # the text that went too far is reported
        faults = self._engine.check(text, self.known)
        if not faults:
            if self.failed & self.names_in(located):
                return text
            try:
                template = self._engine.compile(text)
                self._work += template.size
                value = template.value({**context, "env": self._environ})
                self._work += len(value) // 20 if isinstance(value, str) else 0
            except TemplateFault as fault:
                faults = [fault]
            else:
                if self._work <= MAX_WORK:
                    self.unrendered.discard(steps)
                    return value
                faults = [TemplateFault("template_too_much_work")]
        self.problems += [self._problem(located, fault) for fault in faults]
        return text

    def _problem(self, located: Located, fault: TemplateFault) -> Problem:
        place = self._fault_place(located, fault)
        name = str(fault.data.get("name"))
        if fault.kind == "template_field" and fault.data.get("owner") == "env":
            hint = did_you_mean(name, self._environ.names)
            return problem(self._environ.refusal(name), position=place, suggestions=hint, name=name)
        return fault.problem(place)


def has_template(text: str) -> bool:
    """Whether `text` contains a template."""
    return "{{" in text or "{%" in text


def is_template_value(value: JSONValue) -> bool:
    """Whether a field's value is only known when a take is drawn."""
    return isinstance(value, str) and has_template(value)


def leaf_values(value: JSONValue, path: KeyPath = ()) -> Iterator[tuple[KeyPath, JSONValue]]:
    """Every value that holds no others, with its path."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from leaf_values(item, (*path, name))
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            yield from leaf_values(item, (*path, at))
    else:
        yield path, value


def has_templates(tree: Located) -> bool:
    """Whether anything in a recipe is rendered when it is loaded."""
    return any(True for _ in _rendered_strings(tree, ()))


def _rendered_strings(located: Located, steps: KeyPath) -> Iterator[tuple[Located, str]]:
    """Every string at `steps` and below that is rendered when the recipe is loaded."""
    for name, entry in (located.entries or {}).items():
        yield from _rendered_strings(entry.value, (*steps, name))
    for index, item in enumerate(located.items or ()):
        yield from _rendered_strings(item, (*steps, index))
    if isinstance(located.value, str) and has_template(located.value) and not is_take_template(steps):
        yield located, located.value


RESERVED_VARIABLES = frozenset({"env", "true", "false", "none", "range", "namespace", "self", "loop"})
MAX_CHAIN = 32
"""How many variables may need one another in a row."""


class VariableResolver:
    """Resolves `vars`; `sets` come from the command line and win, whatever the file says."""

    def __init__(self, declared: Located | None, sets: Mapping[str, str], renderer: RecipeRenderer) -> None:
        self._entries: Mapping[str, LocatedEntry] = (declared.entries or {}) if declared is not None else {}
        self._sets = sets
        self._renderer = renderer
        self.values: dict[str, JSONValue] = {}

    def resolve(self) -> None:
        """Compute every variable, and collect the problems of those that have no value."""
        for name, text in self._sets.items():
            if name not in self._entries:
                hint = did_you_mean(name, self._entries)
                self._renderer.problems.append(problem("set_unknown", suggestions=hint, name=name))
            else:
                self.values[name] = parse_set_value(text)
        for name, entry in self._entries.items():
            if not name.isidentifier() or keyword.iskeyword(name) or name in RESERVED_VARIABLES:
                self._note("var_name", entry, name=name)
        self._renderer.known |= dict.fromkeys(self._entries)
        for name in self._entries:
            self._one(name, ())

    def _one(self, name: str, chain: tuple[str, ...]) -> None:
        if name in self.values or name in self._renderer.failed:
            return
        entry = self._entries[name]
        chain = (*chain, name)
        if len(chain) > MAX_CHAIN:
            self._fail(name, "var_chain", entry, limit=MAX_CHAIN)
            return
        for needed in sorted(self._renderer.names_in(entry.value) & self._entries.keys()):
            if needed in chain:
                around = (*chain[chain.index(needed) :], needed)
                self._fail(name, "var_cycle", entry, chain=" → ".join(around))
                return
            self._one(needed, chain)
            if needed in self._renderer.failed:
                self._renderer.failed.add(name)
                return
        before = len(self._renderer.problems)
        value = self._renderer.value(entry.value, ("vars", name), self.values)
        if _weight(value) > MAX_ITEMS:
            self._fail(name, "var_too_big", entry, name=name, limit=MAX_ITEMS)
        elif len(self._renderer.problems) > before:
            self._renderer.failed.add(name)
        else:
            self.values[name] = value

    def _fail(self, failed: str, kind: str, entry: LocatedEntry, **data: str | int) -> None:
        self._renderer.failed.add(failed)
        self._note(kind, entry, **data)

    def _note(self, kind: str, entry: LocatedEntry, **data: str | int) -> None:
        self._renderer.problems.append(Problem(kind=kind, position=entry.key.place, data=data))


def parse_set_value(text: str) -> JSONValue:
    """What `--set name=text` means: a number, `true`, `false`, `null` or a quoted text; else the text as it is."""
    word = text.strip()
    try:
        if len(word) > 1 and word[0] == word[-1] == '"':
            quoted: object = json.loads(word)
            return quoted if isinstance(quoted, str) else text
        if len(word) > 1 and word[0] == word[-1] == "'" and "'" not in word[1:-1].replace("''", ""):
            return word[1:-1].replace("''", "'")
        value = plain_scalar(word) if word else text
    except ValueError:
        return text
    return text if isinstance(value, str) else value


def _weight(value: JSONValue) -> int:
    """How many values `value` is, those inside it too; stops counting above MAX_ITEMS."""
    total, waiting = 0, [value]
    while waiting and total <= MAX_ITEMS:
        item = waiting.pop()
        total += 1
        if isinstance(item, str):
            total += len(item) // 16
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, Sequence):
            waiting.extend(item)
    return total
