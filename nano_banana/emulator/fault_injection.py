"""Faults on demand: their kinds, when each one strikes, and how often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random
from types import MappingProxyType

from msgspec import Struct

from nano_banana.model.json_values import JSONObject, JSONValue

FAULT_HEADER = "x-emulator-fault"
_HEADER_FAULT = re.compile(r"(?P<kind>[\w-]+)(@(?P<on>\w+))?(=(?P<arg>.*))?")
MAX_FAULT_SECONDS = 86_400.0
"""Seconds of a fault's delay, at most."""

_KEYS = {"kind", "on", "times", "chance", "seed", "endpoint", "arg"}


class FaultPoint(StrEnum):
    """Kinds of HTTP requests, which faults name and counts use."""

    SUBMIT = "submit"
    STATUS = "status"
    STREAM = "stream"
    RESULT = "result"
    CANCEL = "cancel"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    API = "api"


class FaultEffect(StrEnum):
    """What a fault replaces."""

    BEFORE = "before"
    """The whole request: it has no effect."""
    AFTER = "after"
    """The answer: the request takes effect, but the client gets no answer."""
    OUTCOME = "outcome"
    """The outcome of an accepted request."""
    ANSWER = "answer"
    """The form of one answer."""


_ANYWHERE = tuple(FaultPoint)

FAULT_KINDS: Mapping[str, tuple[FaultEffect, tuple[FaultPoint, ...]]] = MappingProxyType(
    {
        "drop-before-accept": (FaultEffect.BEFORE, _ANYWHERE),
        "hang-before": (FaultEffect.BEFORE, _ANYWHERE),
        "429": (FaultEffect.BEFORE, _ANYWHERE),
        "5xx": (FaultEffect.BEFORE, _ANYWHERE),
        "nginx": (FaultEffect.BEFORE, _ANYWHERE),
        "401": (FaultEffect.BEFORE, _ANYWHERE),
        "403": (FaultEffect.BEFORE, _ANYWHERE),
        "balance": (FaultEffect.BEFORE, _ANYWHERE),
        "result-4xx": (FaultEffect.BEFORE, (FaultPoint.RESULT, FaultPoint.STATUS, FaultPoint.CANCEL)),
        "result-in-progress": (FaultEffect.BEFORE, (FaultPoint.RESULT,)),
        "drop-after-accept": (FaultEffect.AFTER, _ANYWHERE),
        "hang": (FaultEffect.AFTER, _ANYWHERE),
        "nginx-after": (FaultEffect.AFTER, _ANYWHERE),
        "completed-with-error": (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,)),
        "422": (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,)),
        "nsfw": (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,)),
        "expired": (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,)),
        "slow": (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,)),
        "reorder": (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,)),
        "no-units": (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,)),
        "billed-422": (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,)),
        "empty-result": (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,)),
        "odd-result": (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,)),
        "early-close": (FaultEffect.ANSWER, _ANYWHERE),
        "no-logs": (FaultEffect.ANSWER, (FaultPoint.STATUS, FaultPoint.STREAM)),
        "odd-status": (FaultEffect.ANSWER, (FaultPoint.STATUS, FaultPoint.STREAM)),
        "stream-drop": (FaultEffect.ANSWER, (FaultPoint.STREAM,)),
        "stream-404": (FaultEffect.ANSWER, (FaultPoint.STREAM,)),
        "endless-stream": (FaultEffect.ANSWER, (FaultPoint.STREAM,)),
        "truncated": (FaultEffect.ANSWER, (FaultPoint.DOWNLOAD,)),
        "corrupt": (FaultEffect.ANSWER, (FaultPoint.DOWNLOAD,)),
        "wrong-type": (FaultEffect.ANSWER, (FaultPoint.DOWNLOAD,)),
        "redirect": (FaultEffect.ANSWER, (FaultPoint.DOWNLOAD,)),
    }
)
"""Every kind: its effect and the points where it may be injected; the first is the default."""


class InjectedFault(Struct, frozen=True, kw_only=True):
    """A fault to inject once. `arg` depends on the kind (seconds, a code, a URL) and may be empty."""

    kind: str
    point: FaultPoint
    arg: str = ""

    @property
    def effect(self) -> FaultEffect:
        """What it takes the place of."""
        return FAULT_KINDS[self.kind][0]

    def number(self, unsaid: float) -> float:
        """The argument as a number from 0 to MAX_FAULT_SECONDS, else `unsaid`."""
        try:
            number = float(self.arg)
        except ValueError:
            return unsaid
        return number if 0 <= number <= MAX_FAULT_SECONDS else unsaid

    def code(self, unsaid: int) -> int:
        """The argument as an HTTP status from 400 to 599, else `unsaid`."""
        number = self.number(unsaid)
        return int(number) if 400 <= number <= 599 else unsaid


class FaultRule(Struct, frozen=True, kw_only=True):
    """Inject a fault into requests for `endpoint` (a glob), `times` times (None: always), each time with `chance`."""

    fault: InjectedFault
    times: int | None = 1
    chance: float = 1.0
    seed: int = 0
    endpoint: str = "*"


def make_fault(kind: str, on: str | None, arg: str) -> InjectedFault:
    """Make a fault; its kind may have `_` for `-`. Raises ValueError for an unknown kind or a wrong point."""
    kind = kind if kind in FAULT_KINDS else kind.replace("_", "-")
    if kind not in FAULT_KINDS:
        raise ValueError(f"unknown kind {kind!r}: it is one of {', '.join(FAULT_KINDS)}")
    points = FAULT_KINDS[kind][1]
    if on is not None and on not in points:
        raise ValueError(f"{kind} strikes on {', '.join(points)}, not on {on!r}")
    return InjectedFault(kind=kind, point=FaultPoint(on) if on else points[0], arg=arg)


def faults_in_header(header: str, here: FaultPoint) -> list[InjectedFault]:
    """Parse the faults in a request's header: `KIND[@POINT][=ARG]`, separated by `;`.

    The default point is `here` if the kind allows it. Raises ValueError.
    """
    faults = []
    for wish in filter(None, (part.strip() for part in header.split(";"))):
        match = _HEADER_FAULT.fullmatch(wish)
        if match is None:
            raise ValueError(f"{wish!r} is no fault: KIND[@POINT][=ARG]")
        fault = make_fault(match["kind"], match["on"], match["arg"] or "")
        stays = match["on"] or here not in FAULT_KINDS[fault.kind][1]
        faults.append(fault if stays else InjectedFault(kind=fault.kind, point=here, arg=fault.arg))
    return faults


def parse_rule(value: JSONValue) -> FaultRule:
    """Parse a rule of the control API. Raises ValueError."""
    if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str | int):
        raise ValueError("a rule is an object with a kind")  # noqa: TRY004 - its shape is wrong, not our types
    strangers = set(value) - _KEYS
    if strangers:
        raise ValueError(f"unknown key {min(strangers)!r}: a rule has {', '.join(sorted(_KEYS))}")
    on, times, arg = value.get("on"), value.get("times", 1), value.get("arg")
    fault = make_fault(str(value["kind"]), None if on is None else str(on), "" if arg is None else str(arg))
    chance, seed = _number(value, "chance", 1), _number(value, "seed", 0)
    if times is not None and (isinstance(times, bool) or not isinstance(times, int)):
        raise ValueError("times is a whole number, or null for ever")
    return FaultRule(fault=fault, times=times, chance=chance, seed=int(seed), endpoint=str(value.get("endpoint", "*")))


def _number(value: JSONObject, name: str, unsaid: float) -> float:
    number = value.get(name, unsaid)
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < 1 << 53:
        raise ValueError(f"{name} is a number")
    return number


class _ActiveRule:
    """A rule with its remaining count and its own random numbers, so that runs repeat."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.left = rule.times
        self._dice = Random(rule.seed)  # noqa: S311 - it must repeat itself

    def strikes(self, point: FaultPoint, endpoint: str) -> bool:
        rule = self.rule
        if self.left == 0 or rule.fault.point is not point or not fnmatchcase(endpoint, rule.endpoint):
            return False
        if rule.chance < 1 and self._dice.random() >= rule.chance:
            return False
        self.left = None if self.left is None else self.left - 1
        return True


class FaultRules:
    """The active rules, in the order in which they were added."""

    def __init__(self) -> None:
        """No rules yet."""
        self._rules: list[_ActiveRule] = []

    def add(self, rules: Iterable[FaultRule]) -> None:
        """Add rules."""
        self._rules.extend(_ActiveRule(rule) for rule in rules)

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def pick(self, point: FaultPoint, endpoint: str) -> InjectedFault | None:
        """What strikes the request that has just come."""
        for running in self._rules:
            if running.rule.fault.effect is not FaultEffect.OUTCOME and running.strikes(point, endpoint):
                return running.rule.fault
        return None

    def outcome_faults(self, endpoint: str) -> list[InjectedFault]:
        """The faults that decide the outcome of a request that is accepted now."""
        return [
            running.rule.fault
            for running in self._rules
            if running.rule.fault.effect is FaultEffect.OUTCOME and running.strikes(FaultPoint.SUBMIT, endpoint)
        ]
