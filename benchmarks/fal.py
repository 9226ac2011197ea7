"""The way to fal and back: the program beside a plain script, through one server.

Both have the same calls, 32 at a time, the same downloads and the same TLS server, which is a process beside them on
the same processors. The makespan is by the server's clock: from the first request that it accepted to the last byte of
the last file that it served.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.emulator import Counted, Server, emulator
from benchmarks.measure import Command, Sample, once
from benchmarks.overhead import afresh, empty
from benchmarks.places import PROGRAM, PYTHON, ROOT, environment, project
from benchmarks.report import heading, verdict
from nano_banana.model.json_values import JSONObject, as_items, as_object

ABREAST = 32
ENDPOINT = "fal-ai/flux/dev"
SLOW_ROUNDS = 2
"""At most so many rounds of what mostly waits."""
TRAINING = """\
nano_banana: 1
name: likeness
provider: fal
subjects: {{ana: {{noun: woman, trigger: anaxq7, training_set: photos}}}}
stages:
  - {{id: likeness, train: ana, using: fal-ai/flux-lora-portrait-trainer, steps: 1000}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One run of one command: the process from outside, and what the server saw of it."""

    sample: Sample
    counted: Counted


def bench(folder: Path, *, times: int, quick: bool = False) -> None:
    """Print all tables; quickly, to see that all of it works and not what it takes."""
    env = environment(folder / "home")
    slowly = 1 if quick else min(times, SLOW_ROUNDS)
    takes(folder / "short", env, count=100 if quick else 500, seconds=0.05, times=times, most=(1.0, 1.0))
    takes(folder / "long", env, count=64 if quick else 100, seconds=4.0, times=slowly, most=(1.02, 0.35))
    training(folder / "training", env, seconds=10.0 if quick else 60.0)
    memory(folder / "memory", env, few=100 if quick else 500, many=500 if quick else 10_000)


def takes(
    folder: Path, env: Mapping[str, str], *, count: int, seconds: float, times: int, most: tuple[float, float]
) -> None:
    """The program and the script in turn; `most` bounds the ratios of makespans and of HTTP requests."""
    heading(f"fal: {count:,} takes of {seconds * 1000:.0f} ms, {ABREAST} at a time")
    recipe = written(folder, count)
    with emulator(seconds=seconds, environment=environed(env)) as server:
        ours = program(recipe, env, server)
        first = measured(ours, server)
        theirs = script(folder, server, env)
        pairs = [(measured(ours, server), measured(theirs, server)) for _ in range(times)]
    if any(one.counted.accepted != count for one in [first, *(one for pair in pairs for one in pair)]):
        raise RuntimeError("not every take was asked for once")
    line(ours.name, [pair[0] for pair in pairs], count)
    line(theirs.name, [pair[1] for pair in pairs], count)
    spans = median(our.counted.makespan / their.counted.makespan for our, their in pairs)
    asked = median(our.counted.total / their.counted.total for our, their in pairs)
    walls = median(our.sample.wall / their.sample.wall for our, their in pairs)
    verdict("makespan at the server ÷ the script's", spans, most=most[0])
    verdict("HTTP requests ÷ the script's", asked, most=most[1])
    print(f"     whole process ÷ the script's: {walls:.3g} (no target)")


def training(folder: Path, env: Mapping[str, str], *, seconds: float) -> None:
    """One training, alone: how often it was asked for, and when its end was noticed."""
    heading(f"fal: a training of {seconds:.0f} s")
    recipe = folder / "recipe.yaml"
    photos(folder / "photos")
    recipe.write_text(TRAINING.format(), encoding="utf-8")
    with emulator(seconds=seconds, environment=environed(env)) as server:
        one = measured(program(recipe, env, server), server)
        ended = as_object(as_items(server.ask("GET", "requests")["requests"])[0])["ended_at"]
        served = server.ask("GET", "counts")["last_served_at"]
    late = served - ended if isinstance(ended, float) and isinstance(served, float) else float("inf")
    print(f"HTTP requests: {one.counted}; CPU {one.sample.cpu:.2f} s, peak {one.sample.rss / 1e6:.0f} MB")
    verdict("HTTP requests", one.counted.total, most=20)
    verdict("its last file was fetched after its end", late, most=2.0, unit=" s")


def memory(folder: Path, env: Mapping[str, str], *, few: int, many: int) -> None:
    """The peak of our own process, with few and with many takes."""
    heading(f"fal: peak memory of {few:,} and {many:,} takes that take no time")
    with emulator(seconds=0, environment=environed(env)) as server:
        recipes = {count: written(folder / str(count), count) for count in (few, many)}
        rounds = {count: measured(program(recipe, env, server), server) for count, recipe in recipes.items()}
    for count, one in rounds.items():
        line(f"{count:,} takes", [one], count)
    verdict("peak ÷ peak", rounds[many].sample.rss / rounds[few].sample.rss, most=1.5)


def measured(command: Command, server: Server) -> Round:
    """Run it against a server that begins anew."""
    server.reset()
    sample = once(command)
    return Round(sample=sample, counted=server.counted())


def program(recipe: Path, env: Mapping[str, str], server: Server) -> Command:
    """The program itself, with nothing made yet."""
    return Command(
        name="nano-banana",
        argv=[*PROGRAM, "run", recipe.name, "--yes"],
        folder=recipe.parent,
        env={**env, **server.environment},
        before=lambda: afresh(recipe.parent),
    )


def script(folder: Path, server: Server, env: Mapping[str, str]) -> Command:
    """The plain script, with the arguments that the program has just sent."""
    rows = [as_object(row) for row in as_items(server.ask("GET", "requests")["requests"])]
    calls = folder / "calls.jsonl"
    calls.write_text("".join(f"{json.dumps(call_of(row))}\n" for row in rows), encoding="utf-8")
    made = folder / "made"
    made.mkdir()
    return Command(
        name="gather(subscribe)",
        argv=[PYTHON, str(ROOT / "benchmarks" / "fal_peer.py"), str(calls), str(ABREAST), str(made)],
        folder=folder,
        env={**env, **server.environment},
        before=lambda: empty(made),
    )


def call_of(row: JSONObject) -> JSONObject:
    """What was asked for."""
    return {"endpoint": row["endpoint"], "arguments": row["arguments"]}


def written(folder: Path, count: int) -> Path:
    """A recipe of so many takes for fal."""
    recipe = project(folder, takes=count)
    text = (
        recipe.read_text(encoding="utf-8")
        .replace("provider: local", "provider: fal")
        .replace("flux/schnell", "flux/dev")
    )
    recipe.write_text(f"{text}limits: {{parallel: {{image: {ABREAST}}}}}\n", encoding="utf-8")
    return recipe


def photos(folder: Path) -> None:
    """Twelve pictures to train on."""
    from PIL import Image

    folder.mkdir(parents=True)
    for number in range(12):
        Image.effect_noise((768, 768), 20 + number).convert("RGB").save(folder / f"{number:02}.jpg")


def environed(env: Mapping[str, str]) -> dict[str, str]:
    """The benchmark's variables upon those that there are."""
    return {**os.environ, **env}


def line(name: str, rounds: Sequence[Round], count: int) -> None:
    """What some runs of one command took."""
    spans = [one.counted.makespan for one in rounds]
    wall = median(one.sample.wall for one in rounds)
    cpu = median(one.sample.cpu for one in rounds) / count * 1000
    peak = max(one.sample.rss for one in rounds) / 1e6
    print(
        f"{name:18} makespan {median(spans):7.3f}s ({min(spans):.3f}–{max(spans):.3f}), process {wall:7.3f}s,"
        f" CPU {cpu:5.2f} ms a take, peak {peak:4.0f} MB"
    )
    print(f"{'':18} {rounds[-1].counted.total:,} HTTP requests: {rounds[-1].counted}")
