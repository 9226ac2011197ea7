"""Every prompt that the shipped packs can say, with every choice, reads as a sentence does."""

from __future__ import annotations

import re

import pytest

from tests.packs_shipped.shipped import TRIGGER, TYPED, Shipped, templates

PRAISE = (
    "amazing|award|beautiful|best|breathtaking|detailed|elegant|epic|exquisite|flawless|gorgeous|handsome|high quality|"
    "hyper|incredible|magazine|masterpiece|perfect|photorealistic|pretty|professional|realistic|stunning|trending|"
    "ultra|4k|8k|hdr|uhd"
)
NEGATIVE = "no|not|without|never|avoid"
FAULTS = {
    "praise where a fact should be": re.compile(rf"\b(?:{PRAISE})\b", re.IGNORECASE),
    "a negative": re.compile(rf"\b(?:{NEGATIVE})\b", re.IGNORECASE),
    "a weight": re.compile(r"\(|\)|:\s*\d|\+\+"),
    "something on a screen": re.compile(r"\b(?:screen|monitor|display|sign saying|lettering|headline)s?\b"),
    "an empty slot": re.compile(r" ,|,,|, ,|\bwith(?:,|$)|\bin(?:,|$)|\bon(?:,|$)|^,|,$|  | $"),
    "what a template leaves behind": re.compile(r"[{}%]|None|True|False"),
    "a word twice": re.compile(r"\b(\w+) \1\b"),
    "a wrong article": re.compile(r"\ba (?=[aeio]\w)|\ban (?=[^aeiouhAEIOUH])"),
    "a capital in the middle of nowhere": re.compile(r", [A-Z](?!SO|ineStill|ortra|uperia|ri-X)"),
}
LIGHT = re.compile(r"light|lamp|sun|softbox|flash|moonlight|fog brightening|beauty dish")
MEDIUM = re.compile(r"photograph|film still|film noir still|slide|snap|painting|sketch|comic book cover")


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_a_template_reads_well_with_every_choice(template: Shipped) -> None:
    for choices, said in template.prompts():
        found = {fault: match.group() for fault, how in FAULTS.items() if (match := how.search(said))}
        assert not found, f"{found} in {said!r} ({choices})"
        assert said.startswith(f"{TRIGGER} {template.noun}, "), said
        assert MEDIUM.search(said.split(", ")[1]), f"the medium comes second: {said}"
        assert LIGHT.search(said), f"where is the light? {said}"
        assert 45 <= len(said.split()) <= 95, f"{len(said.split())} words: {said}"
        assert len(said) <= 560, said


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_what_is_chosen_is_said(template: Shipped) -> None:
    """A variable that the prompt forgets would be a promise to nobody; one that is left empty leaves no trace."""
    common = [pair for pair in template.prompts() if pair[0].get("extra") == ""]
    heard = {name for choices, said in common for name, value in choices.items() if value and str(value) in said}
    switches = {name for name, variable in template.variables.items() if variable["type"] == "boolean"}
    assert heard | switches >= template.variables.keys() - {"extra", "light"}
    for choices, said in template.prompts():
        if choices["extra"]:
            assert said.endswith(f", {TYPED['extra']}")
            assert TYPED["light"] in said
            assert f"{TYPED['expression']}," in said


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_a_switch_changes_what_is_said(template: Shipped) -> None:
    prompts = [(choices, said) for choices, said in template.prompts() if not choices["extra"]]
    for name, variable in template.variables.items():
        if variable["type"] == "boolean":
            on, off = ({said for choices, said in prompts if choices[name] is which} for which in (True, False))
            assert not on & off


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_what_it_was_taken_with_is_named(template: Shipped) -> None:
    tool = r"\b\d+ mm (?:\w+ )?lens\b|glass plate|\bphone\b|visible brushwork|pencil lines|ink bled"
    for _, said in template.prompts():
        assert re.search(tool, said), said


def test_no_two_prompts_are_the_same() -> None:
    seen: dict[str, str] = {}
    for template in templates():
        for choices, said in template.prompts():
            if choices["extra"] == "" and choices["expression"]:
                key = said if choices["light"] == "" else f"{template.id} {said}"
                assert seen.setdefault(key, template.id) == template.id
