"""Faults on demand: their kinds, when each one strikes, and how often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random

import msgspec
from msgspec import Struct

from nano_banana.model.json_values import JSONValue

FAULT_HEADER = "x-emulator-fault"
_HEADER_FAULT = re.compile(r"(?P<kind>[\w-]+)(@(?P<on>\w+))?(=(?P<arg>.*))?")
MAX_FAULT_SECONDS = 86_400.0
"""Seconds of a fault's delay, at most."""


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
_OUTCOMES = (
    *("completed-with-error", "422", "nsfw", "expired", "slow", "reorder", "no-units", "billed-422"),
    *("empty-result", "odd-result"),
)
_STATUS = (FaultPoint.STATUS, FaultPoint.STREAM)

FAULT_KINDS: Mapping[str, tuple[FaultEffect, tuple[FaultPoint, ...]]] = {
    **dict.fromkeys(
        ("drop-before-accept", "hang-before", "429", "5xx", "nginx", "401", "403", "balance"),
        (FaultEffect.BEFORE, _ANYWHERE),
    ),
    "result-4xx": (FaultEffect.BEFORE, (FaultPoint.RESULT, FaultPoint.STATUS, FaultPoint.CANCEL)),
    "result-in-progress": (FaultEffect.BEFORE, (FaultPoint.RESULT,)),
    **dict.fromkeys(("drop-after-accept", "hang", "nginx-after"), (FaultEffect.AFTER, _ANYWHERE)),
    **dict.fromkeys(_OUTCOMES, (FaultEffect.OUTCOME, (FaultPoint.SUBMIT,))),
    "early-close": (FaultEffect.ANSWER, _ANYWHERE),
    **dict.fromkeys(("no-logs", "odd-status"), (FaultEffect.ANSWER, _STATUS)),
    **dict.fromkeys(("stream-drop", "stream-404", "endless-stream"), (FaultEffect.ANSWER, (FaultPoint.STREAM,))),
    **dict.fromkeys(("truncated", "corrupt", "wrong-type", "redirect"), (FaultEffect.ANSWER, (FaultPoint.DOWNLOAD,))),
}
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


class FaultRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Inject a fault into requests for `endpoint` (a glob), `times` times (None: always), each time with `chance`."""

    kind: str | int
    on: str | None = None
    arg: str | float | None = None
    times: int | None = 1
    chance: float = 1.0
    seed: int = 0
    endpoint: str = "*"

    def fault(self) -> InjectedFault:
        """The fault. Raises ValueError for an unknown kind or a wrong point."""
        return make_fault(str(self.kind), self.on, "" if self.arg is None else str(self.arg))


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
    try:
        rule = msgspec.convert(value, FaultRule)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a rule: {error}") from error
    rule.fault()
    return rule


class _ActiveRule:
    """A rule with its remaining count and its own random numbers, so that runs repeat."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.fault = rule.fault()
        self.left = rule.times
        self._dice = Random(rule.seed)  # noqa: S311 - it must repeat itself

    def strikes(self, point: FaultPoint, endpoint: str) -> bool:
        if self.left == 0 or self.fault.point is not point or not fnmatchcase(endpoint, self.rule.endpoint):
            return False
        if self.rule.chance < 1 and self._dice.random() >= self.rule.chance:
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
            if running.fault.effect is not FaultEffect.OUTCOME and running.strikes(point, endpoint):
                return running.fault
        return None

    def outcome_faults(self, endpoint: str) -> list[InjectedFault]:
        """The faults that decide the outcome of a request that is accepted now."""
        return [
            running.fault
            for running in self._rules
            if running.fault.effect is FaultEffect.OUTCOME and running.strikes(FaultPoint.SUBMIT, endpoint)
        ]
