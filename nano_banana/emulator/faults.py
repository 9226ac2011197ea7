"""Faults on demand: which there are, when they strike, whose turn it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random
from types import MappingProxyType

from nano_banana.core.json import JSONObject, JSONValue

HEADER = "x-emulator-fault"
_WISH = re.compile(r"(?P<kind>[\w-]+)(@(?P<on>\w+))?(=(?P<arg>.*))?")
LONGEST = 86_400.0
"""Seconds that a fault may take."""

_KEYS = {"kind", "on", "times", "chance", "seed", "endpoint", "arg"}


class Point(StrEnum):
    """Where a fault may strike: the kinds of HTTP request, which are also counted by this name."""

    SUBMIT = "submit"
    STATUS = "status"
    STREAM = "stream"
    RESULT = "result"
    CANCEL = "cancel"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    API = "api"


class When(StrEnum):
    """What a fault takes the place of."""

    BEFORE = "before"
    """The whole request: it is never looked at."""
    AFTER = "after"
    """The answer: what was asked is done, and nobody hears of it."""
    FATE = "fate"
    """How an accepted request ends."""
    SHAPE = "shape"
    """The look of one answer."""


_ANYWHERE = tuple(Point)

KINDS: Mapping[str, tuple[When, tuple[Point, ...]]] = MappingProxyType(
    {
        "drop-before-accept": (When.BEFORE, _ANYWHERE),
        "hang-before": (When.BEFORE, _ANYWHERE),
        "429": (When.BEFORE, _ANYWHERE),
        "5xx": (When.BEFORE, _ANYWHERE),
        "nginx": (When.BEFORE, _ANYWHERE),
        "401": (When.BEFORE, _ANYWHERE),
        "403": (When.BEFORE, _ANYWHERE),
        "balance": (When.BEFORE, _ANYWHERE),
        "result-4xx": (When.BEFORE, (Point.RESULT, Point.STATUS, Point.CANCEL)),
        "result-in-progress": (When.BEFORE, (Point.RESULT,)),
        "drop-after-accept": (When.AFTER, _ANYWHERE),
        "hang": (When.AFTER, _ANYWHERE),
        "nginx-after": (When.AFTER, _ANYWHERE),
        "completed-with-error": (When.FATE, (Point.SUBMIT,)),
        "422": (When.FATE, (Point.SUBMIT,)),
        "nsfw": (When.FATE, (Point.SUBMIT,)),
        "expired": (When.FATE, (Point.SUBMIT,)),
        "slow": (When.FATE, (Point.SUBMIT,)),
        "reorder": (When.FATE, (Point.SUBMIT,)),
        "no-units": (When.FATE, (Point.SUBMIT,)),
        "billed-422": (When.FATE, (Point.SUBMIT,)),
        "empty-result": (When.FATE, (Point.SUBMIT,)),
        "odd-result": (When.FATE, (Point.SUBMIT,)),
        "early-close": (When.SHAPE, _ANYWHERE),
        "no-logs": (When.SHAPE, (Point.STATUS, Point.STREAM)),
        "odd-status": (When.SHAPE, (Point.STATUS, Point.STREAM)),
        "stream-drop": (When.SHAPE, (Point.STREAM,)),
        "stream-404": (When.SHAPE, (Point.STREAM,)),
        "endless-stream": (When.SHAPE, (Point.STREAM,)),
        "truncated": (When.SHAPE, (Point.DOWNLOAD,)),
        "corrupt": (When.SHAPE, (Point.DOWNLOAD,)),
        "wrong-type": (When.SHAPE, (Point.DOWNLOAD,)),
        "redirect": (When.SHAPE, (Point.DOWNLOAD,)),
    }
)
"""Every kind: when it strikes, and where it may; the first place is where it does unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that is to strike once; `arg` is the kind's own (seconds, a code, an address), or empty."""

    kind: str
    on: Point
    arg: str = ""

    @property
    def when(self) -> When:
        """What it takes the place of."""
        return KINDS[self.kind][0]

    def number(self, unsaid: float) -> float:
        """The argument as a number from 0 to a day's seconds, `unsaid` where it is none."""
        try:
            number = float(self.arg)
        except ValueError:
            return unsaid
        return number if 0 <= number <= LONGEST else unsaid

    def code(self, unsaid: int) -> int:
        """The argument as an HTTP status of a failure, `unsaid` where it is none."""
        number = self.number(unsaid)
        return int(number) if 400 <= number <= 599 else unsaid


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A fault that strikes requests for `endpoint` (a glob) `times` times (None: for ever), each with `chance`."""

    fault: Fault
    times: int | None = 1
    chance: float = 1.0
    seed: int = 0
    endpoint: str = "*"


def fault_of(kind: str, on: str | None, arg: str) -> Fault:
    """A fault; `_` in its name is as good as `-`.

    Raises ValueError where there is no such kind, or where it cannot strike there.
    """
    kind = kind if kind in KINDS else kind.replace("_", "-")
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}: it is one of {', '.join(KINDS)}")
    points = KINDS[kind][1]
    if on is not None and on not in points:
        raise ValueError(f"{kind} strikes on {', '.join(points)}, not on {on!r}")
    return Fault(kind=kind, on=Point(on) if on else points[0], arg=arg)


def wished(header: str, here: Point) -> list[Fault]:
    """The faults that a request asks for itself: `KIND[@POINT][=ARG]`, with `;` between several.

    Those that may strike anywhere strike `here` unless told otherwise. Raises ValueError.
    """
    faults = []
    for wish in filter(None, (part.strip() for part in header.split(";"))):
        match = _WISH.fullmatch(wish)
        if match is None:
            raise ValueError(f"{wish!r} is no fault: KIND[@POINT][=ARG]")
        fault = fault_of(match["kind"], match["on"], match["arg"] or "")
        stays = match["on"] or here not in KINDS[fault.kind][1]
        faults.append(fault if stays else Fault(kind=fault.kind, on=here, arg=fault.arg))
    return faults


def rule_of(value: JSONValue) -> Rule:
    """A rule of the control API. Raises ValueError."""
    if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str | int):
        raise ValueError("a rule is an object with a kind")  # noqa: TRY004 - its shape is wrong, not our types
    strangers = set(value) - _KEYS
    if strangers:
        raise ValueError(f"unknown key {min(strangers)!r}: a rule has {', '.join(sorted(_KEYS))}")
    on, times, arg = value.get("on"), value.get("times", 1), value.get("arg")
    fault = fault_of(str(value["kind"]), None if on is None else str(on), "" if arg is None else str(arg))
    chance, seed = _number(value, "chance", 1), _number(value, "seed", 0)
    if times is not None and (isinstance(times, bool) or not isinstance(times, int)):
        raise ValueError("times is a whole number, or null for ever")
    return Rule(fault=fault, times=times, chance=chance, seed=int(seed), endpoint=str(value.get("endpoint", "*")))


def _number(value: JSONObject, name: str, unsaid: float) -> float:
    number = value.get(name, unsaid)
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < 1 << 53:
        raise ValueError(f"{name} is a number")
    return number


class _Running:
    """A rule with what is left of it; its own dice make it strike the same requests again."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.left = rule.times
        self._dice = Random(rule.seed)  # noqa: S311 - it must repeat itself

    def strikes(self, point: Point, endpoint: str) -> bool:
        rule = self.rule
        if self.left == 0 or rule.fault.on is not point or not fnmatchcase(endpoint, rule.endpoint):
            return False
        if rule.chance < 1 and self._dice.random() >= rule.chance:
            return False
        self.left = None if self.left is None else self.left - 1
        return True


class Faults:
    """The rules that hold now, in the order in which they came."""

    def __init__(self) -> None:
        """No rules yet."""
        self._rules: list[_Running] = []

    def add(self, rules: Iterable[Rule]) -> None:
        """Let these hold too."""
        self._rules.extend(_Running(rule) for rule in rules)

    def clear(self) -> None:
        """Let no rule hold."""
        self._rules.clear()

    def strike(self, point: Point, endpoint: str) -> Fault | None:
        """What strikes the request that has just come."""
        for running in self._rules:
            if running.rule.fault.when is not When.FATE and running.strikes(point, endpoint):
                return running.rule.fault
        return None

    def fates(self, endpoint: str) -> list[Fault]:
        """What decides how a request ends that is accepted now."""
        return [
            running.rule.fault
            for running in self._rules
            if running.rule.fault.when is When.FATE and running.strikes(Point.SUBMIT, endpoint)
        ]
