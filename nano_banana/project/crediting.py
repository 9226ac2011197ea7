"""Content credentials, where a recipe wants them: the signer, found early."""

from __future__ import annotations

from datetime import UTC, datetime

from nano_banana.marks.signing import Signer
from nano_banana.project.marks import marks_for
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.recipe import Recipe
from nano_banana.settings import Settings
from nano_banana.workshop.marking import Marks


def signed_marks(recipe: Recipe, settings: Settings, files: RecipeFiles) -> Marks:
    """What this recipe's pictures are to tell, and who signs that. Raises what `signer_for` does.

    The certificate is among the `files` that the run has seen, so that the next one notices another in its place.
    """
    signer = signer_for(recipe, settings)
    if signer is not None:
        files.exists(settings.c2pa_certificate, confined=False)
    return marks_for(recipe, signer)


def signer_for(recipe: Recipe, settings: Settings, *, now: datetime | None = None) -> Signer | None:
    """Who signs this recipe's pictures, None where `outputs.files.embed` has no `c2pa`.

    `now` has a time zone (None: this moment). Raises Unusable and Invalid, as `load_credential` does, for whatever
    would stop signing half way: called before anything is spent.
    """
    if "c2pa" not in recipe.outputs.embed:
        return None
    from nano_banana.marks.c2pa.credential import load_credential
    from nano_banana.marks.c2pa.signer import CredentialSigner

    moment = datetime.now(UTC) if now is None else now
    return CredentialSigner(load_credential(settings.c2pa_certificate, settings.c2pa_key, now=moment))
