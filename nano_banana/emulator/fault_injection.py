"""Faults on demand: their kinds, when each one strikes, and how often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random
from types import MappingProxyType

from nano_banana.model.json_values import JSONObject, JSONValue

FAULT_HEADER = "x-emulator-fault"
_HEADER_FAULT = re.compile(r"(?P<kind>[\w-]+)(@(?P<on>\w+))?(=(?P<arg>.*))?")
MAX_FAULT_SECONDS = 86_400.0
"""Seconds that a fault may take."""

_KEYS = {"kind", "on", "times", "chance", "seed", "endpoint", "arg"}


class FaultPoint(StrEnum):
    """Where a fault may strike: the kinds of HTTP request, which are also counted by this name."""

    SUBMIT = "submit"
    STATUS = "status"
    STREAM = "stream"
    RESULT = "result"
    CANCEL = "cancel"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    API = "api"


class FaultEffect(StrEnum):
    """What a fault takes the place of."""

    BEFORE = "before"
    """The whole request: it is never looked at."""
    AFTER = "after"
    """The answer: what was asked is done, and nobody hears of it."""
    FATE = "fate"
    """How an accepted request ends."""
    SHAPE = "shape"
    """The look of one answer."""


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
        "completed-with-error": (FaultEffect.FATE, (FaultPoint.SUBMIT,)),
        "422": (FaultEffect.FATE, (FaultPoint.SUBMIT,)),
        "nsfw": (FaultEffect.FATE, (FaultPoint.SUBMIT,)),
        "expired": (FaultEffect.FATE, (FaultPoint.SUBMIT,)),
        "slow": (FaultEffect.FATE, (FaultPoint.SUBMIT,)),
        "reorder": (FaultEffect.FATE, (FaultPoint.SUBMIT,)),
        "no-units": (FaultEffect.FATE, (FaultPoint.SUBMIT,)),
        "billed-422": (FaultEffect.FATE, (FaultPoint.SUBMIT,)),
        "empty-result": (FaultEffect.FATE, (FaultPoint.SUBMIT,)),
        "odd-result": (FaultEffect.FATE, (FaultPoint.SUBMIT,)),
        "early-close": (FaultEffect.SHAPE, _ANYWHERE),
        "no-logs": (FaultEffect.SHAPE, (FaultPoint.STATUS, FaultPoint.STREAM)),
        "odd-status": (FaultEffect.SHAPE, (FaultPoint.STATUS, FaultPoint.STREAM)),
        "stream-drop": (FaultEffect.SHAPE, (FaultPoint.STREAM,)),
        "stream-404": (FaultEffect.SHAPE, (FaultPoint.STREAM,)),
        "endless-stream": (FaultEffect.SHAPE, (FaultPoint.STREAM,)),
        "truncated": (FaultEffect.SHAPE, (FaultPoint.DOWNLOAD,)),
        "corrupt": (FaultEffect.SHAPE, (FaultPoint.DOWNLOAD,)),
        "wrong-type": (FaultEffect.SHAPE, (FaultPoint.DOWNLOAD,)),
        "redirect": (FaultEffect.SHAPE, (FaultPoint.DOWNLOAD,)),
    }
)
"""Every kind: when it strikes, and where it may; the first place is where it does unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedFault:
    """One fault that is to strike once; `arg` is the kind's own (seconds, a code, an address), or empty."""

    kind: str
    on: FaultPoint
    arg: str = ""

    @property
    def when(self) -> FaultEffect:
        """What it takes the place of."""
        return FAULT_KINDS[self.kind][0]

    def number(self, unsaid: float) -> float:
        """The argument as a number from 0 to a day's seconds, `unsaid` where it is none."""
        try:
            number = float(self.arg)
        except ValueError:
            return unsaid
        return number if 0 <= number <= MAX_FAULT_SECONDS else unsaid

    def code(self, unsaid: int) -> int:
        """The argument as an HTTP status of a failure, `unsaid` where it is none."""
        number = self.number(unsaid)
        return int(number) if 400 <= number <= 599 else unsaid


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """A fault that strikes requests for `endpoint` (a glob) `times` times (None: for ever), each with `chance`."""

    fault: InjectedFault
    times: int | None = 1
    chance: float = 1.0
    seed: int = 0
    endpoint: str = "*"


def make_fault(kind: str, on: str | None, arg: str) -> InjectedFault:
    """A fault; `_` in its name is as good as `-`.

    Raises ValueError where there is no such kind, or where it cannot strike there.
    """
    kind = kind if kind in FAULT_KINDS else kind.replace("_", "-")
    if kind not in FAULT_KINDS:
        raise ValueError(f"unknown kind {kind!r}: it is one of {', '.join(FAULT_KINDS)}")
    points = FAULT_KINDS[kind][1]
    if on is not None and on not in points:
        raise ValueError(f"{kind} strikes on {', '.join(points)}, not on {on!r}")
    return InjectedFault(kind=kind, on=FaultPoint(on) if on else points[0], arg=arg)


def faults_in_header(header: str, here: FaultPoint) -> list[InjectedFault]:
    """The faults that a request asks for itself: `KIND[@POINT][=ARG]`, with `;` between several.

    Those that may strike anywhere strike `here` unless told otherwise. Raises ValueError.
    """
    faults = []
    for wish in filter(None, (part.strip() for part in header.split(";"))):
        match = _HEADER_FAULT.fullmatch(wish)
        if match is None:
            raise ValueError(f"{wish!r} is no fault: KIND[@POINT][=ARG]")
        fault = make_fault(match["kind"], match["on"], match["arg"] or "")
        stays = match["on"] or here not in FAULT_KINDS[fault.kind][1]
        faults.append(fault if stays else InjectedFault(kind=fault.kind, on=here, arg=fault.arg))
    return faults


def parse_rule(value: JSONValue) -> FaultRule:
    """A rule of the control API. Raises ValueError."""
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
    """A rule with what is left of it; its own dice make it strike the same requests again."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.left = rule.times
        self._dice = Random(rule.seed)  # noqa: S311 - it must repeat itself

    def strikes(self, point: FaultPoint, endpoint: str) -> bool:
        rule = self.rule
        if self.left == 0 or rule.fault.on is not point or not fnmatchcase(endpoint, rule.endpoint):
            return False
        if rule.chance < 1 and self._dice.random() >= rule.chance:
            return False
        self.left = None if self.left is None else self.left - 1
        return True


class FaultRules:
    """The rules that hold now, in the order in which they came."""

    def __init__(self) -> None:
        """No rules yet."""
        self._rules: list[_ActiveRule] = []

    def add(self, rules: Iterable[FaultRule]) -> None:
        """Let these hold too."""
        self._rules.extend(_ActiveRule(rule) for rule in rules)

    def clear(self) -> None:
        """Let no rule hold."""
        self._rules.clear()

    def strike(self, point: FaultPoint, endpoint: str) -> InjectedFault | None:
        """What strikes the request that has just come."""
        for running in self._rules:
            if running.rule.fault.when is not FaultEffect.FATE and running.strikes(point, endpoint):
                return running.rule.fault
        return None

    def fates(self, endpoint: str) -> list[InjectedFault]:
        """What decides how a request ends that is accepted now."""
        return [
            running.rule.fault
            for running in self._rules
            if running.rule.fault.when is FaultEffect.FATE and running.strikes(FaultPoint.SUBMIT, endpoint)
        ]
