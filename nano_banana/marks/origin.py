"""Where a picture's bytes come from: the calls that they hang on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nano_banana.marks.account import COMPOSITE, MOST_CALLS, TRAINED, Told

COMPUTE = "compute"
"""Who only works over what others drew."""

PASTE = "paste"
"""The call that lays what was painted over what was there."""


def closure(digest: str, made_by: Callable[[str], Told | None], is_end: Callable[[Told], bool]) -> list[Told]:
    """The calls that a file hangs on, in an order in which they can be made.

    `made_by` gives the call that a file came out of, None for the user's own; behind one that `is_end` (a training)
    nothing is told.
    """
    order: dict[str, Told] = {}
    entered: set[str] = set()
    stack: list[tuple[str, Told | None]] = [(digest, None)]
    while stack:
        wanted, done = stack.pop()
        if done is not None:
            order.setdefault(done.key, done)
            continue
        call = made_by(wanted)
        if call is None or call.key in entered or len(entered) >= MOST_CALLS:
            continue
        entered.add(call.key)
        stack.append((wanted, call))
        if not is_end(call):
            stack += [(each, None) for _, each in sorted(call.inputs.items(), reverse=True)]
    return list(order.values())


def source_of(calls: Sequence[Told], is_end: Callable[[Told], bool]) -> str:
    """The digital source type of what came out of these calls, which are in an order in which they can be made.

    Composite after a paste, and where a picture that nobody here drew went into a drawing; empty where nothing was
    drawn.
    """
    drawn: set[str] = set()
    pasted = started = False
    for call in (each for each in calls if not is_end(each)):
        if call.provider == COMPUTE:
            pasted |= call.endpoint == PASTE
            # What is cut out of a photo, or only opened, is still the photo.
            drawn |= set(call.outputs.values()) if drawn & set(call.inputs.values()) else set()
        else:
            started |= any(_is_picture(place) and digest not in drawn for place, digest in call.inputs.items())
            drawn |= set(call.outputs.values())
    if not drawn:
        return ""
    return COMPOSITE if pasted or started else TRAINED


def tool_of(calls: Sequence[Told], program: str, is_end: Callable[[Told], bool]) -> str:
    """The software, with who drew last: `Nano Banana 0.1.0 (fal fal-ai/flux-lora)`."""
    drawings = [call for call in calls if call.provider != COMPUTE and not is_end(call)]
    name = f"Nano Banana {program}"
    return f"{name} ({drawings[-1].provider} {drawings[-1].endpoint})" if drawings else name


def producers(calls: Sequence[Told]) -> Mapping[str, Told]:
    """The call that each file came out of, the first of several."""
    found: dict[str, Told] = {}
    for call in calls:
        for digest in call.outputs.values():
            found.setdefault(digest, call)
    return found


def _is_picture(place: str) -> bool:
    """Whether a drawing starts from, or looks at, the picture in that place (`image_url`, `image_urls/0`)."""
    return "image" in place and "mask" not in place
