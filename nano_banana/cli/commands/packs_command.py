"""`packs`: show, test, create and add template packs."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import click

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.error_exit import problem_json
from nano_banana.cli.formatting import money, plural, visible, visible_html
from nano_banana.cli.options import FILE, FOLDER, add_options, pass_screen
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.screen import Screen
from nano_banana.formats.file_writing import as_user, translate_unwritable
from nano_banana.formats.html_page import data_url, html_page
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid, Unusable, problem

if TYPE_CHECKING:
    from nano_banana.features.packs.pack_install import IncomingPack
    from nano_banana.features.packs.pack_library import FoundPack, PackLibrary
    from nano_banana.features.packs.pack_testing import PackCase, TestedPack, TestedTemplate
    from nano_banana.recipe.pack import Pack, PackTemplate, PackVariable

SECTION = ("Manage", 3)

TEST_FAILED = 1
"""Exit code of `test` if a test fails."""


@click.group(name="packs", cls=SuggestingGroup, invoke_without_command=True)
@add_options("--json")
@click.pass_context
def command(context: click.Context) -> None:
    """Show, test, create and add template packs.

    A pack is a folder of prompt templates with variables. Built-in packs are ready to use; a project's own packs are in
    `packs/`. In a recipe: `templates: {noir: {pack: cinema/noir-detective}}`.

    Examples:
      nano-banana packs list
      nano-banana packs show cinema/noir-detective
      nano-banana packs add ~/Downloads/travel-1.2.0.zip
      nano-banana packs test
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command(name="list")
@add_options("--json")
@pass_screen
def list_(screen: Screen) -> None:
    """List all packs.

    Example:
      nano-banana packs list
    """
    from nano_banana.features.packs.pack_testing import found_pack_json

    found = _pack_library().all()
    if screen.machine:
        screen.json({"packs": [found_pack_json(each) for each in found]})
    else:
        say_packs(screen, found)


@command.command()
@click.argument("what", metavar="PACK[/TEMPLATE]")
@add_options("--json")
@pass_screen
def show(screen: Screen, what: str) -> None:
    """Show a pack's templates, or a template's variables and how to use it.

    Examples:
      nano-banana packs show cinema
      nano-banana packs show cinema/noir-detective
    """
    from nano_banana.features.packs.pack_testing import pack_json, pack_template_json

    library = _pack_library()
    if "/" in what and not Path(what, "pack.yaml").is_file():
        pack, template = library.template(what)
        if screen.machine:
            screen.json(
                {"pack": pack.name, "version": pack.version, "name": template.name, **pack_template_json(template)}
            )
        else:
            say_template(screen, pack, template)
        return
    pack = library.get(what)
    if screen.machine:
        screen.json(pack_json(pack))
    else:
        say_pack(screen, pack)


@command.command()
@click.argument("what", metavar="[PACK/TEMPLATE]", default="")
@click.option("--out", type=FILE, help="Copy the preview (or the generated picture) to this file.")
@click.option(
    "--photos", "--subject-photos", type=FOLDER, help="Generate the picture from this person's photos, locally."
)
@click.option("--noun", default="person", show_default=True, help="Class word for that person: woman, man, child …")
@click.option("--html", type=FILE, help="Write a page with all previews to this file.")
@add_options("--json")
@pass_screen
def preview(screen: Screen, what: str, *, out: Path | None, photos: Path | None, noun: str, html: Path | None) -> None:
    """Show a template's preview and its prompt for each choice.

    Examples:
      nano-banana packs preview cinema/noir-detective
      nano-banana packs preview cinema/noir-detective --photos photos/ana --out noir.png
      nano-banana packs preview --html packs.html
    """
    if html is not None:
        write_gallery(screen, _pack_library(), html)
    if what:
        preview_template(screen, _pack_library(), what, out=out, photos=photos, noun=noun)
    elif html is None:
        raise Invalid([problem("preview_of_nothing")])


@command.command()
@click.argument("name")
@pass_screen
def new(screen: Screen, name: str) -> None:
    """Create a commented starter pack that passes its own test.

    Example:
      nano-banana packs new travel
    """
    for path in create_pack(name, project_root(Path.cwd()) / "packs"):
        screen.say(f"wrote {os.path.relpath(path)}")
    screen.say("\nNext:")
    screen.say(f"  nano-banana packs test {name}")


@command.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER|ZIP")
@click.option("--name", default="", help="Name for the pack (default: its own name).")
@click.option("--force", is_flag=True, help="Replace a pack with that name without asking.")
@add_options("--json")
@pass_screen
def add(screen: Screen, source: Path, *, name: str, force: bool) -> None:
    """Add a pack to this project, from a folder, a zip or a git clone.

    The whole pack is checked first: only text and pictures, and every prompt renders.

    Examples:
      nano-banana packs add ~/Downloads/travel.zip
      nano-banana packs add ~/src/packs/travel
    """
    from nano_banana.features.packs.pack_install import discard_staged, install_pack, stage_pack

    incoming = stage_pack(source, project_root(Path.cwd()), name=name)
    try:
        same = incoming.replaces is not None and incoming.replaces.digest == incoming.pack.digest
        if not same and not force:
            _confirm_replacing(screen, incoming)
        install_pack(incoming)
    finally:
        discard_staged(incoming)
    pack, before = incoming.pack, incoming.replaces
    if screen.machine:
        screen.json(
            {
                "name": pack.name,
                "version": pack.version,
                "digest": pack.digest,
                "folder": str(incoming.target),
                "replaced": None if before is None else before.version,
                "commit": incoming.commit or None,
            }
        )
        return
    at = f" at commit {incoming.commit[:12]}" if incoming.commit else ""
    over = f", replacing {before.version}" if before is not None and not same else ""
    screen.say(f"added {pack.name} {pack.version}{at} in {os.path.relpath(incoming.target)}{over}")
    screen.say(f"see `nano-banana packs show {pack.name}`")


@command.command()
@click.argument("packs", nargs=-1, metavar="[PACK]...")
@click.option("--run", is_flag=True, help="Also generate and judge a picture per template, locally.")
@click.option("--photos", type=FOLDER, help="Photos of the person to use (default: a sample astronaut).")
@click.option("--noun", default="person", show_default=True, help="Class word for the person in --photos: woman, man …")
@add_options("--json")
@pass_screen
def test(screen: Screen, *, packs: tuple[str, ...], run: bool, photos: Path | None, noun: str) -> int:
    """Render every prompt with every choice, and plan a picture for each crop.

    Costs nothing. Exits with 1 if a test fails.

    Examples:
      nano-banana packs test
      nano-banana packs test travel --run
    """
    from nano_banana.cli.progress import progress
    from nano_banana.cli.run_reports import exit_code
    from nano_banana.features.packs.pack_testing import (
        TrialSubject,
        check_pack,
        draw_packs,
        example_subject,
        tested_pack_json,
    )

    library, settings, root = _pack_library(), settings_for(screen), project_root(Path.cwd())
    found = [library.find(name) for name in packs] or library.all()
    tested, code = [check_pack(each, root, settings, os.environ) for each in found], 0
    if run:
        sitter = example_subject() if photos is None else TrialSubject(photos=photos, noun=noun)
        with progress(screen) as on_event:
            tested, outcome = draw_packs(tested, sitter, root, settings, os.environ, on_event)
        code = 0 if outcome is None else exit_code(outcome)
    if screen.machine:
        told = [tested_pack_json(each, lambda problem: as_object(problem_json(problem))) for each in tested]
        screen.json({"packs": told, "good": all(each.is_ok for each in tested)})
    else:
        say_tested(screen, tested)
    return code if all(each.is_ok for each in tested) else TEST_FAILED


def _pack_library() -> PackLibrary:
    from nano_banana.features.packs.pack_library import PackLibrary

    return PackLibrary(project_root(Path.cwd()))


def _confirm_replacing(screen: Screen, incoming: IncomingPack) -> None:
    """Ask before a pack is replaced. Raises Invalid (`pack_would_replace`) for a no, or without a terminal."""
    if not incoming.is_blocked:
        return
    before = "something" if incoming.replaces is None else f"version {incoming.replaces.version}"
    asked = f"{incoming.pack.name}: {before} already exists. Replace it with version {incoming.pack.version}?"
    if sys.stdin.isatty() and screen.confirm(asked):
        return
    folder, version = str(incoming.target), incoming.pack.version
    raise Invalid([problem("pack_would_replace", folder=folder, before=before, version=version)])


def say_packs(screen: Screen, found: Sequence[FoundPack]) -> None:
    """Print one line per pack; then overridden and unreadable packs."""
    rows = []
    for each in found:
        pack, home = each.pack, "project" if each.place.own else "built-in"
        known = (pack.name, pack.version, str(len(pack.templates))) if pack else (each.place.name, "?", "?")
        rows.append((*known, home, pack.about if pack else "can't be read"))
    screen.table(rows, head=("pack", "version", "templates", "from", "about"))
    for each in found:
        if each.place.hides:
            screen.note(f"warning: your own `{each.place.name}` overrides the built-in one")
        if each.problems:
            count = plural(len(each.problems), "problem")
            screen.note(f"warning: `{each.place.name}` can't be used: {count}; see `nano-banana packs test`")


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


STARTER_FOLDER = Path(__file__).parents[1] / "pack_starter"
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

STYLE_FILE = Path(__file__).parents[1] / "assets" / "pack_page.css"


def pack_page(packs: Iterable[Pack]) -> Iterator[str]:
    """The page as pieces of HTML: every template with its preview and name."""
    return html_page("Packs", STYLE_FILE.read_text("utf-8"), _pack_sections(packs))


def _pack_sections(packs: Iterable[Pack]) -> Iterator[str]:
    yield "<h1>Packs</h1>\n"
    for pack in packs:
        version = f"{visible_html(pack.name)} {visible_html(pack.version)}"
        yield f"<section>\n<h2>{visible_html(pack.title)} <small>{version}</small></h2>\n"
        yield f"<p>{visible_html(pack.about)}</p>\n<ul>\n"
        for template in pack.templates.values():
            yield (
                f"<li>{_preview_html(template)}<div><h3>{visible_html(template.title)}</h3>"
                f"<p>{visible_html(template.about)}</p>"
                f"<p><code>{visible_html(pack.name)}/{visible_html(template.name)}</code></p></div></li>\n"
            )
        yield "</ul>\n</section>\n"


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
    from nano_banana.cli.progress import progress
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
    import shutil

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
    return visible(f"{case.noun}, {values or 'defaults'}")


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
    from nano_banana.cli.verdict_reports import counts_summary

    if not each.template.gate:
        return *cells, _gate_text(each.template)
    return *cells, counts_summary(each.accepted) if each.accepted is not None else "no picture"


def _say_faults(screen: Screen, whole: TestedPack) -> None:
    if whole.problems:
        screen.problems(list(whole.problems))
    for each in whole.templates:
        for fault in each.faults:
            screen.problems([fault.problem])
            screen.note(f"  in {whole.name}/{each.template.name}, {_case_title(fault.case)}")
