"""Reads a pack's folder, and notes everything wrong with its pack.yaml."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_number, as_object, as_text
from nano_banana.core.problem import Problem, did_you_mean
from nano_banana.recipe.composer import compose
from nano_banana.recipe.document import Document, Texts
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.located import Located, Steps, plain
from nano_banana.recipe.packs.declared import Declared
from nano_banana.recipe.packs.grammar import PACK
from nano_banana.recipe.packs.pack import CROP, Pack, PackTemplate
from nano_banana.recipe.packs.variable import Variable
from nano_banana.recipe.source import Source
from nano_banana.recipe.templates.engine import TemplateEngine
from nano_banana.recipe.validate import check_shape

FILE = "pack.yaml"
"""What makes a folder a pack."""
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
"""Suffixes of the pictures that a pack may hold."""
WHOLE = "the pack"


def read_pack(folder: Path, files: RecipeFiles) -> Pack:
    """The pack in a folder; its files are among those that `files` has seen. Raises Invalid with every problem.

    The prompts themselves are not checked: see `faults_of`.
    """
    inner = files.within(folder)
    document = _document(inner)
    shape = check_shape(document, PACK)
    if shape.document is None or not shape.slight:
        raise Invalid(shape.problems)
    reader = _Reader(shape.document, inner, list(shape.problems))
    pack = reader.pack()
    if reader.problems:
        raise Invalid(reader.problems)
    return pack


def _document(files: RecipeFiles) -> Document:
    shown = str(files.folder / FILE)
    source = Source(file=shown, text=files.read_text(FILE))
    composed = compose(source)
    top = composed.top
    if composed.problems or top is None or top.entries is None:
        raise Invalid(composed.problems or [trouble("pack_not_mapping", place=source.place(0, 1), file=FILE)])
    texts = Texts(shown=shown, files=files, sources={shown: source})
    return Document(data=_object(top), env_read=frozenset(), tree=top, texts=texts, whole=WHOLE)


def _object(top: Located) -> JSONObject:
    return as_object(plain(top))


def digest_of(files: RecipeFiles) -> str:
    """The digest of a pack: of its files' names and texts in the order of their names, pictures aside.

    Ends of lines don't count, as in a checkout on another system. Raises Invalid for what is no text.
    """
    folder, whole = files.folder, hashlib.sha256()
    named = {path.relative_to(folder).as_posix(): path for path in files.glob("**/*")}
    for name in sorted(named):
        if named[name].suffix.casefold() not in PICTURES:
            text = hashlib.sha256(files.read_text(named[name]).encode()).hexdigest()
            whole.update(f"{name}\0{text}\n".encode())
    return whole.hexdigest()


class _Reader:
    """Reads what a pack.yaml of the right shape says."""

    def __init__(self, document: Document, files: RecipeFiles, problems: list[Problem]) -> None:
        self.problems = problems
        self._document = document
        self._files = files

    def pack(self) -> Pack:
        """The pack; what is wrong with it is noted."""
        data, folder = self._document.data, self._files.folder
        name = as_text(data["name"])
        if name != folder.name:
            self._note("pack_misnamed", ("name",), name=name, folder=folder.name)
        common = self._variables(("variables",))
        templates = {name: self._template(("templates", name), common) for name in as_object(data["templates"])}
        return Pack(
            name=name,
            version=as_text(data["version"]),
            title=as_text(data["title"]),
            about=as_text(data["about"]),
            license=as_text(data.get("license", "")),
            folder=folder,
            digest=self._digest(),
            templates=templates,
            document=self._document,
            files=self._files,
            engine=TemplateEngine(self._files),
        )

    def _digest(self) -> str:
        try:
            return digest_of(self._files)
        except Invalid as error:
            self._take_over(error, ())
            return ""

    def _variables(self, where: Steps) -> Mapping[str, Variable]:
        declared = Declared(self._document, where)
        self.problems += declared.problems
        return declared.variables

    def _template(self, where: Steps, common: Mapping[str, Variable]) -> PackTemplate:
        data = self._entry(where)
        variables = {**common, **self._variables((*where, "variables"))}
        crops = self._crops(where, data.get("crops"), variables)
        if crops and CROP in variables and variables[CROP].default not in crops:
            variables[CROP] = replace(variables[CROP], default=crops[0])
        sizes = as_object(data.get("sizes"))
        self._known_crops(list(sizes), variables, {name: (*where, "sizes", name) for name in sizes}, keys=True)
        scale = data.get("adapter_scale")
        return PackTemplate(
            name=str(where[-1]),
            title=as_text(data["title"]),
            about=as_text(data["about"]),
            file=self._files.folder / as_text(data["prompt"]),
            text=self._prompt((*where, "prompt"), as_text(data["prompt"])),
            nouns=tuple(as_text(noun) for noun in as_items(data.get("nouns"))),
            crops=crops,
            variables=variables,
            settings=as_object(data.get("settings")),
            sizes={name: as_object(size) for name, size in sizes.items()},
            adapter_scale=None if scale is None else as_number(scale),
            gate=data.get("gate", True) is not False,
            preview=self._preview((*where, "preview"), data.get("preview")),
        )

    def _entry(self, where: Steps) -> JSONObject:
        return as_object(as_object(self._document.data["templates"])[str(where[-1])])

    def _crops(self, where: Steps, value: JSONValue, variables: Mapping[str, Variable]) -> tuple[str, ...]:
        names = tuple(as_text(name) for name in as_items(value))
        self._known_crops(names, variables, {name: (*where, "crops", at) for at, name in enumerate(names)})
        return names

    def _known_crops(
        self,
        names: tuple[str, ...] | list[str],
        variables: Mapping[str, Variable],
        places: Mapping[str, Steps],
        *,
        keys: bool = False,
    ) -> None:
        """Note those that are no choices of the variable `crop`."""
        choices = variables[CROP].choices if CROP in variables else {}
        for name in names:
            if name not in choices:
                known = ", ".join(choices) or "none"
                near = did_you_mean(name, choices)
                place = self._document.key_place(places[name]) if keys else self._document.nearest(places[name])
                self.problems.append(trouble("pack_crop", place=place, hint=near, name=name, known=known))

    def _prompt(self, where: Steps, path: str) -> str:
        if Path(path).suffix.casefold() in PICTURES:
            self._note("pack_no_prompt", where, file=path)
            return ""
        try:
            return self._files.read_text(path)
        except Invalid as error:
            self._take_over(error, where)
            return ""

    def _preview(self, where: Steps, value: JSONValue) -> Path | None:
        if value is None:
            return None
        path = as_text(value)
        if Path(path).suffix.casefold() not in PICTURES:
            self._note("pack_no_picture", where, file=path)
            return None
        try:
            if not self._files.exists(path):
                self._note("file_missing", where, path=path)
            return self._files.locate(path)
        except Invalid as error:
            self._take_over(error, where)
            return None

    def _note(self, kind: str, where: Steps, **data: JSONValue) -> None:
        self.problems.append(Problem(kind=kind, place=self._document.nearest(where), data=data))

    def _take_over(self, error: Invalid, where: Steps) -> None:
        """Note problems that came without a place."""
        for problem in error.problems:
            kind = "pack_path_outside" if problem.kind == "file_outside" else problem.kind
            self.problems.append(replace(problem, kind=kind, place=problem.place or self._document.nearest(where)))
