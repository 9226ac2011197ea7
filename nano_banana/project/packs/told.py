"""Packs and their tests as programs read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from nano_banana.core.json import JSONObject
from nano_banana.core.problem import Problem
from nano_banana.core.verdict import Ruling
from nano_banana.project.packs.library import Found
from nano_banana.project.packs.testing import TestedPack, TestedTemplate
from nano_banana.recipe.packs.pack import Pack, PackTemplate


def tell_found(found: Found) -> JSONObject:
    """A line of the list."""
    pack, place = found.pack, found.place
    head: JSONObject = {
        "name": place.name,
        "from": "project" if place.own else "shipped",
        "folder": str(place.folder),
        "hides_shipped": place.hides,
        "problems": len(found.problems),
    }
    if pack is None:
        return head
    about: JSONObject = {"version": pack.version, "title": pack.title, "about": pack.about, "license": pack.license}
    return {**head, **about, "digest": pack.digest, "templates": list(pack.templates)}


def tell_pack(pack: Pack) -> JSONObject:
    """A pack with all that its templates say."""
    return {
        "name": pack.name,
        "version": pack.version,
        "title": pack.title,
        "about": pack.about,
        "license": pack.license,
        "folder": str(pack.folder),
        "digest": pack.digest,
        "templates": {name: tell_template(template) for name, template in pack.templates.items()},
    }


def tell_template(template: PackTemplate) -> JSONObject:
    """A template with its variables."""
    return {
        "title": template.title,
        "about": template.about,
        "prompt": str(template.file),
        "nouns": list(template.nouns),
        "crops": list(template.crops),
        "variables": {
            name: {
                key: value
                for key, value in asdict(variable).items()
                if key != "name" and (value not in (None, {}) or key == "default")
            }
            for name, variable in template.variables.items()
        },
        "settings": template.settings,
        "sizes": template.sizes,
        "adapter_scale": template.adapter_scale,
        "gate": template.gate,
        "preview": None if template.preview is None else str(template.preview),
    }


TellProblem = Callable[[Problem], JSONObject]
"""A problem with its words, which are not ours to say."""


def tell_tested(tested: TestedPack, problem: TellProblem) -> JSONObject:
    """What a test found."""
    return {
        "name": tested.name,
        "version": None if tested.pack is None else tested.pack.version,
        "good": tested.good,
        "problems": [problem(each) for each in tested.problems],
        "templates": {each.template.name: _template(each, problem) for each in tested.templates},
    }


def _template(each: TestedTemplate, problem: TellProblem) -> JSONObject:
    counts = each.accepted
    return {
        "prompts": each.cases,
        "faults": [
            {**problem(fault.problem), "noun": fault.case.noun, "with": fault.case.values} for fault in each.faults
        ],
        "planned": [asdict(planned) for planned in each.planned],
        "accepted": None if counts is None else {each.value: counts[each] for each in Ruling if counts[each]},
    }
