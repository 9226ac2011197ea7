"""The error tree: one drawing, one place, and words for every kind."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator

import pytest

from nano_banana.cli.diagnostics import Message, message_tables
from nano_banana.model import problem
from nano_banana.model.problem import NanoBananaError
from tests.house.source import definitions, dotted, modules

BRANCH = re.compile(r"^ {0,4}(?:([│ ] {3})*[├└]── )?(?P<name>\w+) +(?P<code>\d+) {3}\S", re.MULTILINE)
SIGNALS = {
    "nano_banana.emulator.request_entry.RequestNotFound",  # becomes a 404
    "nano_banana.recipe.template_values.TemplateValueError",  # a fault, as soon as its place is known
    "nano_banana.recipe.template_syntax.TemplateFault",  # the same, from inside a look-up
    "nano_banana.recipe.pack.VariableValueError",  # what that means hangs on who gave the value
    "nano_banana.recipe.prompts.PromptError",  # a fault with the text that it stands in
    "nano_banana.providers.fal.http_client.NoResponse",  # leaves fal-client, which sends again what it knows
    "nano_banana.providers.fal.http_client.RetryLater",  # the same
    "nano_banana.engine.call_resolver._ClaimedElsewhereError",  # leaves a flight, and whoever waited asks again
    "nano_banana.providers.fal.following._NoStream",  # leaves a stream
    "nano_banana.providers.fal.fal_platform_api.PlatformDenied",  # what that means hangs on who asks
}
"""Exceptions that never leave the room that raises them."""


def drawn() -> list[tuple[str, int]]:
    assert problem.__doc__ is not None
    return [(match["name"], int(match["code"])) for match in BRANCH.finditer(problem.__doc__)]


def real(cls: type[NanoBananaError]) -> list[tuple[str, int]]:
    branches = sorted(cls.__subclasses__(), key=lambda sub: list(vars(problem)).index(sub.__name__))
    return [(cls.__name__, cls.exit_code), *(row for sub in branches for row in real(sub))]


def test_the_drawing_is_the_tree() -> None:
    assert drawn() == real(NanoBananaError)


def test_errors_are_born_in_one_file() -> None:
    family = {name for name, _ in drawn()} | {"Exception", "BaseException", "ValueError", "RuntimeError", "OSError"}
    strays = {
        f"{module.name}.{node.name}"
        for module in modules()
        if module.name != problem.__name__
        for node in definitions(module)
        if isinstance(node, ast.ClassDef) and family & {dotted(base).rpartition(".")[2] for base in node.bases}
    }
    assert strays == SIGNALS


def words() -> dict[str, dict[str, Message]]:
    return {name: dict(table) for name, table in message_tables().items()}


def raised() -> Iterator[tuple[str, ast.Call]]:
    """Kinds that stand in the source as `problem("kind", …)` or `Problem(kind="kind", …)`, with the call."""
    for module in modules():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            name = dotted(node.func).rpartition(".")[2]
            values = node.args[:1] if name == "problem" else []
            values += [keyword.value for keyword in node.keywords if keyword.arg == "kind" and name == "Problem"]
            for value in values:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value, node


def test_every_kind_has_words() -> None:
    assert {kind for kind, _ in raised()} - {kind for table in words().values() for kind in table} == set()


def test_every_blank_in_the_words_is_filled() -> None:
    table = {kind: wording for room in words().values() for kind, wording in room.items()}
    unfilled = {
        f"{kind}: {{{blank}}}"
        for kind, call in raised()
        if kind in table and dotted(call.func).rpartition(".")[2] == "problem"
        if not any(keyword.arg is None for keyword in call.keywords)
        for blank in blanks(table[kind]) - {str(keyword.arg) for keyword in call.keywords}
    }
    assert unfilled == set()


def blanks(wording: Message) -> set[str]:
    """The names in braces; raises ValueError where a brace is astray."""
    fields = (field for _, field, _, _ in string.Formatter().parse(f"{wording.text} {wording.help}"))
    return {re.split(r"[.\[]", field)[0] for field in fields if field}


def test_no_kind_has_words_twice() -> None:
    kinds = [kind for table in words().values() for kind in table]
    assert sorted(kind for kind in set(kinds) if kinds.count(kind) > 1) == []


def test_no_words_are_left_over() -> None:
    used = {
        node.value
        for module in modules()
        if not module.name.startswith("nano_banana.cli.messages.")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {name: left for name, table in words().items() if (left := sorted(set(table) - used))} == {}


@pytest.mark.parametrize("room", words())
def test_words_are_one_sentence_and_fill_in(room: str) -> None:
    for kind, wording in words()[room].items():
        blanks(wording)
        assert re.fullmatch(r"[a-z][a-z0-9_]*", kind), kind
        assert wording.text, kind
        assert not wording.text.endswith("."), kind
        assert not re.match(r"[A-Z][a-z]", wording.text), f"{kind}: starts in lower case"
