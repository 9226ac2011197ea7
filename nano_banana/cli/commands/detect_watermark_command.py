"""`detect-watermark`: look for AI watermarks and metadata in pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.diagnostics import fill_message, install_command, message_for
from nano_banana.cli.formatting import visible
from nano_banana.cli.options import FILE, add_options, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.formats.image_formats import READABLE_SUFFIXES
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import Invalid, NanoBananaError, did_you_mean, problem
from nano_banana.provenance.metadata_detection import CHECKS, Certainty, ProvenanceFinding, SkippedCheck

if TYPE_CHECKING:
    from nano_banana.provenance.image_examination import DetectionOptions
    from nano_banana.provenance.metadata_detection import DetectionReport


SECTION = ("Inspect", 8)

CHECK_NAMES = {
    "c2pa": "C2PA content credentials",
    "iptc": "IPTC/XMP source type",
    "metadata": "generation metadata",
    "dwtdct": "DWT-DCT watermark (Stable Diffusion, BFL)",
    "rivagan": "Nano Banana's invisible watermark",
    "synthid": "SynthID",
}
_FINDING_NAMES = {
    "manifest": "content credentials",
    "source_type": "IPTC digital source type",
    "credit": "credit line",
    "nano-banana": "Nano Banana's metadata",
    "a1111": "parameters (A1111)",
    "forge": "parameters (Forge)",
    "comfyui": "ComfyUI graph",
    "invokeai": "InvokeAI metadata",
    "novelai": "NovelAI metadata",
    "fooocus": "Fooocus metadata",
    "swarmui": "SwarmUI metadata",
    "midjourney": "Midjourney job",
    "bfl": "Black Forest Labs' EXIF",
    "software": "software name",
    "aigc": "AIGC label (China)",
    "grok": "Grok's signature",
    "stealth": "hidden parameters",
    "own": "Nano Banana's invisible watermark",
    "yours": "your invisible watermark",
    "synthid": "SynthID",
}
_WATERMARK_NAMES = {
    "bfl": "FLUX watermark (BFL's code)",
    "sdxl": "Stable Diffusion XL watermark",
    "sd1": "Stable Diffusion 1 watermark",
}

_CERTAINTIES = {
    Certainty.TRUSTED: "signed by a trusted signer",
    Certainty.SIGNED: "signed by an unknown signer",
    Certainty.EXPIRED: "signed and unmodified; the certificate has expired",
    Certainty.UNFIT: "signed and unmodified; the certificate is not valid for this",
    Certainty.BROKEN: "modified after signing (proves nothing)",
    Certainty.UNPROVEN: "can't be verified (proves nothing)",
    Certainty.STATED: "claimed (anyone can write it)",
    Certainty.CERTAIN: "measured: certain",
    Certainty.LIKELY: "measured: likely",
    Certainty.VOUCHED: "according to your verifier",
}

_UNCHECKED_TEXTS = {
    "c2pa_not_installed": f"support is not installed: `{install_command('c2pa')}`",
    "c2pa_elsewhere": "credentials are stored remotely and were not fetched",
    "c2pa_unreadable": "can't read the file: {reason}",
    "marks_not_installed": f"{{missing}} is not installed: `{install_command('marks')}`, then `nano-banana setup`",
    "place_skipped": "{place}",
    "too_small": "{width} × {height} is too small (needs 256 × 256)",
    "synthid_closed": "can't be checked here; use Google's or OpenAI's own check, or your verifier (--synthid)",
    "synthid_expected": "can't be checked here; {writer} adds it to all its pictures",
    "verifier_unsure": "your verifier is not sure{detail}",
    "verifier_failed": "your verifier failed: {reason}",
}

_AI_TEXTS = {True: "made by AI", False: "not made by AI"}
_MAX_FACT = 60
"""Characters of a fact in a table."""


def finding_facts(finding: ProvenanceFinding) -> str:
    """Details of a finding: whether AI made the picture, and its facts."""
    facts: dict[str, JSONValue] = dict(finding.facts)
    told = [_AI_TEXTS[finding.ai]] if finding.ai is not None else []
    if "agree" in facts:
        told.append(f"{facts.pop('agree')} of {facts.pop('bits')} bits")
        facts.pop("rate", None)
    for name, value in facts.items():
        text = " ".join(str(value).split())
        if value:
            told.append(f"{name.replace('_', ' ')}: {text[:_MAX_FACT]}{'…' if len(text) > _MAX_FACT else ''}")
    return "; ".join(told)


def _unchecked_reason(unchecked: SkippedCheck) -> str:
    facts = dict(unchecked.facts)
    if unchecked.why == "verifier_unsure" and facts.get("detail"):
        facts["detail"] = f": {facts['detail']}"
    return fill_message(_UNCHECKED_TEXTS.get(unchecked.why) or message_for(unchecked.why).text, facts)


SOME_UNREADABLE = 1
"""Exit code if a picture could not be read."""

SYNTHID_VARIABLE = "NANO_BANANA_SYNTHID"


@click.command(name="detect-watermark")
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PICTURE...")
@click.option("--trust", type=FILE, metavar="FILE", help="Trusted certificates (PEM).")
@click.option("--id", "mark_id", metavar="HEX", help="Your own watermark: the `mark_id` of your recipe.")
@click.option(
    "--only",
    multiple=True,
    metavar="KIND",
    help="Check only for this: c2pa, iptc, metadata, dwtdct, rivagan or synthid (repeatable).",
)
@click.option(
    "--synthid", envvar=SYNTHID_VARIABLE, metavar="COMMAND", help="Your SynthID verifier; see docs/watermarks.md."
)
@add_options("--json")
@pass_screen
def command(
    screen: Screen,
    pictures: tuple[Path, ...],
    *,
    trust: Path | None,
    mark_id: str | None,
    only: tuple[str, ...],
    synthid: str | None,
) -> int:
    """Look for AI watermarks, signatures and metadata in pictures.

    PICTURE may be a folder. Works offline on any picture. Finding nothing proves nothing: most marks are lost when a
    picture is re-saved. Exits with 1 if a picture can't be read, else 0.

    Examples:
      nano-banana detect-watermark portrait.png
      nano-banana detect-watermark ~/Downloads --only c2pa --only iptc
      nano-banana detect-watermark portrait.jpg --id c0ffee42 --trust our-ca.pem
    """
    from nano_banana.provenance.image_examination import examine_image

    search = _search_from(only, trust, mark_id, synthid)
    told: list[object] = []
    unread = False
    for path in _picture_files(pictures):
        try:
            report = examine_image(path, search)
        except NanoBananaError as error:
            unread = True
            screen.problems(error.problems)
            told.append({"path": str(path), "problems": [problem.kind for problem in error.problems]})
            continue
        unread |= any(one.why.startswith("picture_") for one in report.unchecked)
        if not screen.machine:
            _say_report(screen, report, first=not told)
        told.append(_report_json(report))
    if screen.machine:
        screen.json({"pictures": told})
    return SOME_UNREADABLE if unread else 0


def _search_from(
    only: tuple[str, ...], trust: Path | None, mark_id: str | None, synthid: str | None
) -> DetectionOptions:
    """What to look for. Raises Invalid: `no_such_kind`, `mark_id_odd`, `trust_unreadable`."""
    from nano_banana.provenance.image_examination import DetectionOptions
    from nano_banana.provenance.watermark_messages import is_message

    for name in only:
        if name not in CHECKS:
            raise Invalid(
                [problem("no_such_kind", suggestions=did_you_mean(name, CHECKS), name=name, known=", ".join(CHECKS))]
            )
    if mark_id is not None and not is_message(mark_id):
        raise Invalid([problem("mark_id_odd", given=mark_id)])
    anchors = ""
    if trust is not None:
        try:
            anchors = trust.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "not a text file"
            raise Invalid([problem("trust_unreadable", file=str(trust), why=why)]) from error
        if "-----BEGIN CERTIFICATE-----" not in anchors:
            raise Invalid([problem("trust_unreadable", file=str(trust), why="contains no PEM certificate")])
    return DetectionOptions(only=only or CHECKS, anchors=anchors, mark_id=mark_id, verifier=synthid or None)


def _picture_files(given: tuple[Path, ...]) -> Iterator[Path]:
    """The given pictures and those in folders, sorted, without hidden files. Raises Invalid (`no_pictures_there`)."""
    for path in given:
        if not path.is_dir():
            yield path
            continue
        found = False
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith(".") and Path(name).suffix.casefold() in READABLE_SUFFIXES:
                    found = True
                    yield Path(folder, name)
        if not found:
            raise Invalid([problem("no_pictures_there", folder=str(path))])


def _report_json(report: DetectionReport) -> dict[str, object]:
    return {
        "path": report.path,
        "media": report.media,
        "found": report.findings,
        "none_found_of": report.none_of,
        "not_checked": report.unchecked,
    }


def _say_report(screen: Screen, report: DetectionReport, *, first: bool) -> None:
    if not first:
        screen.say()
    screen.say(screen.paint("bold", visible(report.path)))
    rows = [
        (
            (_WATERMARK_NAMES if finding.of == "dwtdct" else _FINDING_NAMES)[finding.name],
            _CERTAINTIES[finding.certainty],
            finding_facts(finding),
        )
        for finding in report.findings
    ]
    if rows:
        screen.table(rows, head=("found", "certainty", "details"), indent=2)
    if report.none_of:
        screen.say(f"  not found: {'; '.join(CHECK_NAMES[kind] for kind in report.none_of)}")
    reasons: dict[str, list[str]] = {}
    for skipped in report.unchecked:
        hidden = skipped.of == "metadata" and skipped.why != "place_skipped"
        name = "parameters hidden in pixels" if hidden else CHECK_NAMES[skipped.of]
        reasons.setdefault(_unchecked_reason(skipped), []).append(name)
    for reason, names in reasons.items():
        screen.say(f"  not checked: {'; '.join(names)}: {visible(reason)}")
