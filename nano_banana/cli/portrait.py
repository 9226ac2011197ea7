"""A picture's own story in words, away from its recipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nano_banana.cli.amounts import money
from nano_banana.cli.cells import visible
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.marks.account import COMPOSITE, TRAINED, Account, Told
from nano_banana.project.portrait.portrait import Portrait

SOURCES = {
    TRAINED: "AI-made (trainedAlgorithmicMedia)",
    COMPOSITE: "AI-made over another picture (compositeWithTrainedAlgorithmicMedia)",
}
SHORT = 12
"""Characters of a digest that are shown."""

_LONGEST = 300
"""Characters of a value that are shown; `--json` has all."""


def say_portrait(screen: Screen, portrait: Portrait) -> None:
    """Print what the picture is, then every call behind it with what it was asked, and whether the file is still it."""
    account = portrait.account
    screen.say(f"{visible(account.take)}, {visible(account.stage)}, of the recipe {visible(account.recipe)}")
    for line in _lines(account):
        screen.say(f"  {line}")
    for call in account.calls:
        say_call(screen, call)
    if portrait.intact:
        screen.say(f"the file is as it was written ({account.picture[:SHORT]})")
    else:
        screen.say(screen.paint("yellow", "the file was changed since: what it shows may not be what is told here"))


def say_call(screen: Screen, call: Told) -> None:
    """Print a call: who answered, from which files, with which arguments; a prompt on a line of its own."""
    cost = f", {money(call.cost_usd)}" if call.cost_usd else ""
    stage = f"{visible(call.stage)}: " if call.stage else ""
    screen.say(f"  {stage}{visible(call.provider)} {visible(call.endpoint)}{cost}")
    prompt = call.arguments.get("prompt")
    if isinstance(prompt, str):
        screen.say(f"      prompt: {_short(prompt)}")
    plain = ", ".join(_arguments(call.arguments))
    if plain:
        screen.say(f"      {plain}")
    if call.inputs:
        screen.say(
            f"      from {', '.join(f'{visible(at)} {visible(each[:SHORT])}' for at, each in call.inputs.items())}"
        )


def _lines(account: Account) -> Iterator[str]:
    if account.source in SOURCES:
        yield SOURCES[account.source]
    if account.people:
        people = [f"{visible(each.name)} ({visible(f'{each.trigger} {each.noun}'.strip())})" for each in account.people]
        yield f"of {', '.join(people)}"
    axes = [f"{visible(axis)} {visible(value)}" for axis, value in account.axes.items()]
    seed = [] if account.seed is None else [f"seed {account.seed}"]
    tries = [f"try {visible(account.label)}"] if account.label else []
    if account.shot:
        yield ", ".join([f"shot {visible(account.shot)}", *axes, *seed, *tries])
    if account.verdict:
        yield _verdict(account.verdict)
    if account.made_at:
        made = f"made {visible(account.made_at)} by run {visible(account.run)}"
        yield f"{made}, with Nano Banana {visible(account.program)}"
    if account.calls:
        yield f"{numbered(len(account.calls), 'call')} behind it:"


def _verdict(verdict: JSONObject) -> str:
    score = verdict.get("score")
    likeness = f", likeness {score:.2f}" if isinstance(score, int | float) else ""
    ruling = str(verdict.get("ruling", "")).replace("_", " ")
    return visible(f"{verdict.get('stage', '')}: {ruling}{likeness}")


def _arguments(arguments: JSONObject) -> Sequence[str]:
    return [f"{visible(name)} {_short(_text(value))}" for name, value in arguments.items() if name != "prompt"]


def _text(value: JSONValue) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    return visible(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
