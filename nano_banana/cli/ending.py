"""What a run came to, as far as a command says more of it than `run` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nano_banana.core.json import JSONObject, as_items, as_object

if TYPE_CHECKING:
    from nano_banana.project.nouns import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The `pictures` that takes came to, as paths, and the adapters by subject, as digests."""

    pictures: Sequence[str]
    adapters: Mapping[str, str]

    @classmethod
    def of(cls, outcome: Outcome) -> Ending:
        """Of a run that was made."""
        from nano_banana.project.nouns import standing

        stood = [standing(record) for record in outcome.records if record.card.kind == "take"]
        trained = [record for record in outcome.records if record.card.kind == "adapter" and record.result is not None]
        return cls(
            pictures=[f"{outcome.folder}/{picture.name}" for picture in stood if picture is not None],
            adapters={record.card.subject: record.result.digest for record in trained if record.result is not None},
        )

    @classmethod
    def told(cls, summary: JSONObject) -> Ending:
        """Of an earlier run, by what it left."""
        return cls(
            pictures=[str(take["path"]) for take in _entries(summary, "takes") if take.get("path") is not None],
            adapters={str(found["subject"]): str(found["sha256"]) for found in _entries(summary, "adapters")},
        )


def _entries(summary: JSONObject, name: str) -> Iterator[JSONObject]:
    return (as_object(entry) for entry in as_items(summary.get(name)))
