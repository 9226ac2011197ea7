"""Ends of takes that were judged, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nano_banana.model.call import Blob, Call, Reply, blob_of, imagined_blob
from nano_banana.model.flow import FIRST_ATTEMPT, Attempt, ExitedEarly, Flow, Judged, Made, Reason, Ruling, Verdict
from nano_banana.model.nodes import Node, NodeInfo, NodeResult, NodeStatus, Step

ACCEPTED = Verdict(ruling=Ruling.ACCEPTED, score=0.62, threshold=0.45, numbers={"faces": 1})
UNSURE = Verdict(ruling=Ruling.UNSURE, score=0.4, threshold=0.45, reasons=(Reason(kind="too_far"),))
FAR = Verdict(
    ruling=Ruling.REJECTED,
    score=0.31,
    threshold=0.45,
    reasons=(Reason(kind="too_far", data={"subject": "ana", "similarity": 0.31, "needs": 0.45}),),
    numbers={"faces": 1},
)
NO_FACE = Verdict(ruling=Ruling.REJECTED, threshold=0.45, reasons=(Reason(kind="no_face"),))
SKIPPED = Verdict(ruling=Ruling.NOT_JUDGED)
DARK = Verdict(ruling=Ruling.IMAGINED)


def attempt(number: int) -> Attempt:
    """The first try, two new seeds, then repairs."""
    if number == 0:
        return FIRST_ATTEMPT
    if number <= 2:
        return Attempt(number=number, label=f"retry{number}", detail={"seed": 100 + number})
    return Attempt(number=number, label=f"repair{number - 2}", detail={"strength": 0.45})


def take(
    name: str,
    *verdicts: Verdict,
    axes: Mapping[str, str] | None = None,
    template: str = "headshot",
    cast: Sequence[str] = ("ana",),
    cached: bool = False,
    status: NodeStatus = NodeStatus.DONE,
) -> NodeResult:
    """A take whose tries a gate judged so, one after another; the last one passes unless it was rejected."""
    subject = cast[0] if len(cast) == 1 else ""
    card = NodeInfo(
        kind="take",
        slot=f"{name}/#0",
        stage="judged",
        shot="heads",
        template=template,
        subject=subject,
        cast=tuple(cast),
        axes=axes or {},
        seed=11,
    )
    steps, made, judged = [], [], []
    for number, verdict in enumerate(verdicts):
        dark = verdict.ruling is Ruling.IMAGINED
        draw = Call(provider="local", endpoint="fal-ai/flux-lora", arguments={"take": name, "try": number})
        picture = imagined_blob(draw.key, media="image/png") if dark else blob_of(draw.key.encode(), media="image/png")
        look = Call(provider="compute", endpoint="look", arguments={}, inputs={"image": picture})
        made.append(Made(stage="takes", blob=picture, call=draw, attempt=attempt(number)))
        judged.append(Judged(stage="judged", blob=picture, verdict=verdict, attempt=attempt(number)))
        for stage, call, files in (("takes", draw, {"images/0": picture}), ("judged", look, {})):
            steps.append(_step(stage, call, files, attempt(number), cached=cached and not dark))
    ended = status not in {NodeStatus.FAILED, NodeStatus.STOPPED}
    left = None
    if verdicts and verdicts[-1].ruling is Ruling.REJECTED:
        left = ExitedEarly(stage="judged", why="rejected")
    elif verdicts:
        made.append(Made(stage="judged", blob=made[-1].blob, call=made[-1].call))
    return NodeResult(
        node=Node(id=name, info=card, flow=no_flow),
        status=status,
        steps=steps,
        pictures=made,
        judged=judged,
        final_verdicts=judged[-1:] if ended else (),
        exited_early=left,
        result=made[-1].blob if made else None,
    )


def _step(stage: str, call: Call, files: Mapping[str, Blob], attempt: Attempt, *, cached: bool) -> Step:
    return Step(stage=stage, call=call, reply=Reply(data={}, files=files), cached=cached, attempt=attempt)


def person(held_out: str = "true", *, measured: bool = True) -> NodeResult:
    """A person whom a gate compares with, by two photos."""
    faces = [blob_of(bytes([number]), media="application/json") for number in range(3)]
    inputs = {"references/0": faces[0], "references/1": faces[1], "training/0": faces[2]}
    call = Call(provider="compute", endpoint="person", arguments={}, inputs=inputs)
    reply = Reply(data={"references": 1, "left_out": [1], "calibration": [0.7]}, files={"person": faces[0]})
    card = NodeInfo(kind="person", slot="judged/ana", stage="judged", subject="ana", axes={"held_out": held_out})
    steps = [Step(stage="judged", call=call, reply=reply, cached=False)] if measured else []
    return NodeResult(node=Node(id="judged/ana", info=card, flow=no_flow), status=NodeStatus.DONE, steps=steps)


def no_flow(_results: Mapping[str, Blob]) -> Flow[Blob]:
    raise NotImplementedError
