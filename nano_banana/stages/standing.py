"""Where a take stands on its way: its picture, and the call it is of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.flow import Judged, Left


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The picture after a stage, and the call that it is *of*; `left` where the take's way has ended.

    `words` is what the gates said of it on its way. A standing that has left is handed through by the stages that
    follow, and told by the chain as a whole: a try that ends early is one of several.
    """

    picture: Blob
    call: Call
    words: tuple[Judged, ...] = ()
    left: Left | None = None

    def then(self, made: Standing) -> Standing:
        """What a further stage made of it."""
        return replace(made, words=self.words)
