"""Finds and reads packs, and reports everything wrong with them.

Packs lie in the project's own folder `packs`, which wins, or among the shipped ones.
"""

from __future__ import annotations

import hashlib
import keyword
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, ValidationError
from msgspec.structs import replace

from nano_banana.formats.struct_schema import decode_section
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.json_values import JSONValue
from nano_banana.model.known_folders import shipped_path
from nano_banana.model.problem import Invalid, Position, Problem, did_you_mean, problem
from nano_banana.recipe.document import Document, read_yaml_file
from nano_banana.recipe.interpolation import RESERVED_VARIABLES as BUILT_IN
from nano_banana.recipe.naming import RESERVED_NAMES
from nano_banana.recipe.pack import (
    CROP_VARIABLE,
    PACK_SUBJECT_NAMES,
    Pack,
    PackTemplate,
    PackVariable,
    PackVariableType,
    VariableValueError,
)
from nano_banana.recipe.pack_schema import PackSection, TemplateSection, VariableSection, pack_schema
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_syntax import TemplateFault
from nano_banana.recipe.validate import check_shape

_ONLY_FOR_TYPE = {
    "choices": PackVariableType.CHOICE,
    "minimum": PackVariableType.NUMBER,
    "maximum": PackVariableType.NUMBER,
}
"""Keys that only variables of one type can have."""


PACK_FILE = "pack.yaml"
"""What makes a folder a pack."""
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
"""Suffixes of the pictures that a pack may hold."""
PACK_PHRASE = "the pack"


def read_pack(folder: Path, files: RecipeFiles) -> Pack:
    """The pack in a folder; its files are among those that `files` has seen. Raises Invalid with every problem.

    The prompts themselves are not checked: see `faults_of`.
    """
    inner = files.within(folder)
    shown = str(inner.folder / PACK_FILE)
    document = read_yaml_file(inner, PACK_FILE, shown=shown, phrase=PACK_PHRASE, otherwise="pack_not_mapping")
    if document is None:
        place = Position(file=shown, line=1, column=1)
        raise Invalid([problem("pack_not_mapping", position=place, file=PACK_FILE)])
    shape = check_shape(document, pack_schema())
    if shape.document is None or not shape.slight:
        raise Invalid(shape.problems)
    try:
        section = decode_section(shape.document.data, PackSection)
    except ValidationError:  # a value out of range, which the schema has reported
        raise Invalid(shape.problems) from None
    reader = _PackReader(shape.document, inner, list(shape.problems))
    pack = reader.pack(section)
    if reader.problems:
        raise Invalid(reader.problems)
    return pack


def pack_digest(files: RecipeFiles) -> str:
    """The digest of a pack: of its files' names and texts in the order of their names, pictures aside.

    Ends of lines don't count, as in a checkout on another system. Raises Invalid for what is no text.
    """
    folder, whole = files.folder, hashlib.sha256()
    named = {path.relative_to(folder).as_posix(): path for path in files.glob("**/*")}
    for name in sorted(named):
        if named[name].suffix.casefold() not in PICTURE_SUFFIXES:
            text = hashlib.sha256(files.read_text(named[name]).encode()).hexdigest()
            whole.update(f"{name}\0{text}\n".encode())
    return whole.hexdigest()


class _PackReader:
    """Reads what a pack.yaml of the right shape says."""

    def __init__(self, document: Document, files: RecipeFiles, problems: list[Problem]) -> None:
        self.problems = problems
        self._document = document
        self._files = files

    def pack(self, section: PackSection) -> Pack:
        """The pack; its problems are collected."""
        folder = self._files.folder
        if section.name != folder.name:
            self._note("pack_misnamed", ("name",), name=section.name, folder=folder.name)
        common = self._variables(section.variables, ("variables",))
        return Pack(
            name=section.name,
            version=section.version,
            title=section.title,
            about=section.about,
            license=section.license or "",
            folder=folder,
            digest=self._digest(),
            templates={name: self._template(name, each, common) for name, each in section.templates.items()},
            document=self._document,
            files=self._files,
            engine=TemplateEngine(self._files),
        )

    def _digest(self) -> str:
        try:
            return pack_digest(self._files)
        except Invalid as error:
            self._take_over(error, ())
            return ""

    def _variables(self, sections: Mapping[str, VariableSection], where: KeyPath) -> Mapping[str, PackVariable]:
        return {name: self._variable(name, section, (*where, name)) for name, section in sections.items()}

    def _variable(self, name: str, section: VariableSection, where: KeyPath) -> PackVariable:
        is_choice = section.type is PackVariableType.CHOICE
        if name in RESERVED_NAMES | BUILT_IN or keyword.iskeyword(name):
            self._wrong_key("reserved_name", where, name=name)
        for word, only in _ONLY_FOR_TYPE.items():
            if getattr(section, word) is not None and section.type is not only:
                self._wrong_key("pack_only_for", (*where, word), word=word, type=only.value, name=name)
        written = section.choices or {}
        choices = written if isinstance(written, dict) else {key: key for key in written}
        if is_choice and not choices:
            self._wrong_key("pack_no_choices", where, name=name)
        known = PackVariable(
            name=name,
            type=section.type,
            default=section.default,
            about=section.about,
            choices=choices if is_choice else {},
            minimum=section.minimum,
            maximum=section.maximum,
        )
        try:
            if not is_choice or choices:
                known.value(known.default)
        except VariableValueError as unfit:
            place = self._document.nearest((*where, "default"))
            self.problems.append(problem(unfit.kind, position=place, suggestions=unfit.suggestions, **unfit.data))
        return known

    def _template(self, name: str, section: TemplateSection, common: Mapping[str, PackVariable]) -> PackTemplate:
        where: KeyPath = ("templates", name)
        variables = {**common, **self._variables(section.variables, (*where, "variables"))}
        crops = section.crops or ()
        self._known_crops(crops, variables, {crop: (*where, "crops", at) for at, crop in enumerate(crops)})
        if crops and CROP_VARIABLE in variables and variables[CROP_VARIABLE].default not in crops:
            variables[CROP_VARIABLE] = replace(variables[CROP_VARIABLE], default=crops[0])
        sizes = section.sizes
        self._known_crops(tuple(sizes), variables, {crop: (*where, "sizes", crop) for crop in sizes}, keys=True)
        return PackTemplate(
            name=name,
            title=section.title,
            about=section.about,
            file=self._files.folder / section.prompt,
            text=self._prompt((*where, "prompt"), section.prompt),
            nouns=section.nouns,
            crops=crops,
            variables=variables,
            settings=section.settings,
            sizes={crop: {"width": size.width, "height": size.height} for crop, size in sizes.items()},
            adapter_scale=section.adapter_scale,
            gate=section.gate,
            preview=None if section.preview is None else self._preview((*where, "preview"), section.preview),
        )

    def _known_crops(
        self,
        names: tuple[str, ...],
        variables: Mapping[str, PackVariable],
        places: Mapping[str, KeyPath],
        *,
        keys: bool = False,
    ) -> None:
        """Note those that are no choices of the variable `crop`."""
        choices = variables[CROP_VARIABLE].choices if CROP_VARIABLE in variables else {}
        for name in names:
            if name not in choices:
                known = ", ".join(choices) or "none"
                near = did_you_mean(name, choices)
                place = self._document.key_place(places[name]) if keys else self._document.nearest(places[name])
                self.problems.append(problem("pack_crop", position=place, suggestions=near, name=name, known=known))

    def _prompt(self, where: KeyPath, path: str) -> str:
        if Path(path).suffix.casefold() in PICTURE_SUFFIXES:
            self._note("pack_no_prompt", where, file=path)
            return ""
        try:
            return self._files.read_text(path)
        except Invalid as error:
            self._take_over(error, where)
            return ""

    def _preview(self, where: KeyPath, path: str) -> Path | None:
        if Path(path).suffix.casefold() not in PICTURE_SUFFIXES:
            self._note("pack_no_picture", where, file=path)
            return None
        try:
            if not self._files.exists(path):
                self._note("file_missing", where, path=path)
            return self._files.locate(path)
        except Invalid as error:
            self._take_over(error, where)
            return None

    def _wrong_key(self, kind: str, where: KeyPath, **data: JSONValue) -> None:
        self.problems.append(Problem(kind=kind, position=self._document.key_place(where), data=data))

    def _note(self, kind: str, where: KeyPath, **data: JSONValue) -> None:
        self.problems.append(Problem(kind=kind, position=self._document.nearest(where), data=data))

    def _take_over(self, error: Invalid, where: KeyPath) -> None:
        """Note problems that came without a place."""
        for each in error.problems:
            kind = "pack_path_outside" if each.kind == "file_outside" else each.kind
            self.problems.append(replace(each, kind=kind, position=each.position or self._document.nearest(where)))


PACKS_FOLDER = "packs"
"""The folder of a project's own packs, in its root."""


class PackLocation(Struct, frozen=True, kw_only=True):
    """A pack's folder. One of the project's `own` wins over a shipped one, which it then `hides`."""

    name: str
    folder: Path
    own: bool
    hides: bool = False


class PackFinder:
    """Finds packs by name; what was looked for is among the files that `files` has seen."""

    def __init__(self, files: RecipeFiles, shipped: Path | None = None) -> None:
        """Look in the project of `files`, then in `shipped` (None: what came with the program)."""
        self._files = files
        self._own = files.root / PACKS_FOLDER
        self._shipped = shipped_path("recipes", "packs") if shipped is None else shipped

    def find(self, name: str) -> PackLocation | None:
        """The pack of that name. Raises Invalid (file_outside) for one of the project's that is a link out of it."""
        if Path(name).name != name or name.startswith("."):
            return None
        shipped = self._files.exists(self._shipped / name / PACK_FILE, confined=False)
        if self._files.exists(self._own / name / PACK_FILE):
            return PackLocation(name=name, folder=self._own / name, own=True, hides=shipped)
        return PackLocation(name=name, folder=self._shipped / name, own=False) if shipped else None

    def all(self) -> list[PackLocation]:
        """Every pack, by name; also those of the project that lead out of it, which `find` refuses."""
        own, shipped = set(_pack_names(self._own)), set(_pack_names(self._shipped))
        return [
            PackLocation(
                name=name,
                folder=(self._own if name in own else self._shipped) / name,
                own=name in own,
                hides=name in own and name in shipped,
            )
            for name in sorted(own | shipped)
        ]


def _pack_names(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from (path.name for path in folder.iterdir() if path.name[:1] != "." and (path / PACK_FILE).is_file())


def prompt_problems(pack: Pack, template: PackTemplate) -> list[Problem]:
    """Everything wrong with a template's prompt, without rendering it, each at its place in the pack."""
    names = {"subject": PACK_SUBJECT_NAMES, **template.names}
    return [fault.problem(pack.place(template, fault)) for fault in pack.engine.check(template.text, names)]


def unused_variables(pack: Pack, template: PackTemplate) -> list[str]:
    """The variables that change nothing: no prompt reads them. Of a template with sizes, `crop` picks one."""
    try:
        uses = pack.engine.compile(template.text).uses
    except TemplateFault:
        return []
    names = [name for name in template.variables if name not in uses]
    return [name for name in names if not (name == CROP_VARIABLE and template.sizes)]
