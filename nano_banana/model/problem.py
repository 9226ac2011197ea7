"""Problems (kind, data and position) and the exceptions that carry them.

The wording is made elsewhere (`cli/words`). An exit code lives on each exception class:

NanoBananaError            1   something went wrong
├── Invalid                2   the recipe, the command line or a file of the user's is wrong
├── CallFailed             1   one call failed: sinks its take, not the run
├── Unusable               1   a tool or folder can't be used: full disk, read-only, a missing extra
├── LimitReached           3   stopped by a limit (budget)
├── Refused                4   the provider refused us altogether (key, balance)
└── Stopped              130   the user pressed Ctrl-C
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from nano_banana.model.json_values import JSONValue


class Position(Struct, frozen=True, kw_only=True, order=True):
    """A range of characters in a text file. `line` and `column` count from 1; `length` is at least 1."""

    file: str
    line: int
    column: int
    length: int = 1


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong.

    `kind` picks the message (`cli/messages`), `data` fills it in, and `suggestions` are names that were probably meant.
    A warning doesn't stop anything.
    """

    kind: str
    position: Position | None = None
    data: Mapping[str, JSONValue] = field(default_factory=dict)
    suggestions: tuple[str, ...] = ()
    warning: bool = False

    @property
    def order(self) -> tuple[str, int, int, str]:
        """A key to sort problems by position; those without one come first."""
        if self.position is None:
            return ("", 0, 0, self.kind)
        return (self.position.file, self.position.line, self.position.column, self.kind)


def did_you_mean(name: str, known: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """The known names nearest to `name`, best first (difflib ratio ≥ 0.6, letter case ignored)."""
    import difflib  # for mistakes alone

    by_fold = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=limit, cutoff=0.6)
    return tuple(by_fold[fold] for fold in near)


class NanoBananaError(Exception):
    """An error with its problems. Only `cli/` makes messages of them."""

    exit_code = 1

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.order))
        super().__init__(", ".join(f"{problem.kind} {dict(problem.data)}" for problem in self.problems))

    def __reduce__(self) -> tuple[type[NanoBananaError], tuple[tuple[Problem, ...]]]:
        """Errors can be pickled, to come from worker processes."""
        return (type(self), (self.problems,))


class Invalid(NanoBananaError):
    """The user's input is wrong; has all problems at once, sorted by position."""

    exit_code = 2


class CallFailed(NanoBananaError):
    """One call failed, and with it its take; the other takes go on.

    `cost_usd` is what the call cost nevertheless; None if unknown.
    """

    def __init__(self, problems: Iterable[Problem], *, cost_usd: float | None = 0.0) -> None:
        super().__init__(problems)
        self.cost_usd = cost_usd


class Unusable(NanoBananaError):
    """A resource of this machine can't be used: a full disk, a read-only folder, a missing extra."""


class LimitReached(NanoBananaError):
    """The run stopped before it exceeded one of the user's limits."""

    exit_code = 3


class Refused(NanoBananaError):
    """The provider refuses all requests until the user fixes something (key, balance)."""

    exit_code = 4


class Stopped(NanoBananaError):
    """The user pressed Ctrl-C."""

    exit_code = 130


def problem(
    kind: str, *, position: Position | None = None, suggestions: tuple[str, ...] = (), **data: JSONValue
) -> Problem:
    """Make a problem: `raise CallFailed([problem("download_broken", url=url)])`."""
    return Problem(kind=kind, position=position, data=data, suggestions=suggestions)
