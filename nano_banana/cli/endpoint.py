"""An endpoint on the screen: its fields as a table, its price, its notes."""

from __future__ import annotations

from nano_banana.cli.amounts import money
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_number, as_object


def price_of(told: JSONObject) -> str:
    """`$0.035 per megapixel`, a range, or `unknown`."""
    price = as_object(told.get("price"))
    if not price:
        return "unknown"
    high = f"–{money(as_number(price['usd_high']))}" if "usd_high" in price else ""
    return f"{money(as_number(price['usd']))}{high} per {price['unit']}"


def say_endpoint(screen: Screen, told: JSONObject) -> None:
    """Print all that is known of it; `told` is its description as JSON."""
    screen.say(f"{told['id']}: {text_of(told, 'title') or text_of(told, 'does')}")
    if "description" in told:
        screen.say(f"  {told['description']}")
    screen.say()
    roles: dict[str, list[str]] = {}
    for role, field in as_object(told.get("roles")).items():
        if role != "trigger_as":
            roles.setdefault(str(field), []).append(role)
    rows = [_field_cells(name, as_object(item), roles) for name, item in as_object(told["fields"]).items()]
    if rows:
        screen.table(rows, head=("field", "type", "default", "takes", "role"), indent=2)
        screen.say()
    price = as_object(told.get("price"))
    rest = f", as of {price['as_of']} ({price['source']})" if price else ""
    facts = [("does", text_of(told, "does")), ("price", price_of(told) + rest)]
    facts += [(key, text_of(told, key)) for key in ("base", "trains", "adapters_max") if key in told]
    facts += [("makes", ", ".join(map(str, as_items(told["makes"]))))]
    facts += [("by", "the project" if told["own"] else "the package"), ("digest", text_of(told, "digest")[:16])]
    facts += [("note", str(note)) for note in as_items(told.get("notes"))]
    screen.table(facts, indent=2)


def _field_cells(name: str, field: JSONObject, roles: dict[str, list[str]]) -> tuple[str, ...]:
    default = "required" if field.get("required") else value_of(field["default"]) if "default" in field else ""
    low, high, most = field.get("minimum"), field.get("maximum"), field.get("max_items")
    takes = [f"≥ {low:g}"] if isinstance(low, int | float) else []
    takes += [f"≤ {high:g}"] if isinstance(high, int | float) else []
    takes += [f"at most {most}"] if most is not None else []
    takes += [value_of(field["choices"])] if "choices" in field else []
    return name, text_of(field, "type"), default, ", ".join(takes), ", ".join(roles.get(name, []))


def text_of(data: JSONObject, key: str) -> str:
    """What stands under `key`, as text; nothing is empty."""
    value = data.get(key)
    return "" if value is None else str(value)


def value_of(value: JSONValue) -> str:
    """A default or a list of choices in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
