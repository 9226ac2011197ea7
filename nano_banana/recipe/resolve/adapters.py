"""Adapters that are there already: files that come along, and the shelf's."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.errors import Invalid
from nano_banana.core.json import JSONObject, as_object, as_text
from nano_banana.recipe.model import AdapterFile, Where
from nano_banana.recipe.offered import Offer
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.resolve.subjects import existing


def read_adapters(reading: Reading, offer: Offer) -> Mapping[str, AdapterFile]:
    """The recipe's adapters by name; notes those that are not there, and entries that name none or two."""
    found = {}
    for name, value in reading.section("adapters").items():
        adapter = _adapter(reading, offer, name, as_object(value))
        if adapter is not None:
            found[name] = adapter
    return found


def _adapter(reading: Reading, offer: Offer, name: str, data: JSONObject) -> AdapterFile | None:
    where: Where = ("adapters", name)
    if "model" in data and len(data) > 1:
        other = next(key for key in data if key != "model")
        reading.wrong_key("adapter_named_twice", (*where, other), name=name, other=other)
    elif "model" in data:
        return _shelved(reading, offer, name, data, where)
    elif "file" in data:
        return _file(reading, name, data, where)
    else:
        reading.wrong_key("adapter_nowhere", where, name=name)
    return None


def _shelved(reading: Reading, offer: Offer, name: str, data: JSONObject, where: Where) -> AdapterFile | None:
    try:
        found = offer(as_text(data["model"]))
    except Invalid as error:
        reading.take_over(error, (*where, "model"))
        return None
    return AdapterFile(
        name=name, path=found.path, base=found.base, model=found.model, digest=found.digest, provider=found.provider
    )


def _file(reading: Reading, name: str, data: JSONObject, where: Where) -> AdapterFile | None:
    path = existing(reading, as_text(data["file"]), (*where, "file"))
    if "base" in data:
        reading.known("model family", as_text(data["base"]), reading.catalog.families, (*where, "base"))
    return None if path is None else AdapterFile(name=name, path=path, base=as_text(data.get("base", "")))
