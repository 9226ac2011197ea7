"""Values in templates: their text and fields, filters and tests."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Sized

from jinja2.filters import do_title
from msgspec import Struct, field

from nano_banana.model.json_values import JSONValue
from nano_banana.recipe.axis_values import AxisValue

MAX_OUTPUT = 20_000
"""Characters of a rendered text, and of every text on the way to it."""

MISSING = object()
"""Stands for a name or field that isn't there, in the places where that is allowed."""


class TemplateValueError(Exception):
    """A value that a template can't use: a problem's kind and data, without a place."""

    def __init__(self, kind: str, **data: JSONValue) -> None:
        super().__init__(kind)
        self.kind = kind
        self.data: Mapping[str, JSONValue] = data


def text_of(value: object) -> str:
    """`value` as a prompt says it: nothing for None, `true` and `false`, else text and numbers.

    Raises TemplateValueError (template_not_text) for lists, mappings and everything else that has only a Python
    spelling.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | AxisValue):
        return str(value)
    what = "a mapping" if isinstance(value, Mapping) else "a list" if isinstance(value, list | tuple) else "this"
    raise TemplateValueError("template_not_text", what=what)


def bounded_text(text: str) -> str:
    """`text`, if it isn't too long and can be encoded. Raises TemplateValueError.

    Bytes of the environment that aren't UTF-8 come as halves of characters.
    """
    if len(text) > MAX_OUTPUT:
        raise TemplateValueError("template_output_too_long", limit=MAX_OUTPUT)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TemplateValueError("template_not_unicode", what=ascii(text[error.start])[1:-1]) from error
    return text


def json_value(value: object) -> JSONValue:
    """`value` as JSON. Raises TemplateValueError (template_not_value) for a value that JSON can't hold."""
    if isinstance(value, str):
        return bounded_text(value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, AxisValue):
        return str(value)
    if isinstance(value, dict):
        return {text_of(name): json_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    raise TemplateValueError("template_not_value")


def field_of(owner: object, name: str | int) -> object:
    """A field of a mapping, or an item of a list or a text by its number; MISSING if there is none."""
    if isinstance(owner, Mapping):
        return owner[name] if name in owner else MISSING  # noqa: SIM401 — an environment refuses some names with an error
    if isinstance(owner, list | tuple | str) and isinstance(name, int) and -len(owner) <= name < len(owner):
        return owner[name]
    return MISSING


class TemplateFilter(Struct, frozen=True, kw_only=True):
    """A filter: `apply` gets the value and the arguments, in the order of `parameters`, which have their defaults."""

    apply: Callable[[object, Sequence[object]], object]
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __call__(self, value: object, args: Sequence[object], options: Mapping[str, object]) -> object:
        """The filtered value. Raises TypeError or TemplateValueError for a value or arguments that it can't take."""
        given = {**dict(zip(self.parameters, args, strict=False)), **options}
        if len(args) > len(self.parameters) or given.keys() - self.parameters.keys():
            raise TypeError(f"the filter takes these arguments: {', '.join(self.parameters) or 'none'}")
        arguments = [given.get(name, default) for name, default in self.parameters.items()]
        if MISSING in arguments:
            raise TypeError(f"the filter needs these arguments: {', '.join(self.parameters)}")
        return self.apply(value, arguments)


def _text_filter(change: Callable[[str], str]) -> TemplateFilter:
    return TemplateFilter(apply=lambda value, _: change(text_of(value)))


def _default(value: object, arguments: Sequence[object]) -> object:
    default, boolean = arguments
    return default if value is MISSING or (boolean and not value) else value


def _length(value: object, _: Sequence[object]) -> int:
    if isinstance(value, Sized):
        return len(value)
    raise TypeError("only a list, a mapping or a text has a length")


def _item_at(at: int) -> TemplateFilter:
    def item(values: object, _: Sequence[object]) -> object:
        items = list(values) if isinstance(values, Iterable) else []
        if not items:
            raise TypeError("there is no item")
        return items[at]

    return TemplateFilter(apply=item)


def _join(values: object, arguments: Sequence[object]) -> str:
    separator, attribute = text_of(arguments[0]), arguments[1]
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError("`join` takes a list")
    texts = [text_of(value if attribute is None else _required_field(value, attribute)) for value in values]
    if sum(map(len, texts)) + len(separator) * len(texts) > MAX_OUTPUT:
        raise TemplateValueError("template_output_too_long", limit=MAX_OUTPUT)
    return separator.join(texts)


def _required_field(value: object, name: object) -> object:
    found = field_of(value, name) if isinstance(name, str | int) else MISSING
    if found is MISSING:
        raise TemplateValueError("template_field", name=text_of(name), owner="this")
    return found


def _replace(value: object, arguments: Sequence[object]) -> str:
    text, before, after = text_of(value), text_of(arguments[0]), text_of(arguments[1])
    if text.count(before) * len(after) > MAX_OUTPUT:
        raise TemplateValueError("template_output_too_long", limit=MAX_OUTPUT)
    return text.replace(before, after)


def _round(value: object, arguments: Sequence[object]) -> float:
    (digits,) = arguments
    if isinstance(value, int | float) and isinstance(digits, int) and 0 <= digits <= 15:
        return round(value, digits) if digits else float(round(value))
    raise TypeError("`round` takes a number, and up to 15 digits")


def _truncate(value: object, arguments: Sequence[object]) -> str:
    text, (length, mid_word, end, leeway) = text_of(value), arguments
    if not isinstance(length, int) or not isinstance(end, str) or not isinstance(leeway, int) or length < len(end):
        raise TypeError("`truncate` takes a length, and an end that is shorter")
    if len(text) <= length + leeway:
        return text
    kept = text[: length - len(end)]
    return (kept if mid_word else kept.rsplit(" ", 1)[0]) + end


_DEFAULT = TemplateFilter(apply=_default, parameters={"default_value": "", "boolean": False})
FILTERS: Mapping[str, TemplateFilter] = {
    "capitalize": _text_filter(str.capitalize),
    "d": _DEFAULT,
    "default": _DEFAULT,
    "first": _item_at(0),
    "join": TemplateFilter(apply=_join, parameters={"d": "", "attribute": None}),
    "last": _item_at(-1),
    "length": TemplateFilter(apply=_length),
    "lower": _text_filter(str.lower),
    "replace": TemplateFilter(apply=_replace, parameters={"old": MISSING, "new": MISSING}),
    "round": TemplateFilter(apply=_round, parameters={"precision": 0}),
    "title": _text_filter(do_title),
    "trim": _text_filter(str.strip),
    "truncate": TemplateFilter(
        apply=_truncate, parameters={"length": 255, "killwords": False, "end": "...", "leeway": 5}
    ),
    "upper": _text_filter(str.upper),
}
"""Filters by name, with Jinja's names for their arguments."""


def _is_odd(value: object) -> bool:
    if isinstance(value, int):
        return value % 2 == 1
    raise TypeError("only a whole number is odd or even")


TESTS: Mapping[str, Callable[[object], bool]] = {
    "defined": lambda value: value is not MISSING,
    "even": lambda value: not _is_odd(value),
    "none": lambda value: value is None,
    "odd": _is_odd,
    "undefined": lambda value: value is MISSING,
}

LENIENT_WORDS = frozenset({"d", "default", "defined", "undefined"})
"""Filters and tests whose value may be missing."""


def _order(left: object, right: object) -> int:
    """Negative if `left` is the smaller one. Raises TypeError for values that have no order."""
    if isinstance(left, int | float) and isinstance(right, int | float):
        return (left > right) - (left < right)
    if isinstance(left, str | AxisValue) and isinstance(right, str | AxisValue):
        return (str(left) > str(right)) - (str(left) < str(right))
    raise TypeError("only two numbers, or two texts, can be compared")


def _contains(item: object, values: object) -> bool:
    if isinstance(values, str):
        return text_of(item) in values
    if isinstance(values, Container):
        return item in values
    raise TypeError("`in` looks into a list, a mapping or a text")


COMPARISONS: Mapping[str, Callable[[object, object], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": lambda left, right: _order(left, right) < 0,
    "lteq": lambda left, right: _order(left, right) <= 0,
    "gt": lambda left, right: _order(left, right) > 0,
    "gteq": lambda left, right: _order(left, right) >= 0,
    "in": _contains,
    "notin": lambda item, values: not _contains(item, values),
}
"""Comparisons by Jinja's names. They raise TypeError for values that can't be compared."""
