"""Packs on the terminal: lists, previews, test results, a new pack.

The gallery is one HTML page that needs no network. A new pack is made from `cli/pack_starter`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from nano_banana.cli.formatting import money, plural, visible, visible_html
from nano_banana.cli.progress import progress
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict_reports import counts_summary
from nano_banana.formats.file_writing import as_user, translate_unwritable
from nano_banana.formats.html_page import data_url, html_page
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid, Unusable, problem

if TYPE_CHECKING:
    from nano_banana.features.packs.pack_library import FoundPack, PackLibrary
    from nano_banana.features.packs.pack_testing import PackCase, TestedPack, TestedTemplate
    from nano_banana.recipe.pack import Pack, PackTemplate, PackVariable


def say_packs(screen: Screen, found: Sequence[FoundPack]) -> None:
    """Print one line per pack; then overridden and unreadable packs."""
    rows = [_pack_row(each) for each in found]
    screen.table(rows, head=("pack", "version", "templates", "from", "about"))
    for each in found:
        if each.place.hides:
            screen.note(f"warning: your own `{each.place.name}` overrides the built-in one")
        if each.problems:
            count = plural(len(each.problems), "problem")
            screen.note(f"warning: `{each.place.name}` can't be used: {count}; see `nano-banana packs test`")


def _pack_row(found: FoundPack) -> tuple[str, ...]:
    pack, place = found.pack, found.place
    home = "project" if place.own else "built-in"
    if pack is None:
        return place.name, "?", "?", home, "can't be read"
    return pack.name, pack.version, str(len(pack.templates)), home, pack.about


def say_pack(screen: Screen, pack: Pack) -> None:
    """Print a pack's templates, one per line."""
    license_ = f", {pack.license}" if pack.license else ""
    screen.say(f"{visible(pack.title)} ({pack.name} {pack.version}{visible(license_)}): {visible(pack.about)}")
    screen.say()
    rows = [
        (template.name, ", ".join(template.nouns) or "anyone", _gate_text(template), template.about)
        for template in pack.templates.values()
    ]
    screen.table(rows, head=("template", "for", "gate", "about"), indent=2)
    screen.say()
    screen.say(f"See `nano-banana packs show {pack.name}/{next(iter(pack.templates))}` for details.")


def say_template(screen: Screen, pack: Pack, template: PackTemplate) -> None:
    """Print everything about a template, and a part of a recipe to copy."""
    screen.say(f"{visible(template.title)} ({pack.name}/{template.name}): {visible(template.about)}")
    screen.say()
    for name, text in _template_facts(template):
        screen.say(f"  {name + ':':<14} {visible(text)}")
    screen.say()
    rows = [_variable_row(variable) for variable in template.variables.values()]
    screen.table(rows, head=("variable", "type", "default", "about"), indent=2)
    choices = {name: known.choices for name, known in template.variables.items() if known.choices}
    for name, words in choices.items():
        screen.say()
        screen.say(f"  {name}:")
        screen.table([(key, "" if text == key else text) for key, text in words.items()], indent=4)
    screen.say()
    screen.say("In a recipe:")
    screen.say()
    for line in _recipe_example(pack, template):
        screen.say(f"  {visible(line)}")


def _template_facts(template: PackTemplate) -> Iterator[tuple[str, str]]:
    yield "for", ", ".join(template.nouns) or "anyone"
    if template.crops:
        yield "crops", ", ".join(template.crops)
    yield "gate", _gate_text(template)
    if template.settings:
        yield "settings", ", ".join(f"{name} {value}" for name, value in template.settings.items())
    if template.sizes:
        sizes = {name: f"{size['width']}×{size['height']}" for name, size in template.sizes.items()}
        yield "sizes", ", ".join(f"{name} {size}" for name, size in sizes.items())
    if template.adapter_scale is not None:
        yield "adapter scale", f"{template.adapter_scale:g}"
    yield "prompt", str(template.file)
    if template.preview is not None:
        yield "preview", str(template.preview)


def _gate_text(template: PackTemplate) -> str:
    return "judged" if template.gate else "painted, not judged"


def _variable_row(variable: PackVariable) -> tuple[str, ...]:
    bounds = [f"from {variable.minimum:g}"] if variable.minimum is not None else []
    bounds += [f"to {variable.maximum:g}"] if variable.maximum is not None else []
    kind = " ".join([variable.type.value, *bounds])
    return variable.name, kind, _recipe_value(variable.default), variable.about


def _recipe_example(pack: Pack, template: PackTemplate) -> Iterator[str]:
    """A use of the template in a recipe, with its first choices and their defaults."""
    chosen = [known for known in template.variables.values() if known.choices][:2]
    values = ", ".join(f"{known.name}: {_recipe_value(known.default)}" for known in chosen)
    given = f", with: {{{values}}}" if values else ""
    yield "templates:"
    yield f"  {template.name}: {{pack: {pack.name}/{template.name}{given}}}"


def _recipe_value(value: JSONValue) -> str:
    """A value in YAML."""
    if isinstance(value, str):
        return value if value.replace("-", "").replace("_", "").isalpha() else json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)


STARTER_FOLDER = Path(__file__).parent / "pack_starter"
PACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def create_pack(name: str, packs: Path) -> list[Path]:
    """Write a starter pack into the folder of packs, and return its files.

    Raises Invalid (`not_a_name`, `pack_there_already`) and Unusable (`unwritable`).
    """
    if not PACK_NAME.fullmatch(name):
        raise Invalid([problem("not_a_name", name=name)])
    folder = packs / name
    if folder.exists():
        raise Invalid([problem("pack_there_already", folder=str(folder))])
    text = Template((STARTER_FOLDER / "pack.yaml.txt").read_text("utf-8"))
    title = name.replace("-", " ").replace("_", " ").capitalize()
    files = {
        folder / "pack.yaml": text.substitute(name=_quoted_yaml(name), title=_quoted_yaml(title)),
        folder / "portrait.j2": (STARTER_FOLDER / "prompt.j2.txt").read_text("utf-8"),
    }
    with translate_unwritable(folder), as_user():
        folder.mkdir(parents=True)
        for path, written in files.items():
            path.write_text(written, "utf-8")
    return list(files)


def _quoted_yaml(text: str) -> str:
    """The text with quotes if YAML would read it as something else, such as `no`."""
    return f'"{text}"' if text.casefold() in {"y", "n", "yes", "no", "on", "off", "true", "false", "null"} else text


PREVIEW_MEDIA_TYPES = {".png": "image/png", ".webp": "image/webp"}

PACK_PAGE_STYLE = """
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; --line: #8884; }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; }
h2 { margin: 2rem 0 .25rem; } h2 small { font-weight: 400; opacity: .7; font-size: .7em; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 1rem; padding: 0; }
li { list-style: none; border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; }
img, .none { display: block; width: 100%; aspect-ratio: 4 / 5; object-fit: cover; background: var(--line); }
.none { display: grid; place-items: center; opacity: .6; }
li div { padding: .6rem .75rem; } h3 { margin: 0; font-size: 1rem; } p { margin: .25rem 0 0; }
code { font-size: .8rem; overflow-wrap: anywhere; }
"""


def pack_page(packs: Iterable[Pack]) -> Iterator[str]:
    """The page as pieces of HTML: every template with its preview and name."""
    return html_page("Packs", PACK_PAGE_STYLE, _pack_sections(packs))


def _pack_sections(packs: Iterable[Pack]) -> Iterator[str]:
    yield "<h1>Packs</h1>\n"
    for pack in packs:
        version = f"{visible_html(pack.name)} {visible_html(pack.version)}"
        yield f"<section>\n<h2>{visible_html(pack.title)} <small>{version}</small></h2>\n"
        yield f"<p>{visible_html(pack.about)}</p>\n<ul>\n"
        for template in pack.templates.values():
            yield _template_card(pack, template)
        yield "</ul>\n</section>\n"


def _template_card(pack: Pack, template: PackTemplate) -> str:
    return (
        f"<li>{_preview_html(template)}<div><h3>{visible_html(template.title)}</h3><p>{visible_html(template.about)}</p>"
        f"<p><code>{visible_html(pack.name)}/{visible_html(template.name)}</code></p></div></li>\n"
    )


def _preview_html(template: PackTemplate) -> str:
    if template.preview is None or not template.preview.is_file():
        return '<span class="none">no preview</span>'
    media = PREVIEW_MEDIA_TYPES.get(template.preview.suffix.casefold(), "image/jpeg")
    source = data_url(template.preview.read_bytes(), media)
    return f'<img src="{source}" alt="{visible_html(template.title)}" loading="lazy">'


def preview_template(
    screen: Screen, library: PackLibrary, what: str, *, out: Path | None, photos: Path | None, noun: str
) -> None:
    """Print the path of the preview and the prompts; with photos, generate a picture of that person first.

    Raises Invalid for problems of the template, Unusable if there is no picture for `out`.
    """
    from nano_banana.features.packs.pack_testing import case_prompt, template_cases, template_faults

    pack, template = library.template(what)
    faults = template_faults(pack, template)
    if faults:
        screen.problems([fault.problem for fault in faults])
        raise Unusable([problem("pack_faulty", template=what)])
    picture = template.preview if photos is None else _make_picture(screen, pack, template, photos, noun)
    if out is not None:
        _copy_picture(picture, out, what)
    prompts = [(case, case_prompt(pack, template, case)) for case in template_cases(template)]
    if screen.machine:
        told: list[JSONObject] = [{"noun": case.noun, "with": case.values, "prompt": text} for case, text in prompts]
        screen.json({"picture": None if picture is None else str(picture), "prompts": told})
        return
    screen.say(f"picture: {'none' if picture is None else os.path.relpath(picture)}")
    for case, text in prompts:
        screen.say()
        screen.say(screen.paint("bold", _case_title(case)))
        screen.say(f"  {visible(text)}")


def write_gallery(screen: Screen, library: PackLibrary, html: Path) -> None:
    """Write the page of all previews. Raises Unusable (`unwritable`)."""
    packs = [found.pack for found in library.all() if found.pack is not None]
    with translate_unwritable(html), html.open("w", encoding="utf-8") as file:
        file.writelines(pack_page(packs))
    screen.say(f"wrote {html}")


def _make_picture(screen: Screen, pack: Pack, template: PackTemplate, photos: Path, noun: str) -> Path | None:
    from nano_banana.features.packs.pack_testing import TrialSubject, run_trial

    settings, sitter = settings_for(screen), TrialSubject(photos=photos, noun=noun)
    with progress(screen) as on_event:
        outcome, _ = run_trial([(pack, template)], sitter, project_root(Path.cwd()), settings, os.environ, on_event)
    problems = [problem for record in outcome.records for problem in record.problems]
    if problems:
        screen.problems(problems)
    return next((outcome.folder / made.name for record in outcome.records for made in record.pictures), None)


def _copy_picture(picture: Path | None, out: Path, what: str) -> None:
    """Write the picture to `out`, in the format of its suffix."""
    from nano_banana.formats.photo_export import OUTPUT_FORMATS, convert_image

    if picture is None:
        raise Unusable([problem("no_preview", template=what)])
    suffix = out.suffix.casefold()
    if suffix not in OUTPUT_FORMATS:
        raise Invalid([problem("preview_suffix", file=str(out))])
    with translate_unwritable(out):
        if OUTPUT_FORMATS[suffix] == OUTPUT_FORMATS.get(picture.suffix.casefold()):
            shutil.copyfile(picture, out)
        else:
            out.write_bytes(convert_image(picture, suffix))


def _case_title(case: PackCase) -> str:
    values = ", ".join(f"{name}: {value}" for name, value in case.values.items())
    return f"{case.noun}, {values}" if values else f"{case.noun}, defaults"


KEY_CHARS = 12
"""Most characters of a call's key that are shown."""


def say_tested(screen: Screen, tested: Sequence[TestedPack]) -> None:
    """Print a table and the problems of each pack, and a total."""
    for whole in tested:
        version = "" if whole.pack is None else f" {whole.pack.version}"
        screen.say(f"{screen.paint('bold', visible(whole.name) + version)}")
        if whole.templates:
            judged = any(each.accepted is not None for each in whole.templates)
            head = ("template", "prompts", "pictures", "cost each", "call", *(("gate",) if judged else ()))
            screen.table([_tested_row(each, judged=judged) for each in whole.templates], head=head, indent=2)
        _say_faults(screen, whole)
        screen.say()
    bad = [whole.name for whole in tested if not whole.is_ok]
    prompts = sum(each.cases for whole in tested for each in whole.templates)
    count = f"{plural(len(tested), 'pack')}, {plural(sum(len(whole.templates) for whole in tested), 'template')}"
    end = f"problems in {', '.join(map(visible, bad))}" if bad else "no problems"
    screen.say(f"{count}, {plural(prompts, 'prompt')}: {end}")


def _tested_row(each: TestedTemplate, *, judged: bool) -> tuple[str, ...]:
    planned = each.planned
    known = [picture.cost_usd for picture in planned if picture.cost_usd is not None]
    low, high = (min(known), max(known)) if known else (None, None)
    cost = money(high) if low == high else f"{money(low)}–{money(high)}"
    cells = (
        each.template.name,
        f"{each.cases:,}",
        f"{len(planned):,}" if planned else "-",
        cost if planned else "-",
        planned[0].key[:KEY_CHARS] if planned else f"{plural(len(each.faults), 'fault')}" if each.faults else "-",
    )
    if not judged:
        return cells
    gate = "painted, not judged" if not each.template.gate else ""
    return (*cells, gate or (counts_summary(each.accepted) if each.accepted is not None else "no picture"))


def _say_faults(screen: Screen, whole: TestedPack) -> None:
    if whole.problems:
        screen.problems(list(whole.problems))
    for each in whole.templates:
        for fault in each.faults:
            screen.problems([fault.problem])
            screen.note(f"  in {whole.name}/{each.template.name}, {_case_text(fault.case.noun, fault.case.values)}")


def _case_text(noun: str, values: JSONObject) -> str:
    said = ", ".join(f"{name}={value}" for name, value in values.items())
    return f"{visible(noun)}, {visible(said) or 'defaults'}"
