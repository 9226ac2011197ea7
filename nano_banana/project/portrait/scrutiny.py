"""Calls of a stranger's account, held against the catalog beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.check import misfits
from nano_banana.catalog.roles import Roles
from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONValue
from nano_banana.core.problem import Problem
from nano_banana.marks.account import Told
from nano_banana.marks.origin import COMPUTE
from nano_banana.project.portrait.replay import Lack

STAND_IN = "https://nano-banana.invalid/file"
"""Stands where a file's address will, while the fields are looked at."""

WORKS = frozenset({"crop", "imprint", "look", "mask", "open", "paste"})
"""This machine's own work that a picture can hang on."""

ANSWERS = ("local", "fal", COMPUTE)


def faults(calls: Sequence[Told], catalog: Catalog) -> list[Problem]:
    """Everything for which these calls can't be asked: who answers, what is asked, and with which fields."""
    return [problem for call in calls for problem in _faults(call, catalog)]


def lack(missing: Lack, catalog: Catalog) -> Problem:
    """Why a file that is not here can't be made, and what helps: an adapter can be imported, a photo never travels."""
    endpoint = catalog.get(missing.call.endpoint)
    roles = endpoint.roles if endpoint is not None else Roles()
    digest, kind = missing.digest, "again_lacks_file"
    if roles.adapters and missing.place.startswith(f"{roles.adapters}/"):
        kind = "again_lacks_adapter"
    elif endpoint is not None and missing.place == roles.archive:
        # Whoever has the adapter needs no training.
        digest, kind = _adapter(missing, endpoint.makes), "again_lacks_adapter"
    return Problem(kind=kind, data={"digest": digest, "place": missing.place, "endpoint": missing.call.endpoint})


def _adapter(missing: Lack, makes: Sequence[str]) -> str:
    """The digest of the adapter that a training made."""
    outputs = missing.call.outputs
    return next((outputs[place] for place in makes if place in outputs), missing.digest)


def _faults(call: Told, catalog: Catalog) -> Iterator[Problem]:
    if call.provider not in ANSWERS:
        yield trouble("again_nobody", name=call.provider, endpoint=call.endpoint)
    elif call.provider == COMPUTE:
        if call.endpoint not in WORKS:
            yield trouble("again_unknown", endpoint=call.endpoint)
    else:
        endpoint = catalog.get(call.endpoint)
        if endpoint is None:
            yield trouble("again_unknown", hint=catalog.near(call.endpoint), endpoint=call.endpoint)
            return
        given: JSONValue = call.arguments
        for place in call.inputs:
            given = _put(given, place.split("/"))
        for misfit in misfits(endpoint, given if isinstance(given, dict) else {}):
            where = "/".join(str(step) for step in misfit.path)
            yield trouble("again_unfit", field=where, endpoint=call.endpoint, reason=misfit.kind)


def _put(value: JSONValue, steps: Sequence[str]) -> JSONValue:
    """The arguments with an address where a file goes in; what has no such place stays as it is."""
    if not steps:
        return STAND_IN
    if steps[0].isdecimal() and not isinstance(value, dict):
        items = list(value) if isinstance(value, list) else []
        at = int(steps[0])
        if at > len(items):
            return value
        return [*items[:at], _put(items[at] if at < len(items) else None, steps[1:]), *items[at + 1 :]]
    inner = value if isinstance(value, dict) else {}
    return {**inner, steps[0]: _put(inner.get(steps[0]), steps[1:])}
