"""A pack of templates, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.json import JSONObject
from nano_banana.core.problem import Place
from nano_banana.recipe.document import Document
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.packs.variable import Variable
from nano_banana.recipe.source import Source
from nano_banana.recipe.templates.engine import TemplateEngine
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.scopes import Names

CROP = "crop"
"""The variable that says how much of a person is in the picture; `crops` and `sizes` are of its choices."""

SUBJECT: Names = {"name": None, "noun": None, "trigger": None}
"""What a template of a pack may name of the subject: traits are a recipe's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackTemplate:
    """One template of a pack.

    `text` is its prompt, which stands in `file`. `nouns` are whom it suits (none: everybody), `crops` the choices of
    `crop` that it is good at. `settings` are fields of a drawing endpoint, `sizes` its picture's size by crop.
    `adapter_scale` is advice. Pictures by a template without a `gate` are painted: no gate judges them.
    """

    name: str
    title: str
    about: str
    file: Path
    text: str
    nouns: tuple[str, ...]
    crops: tuple[str, ...]
    variables: Mapping[str, Variable]
    settings: JSONObject
    sizes: Mapping[str, JSONObject]
    adapter_scale: float | None
    gate: bool
    preview: Path | None

    @property
    def names(self) -> Names:
        """What its prompt may name, the subject aside; of a choice also its key."""
        return {name: {"key": None} if known.choices else None for name, known in self.variables.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A folder of templates. `digest` is of what its prompts come from, whatever its pictures look like.

    `engine` reads its templates, whose includes are files of the pack; `document` knows the places in pack.yaml.
    """

    name: str
    version: str
    title: str
    about: str
    license: str
    folder: Path
    digest: str
    templates: Mapping[str, PackTemplate]
    document: Document
    files: RecipeFiles
    engine: TemplateEngine

    def place(self, template: PackTemplate, fault: TemplateFault) -> Place:
        """Where a fault of a template stands: in its prompt, or in a file that it includes."""
        file = fault.file or template.file
        source = Source(file=str(file), text=self.files.read_text(file))
        return source.place(fault.offset, fault.offset + fault.length)
