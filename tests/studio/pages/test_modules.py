"""Pure parts of the pages: filters, orders, groups, undo, keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from nano_banana.model.json_values import JSONValue, as_items
from tests.studio.pages.fake_studio import PAGES, FakeStudio

Evaluate = Callable[[str, str], JSONValue]


@pytest.fixture(scope="module")
def js(browser: Browser) -> Iterator[Evaluate]:
    """Evaluates an expression with the exports of a module of the pages."""
    page = browser.new_page()

    def evaluated(module: str, expression: str) -> JSONValue:
        value: JSONValue = page.evaluate(
            f"async () => {{ const m = await import('/pages/{module}.js'); return {expression}; }}"
        )
        return value

    with FakeStudio([]) as server:
        page.goto(f"{server.url}pages/icon.svg")
        yield evaluated
        page.close()


TAKES = """[
  {id: 'heads/ana/office/s2', subjects: ['ana'], shot: 'heads', stage: 'judged', state: 'accepted',
   axes: {subject: 'ana', scene: 'office'}, prompt: 'A Woman in an office', verdict: {score: 0.7},
   hash: '00000000000000ff'},
  {id: 'heads/ben/office/s10', subjects: ['ben'], shot: 'heads', stage: 'judged', state: 'unsure',
   axes: {subject: 'ben', scene: 'office'}, prompt: 'a man in an office', verdict: {score: 0.5},
   hash: '00000000000000f0'},
  {id: 'heads/ana/street/s1', subjects: ['ana'], shot: 'heads', stage: 'judged', state: 'failed',
   axes: {subject: 'ana', scene: 'street'}, prompt: 'a woman in a street', verdict: null, hash: null},
]"""
NAMES = ".map((take) => take.id.split('/').at(-1))"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("{}", ["s2", "s10", "s1"]),
        ("{search: 'WOMAN office'}", ["s2"]),
        ("{search: 'ben/'}", ["s10"]),
        ("{low: 0.6}", ["s2"]),
        ("{high: 0.6}", ["s10"]),
        ("{values: {subject: ['ana']}}", ["s2", "s1"]),
        ("{values: {subject: ['ana'], verdict: ['failed', 'unsure']}}", ["s1"]),
        ("{values: {'axis:scene': ['office'], subject: []}}", ["s2", "s10"]),
    ],
)
def test_filters(js: Evaluate, filters: str, found: list[str]) -> None:
    kept = f"{TAKES}.filter((take) => m.matchesFilter(take, {{...m.NO_FILTER, ...{filters}}}))" + NAMES
    assert js("take_filters", kept) == found


def test_facets_are_those_that_differ(js: Evaluate) -> None:
    values = "f.values.map((v) => v.value + v.count).join(' ')"
    facets = js("take_filters", f"m.facetsOf({TAKES}).map((f) => [f.name, {values}])")
    assert facets == [
        ["verdict", "accepted1 unsure1 failed1"],
        ["subject", "ana2 ben1"],
        ["axis:scene", "office2 street1"],
    ]


@pytest.mark.parametrize(
    ("order", "found"),
    [("recipe", "s2 s10 s1"), ("likeness", "s2 s10 s1"), ("name", "s2 s1 s10")],
)
def test_orders(js: Evaluate, order: str, found: str) -> None:
    ordered = f"m.orderedTakes({TAKES}, '{order}').map((take) => take.id.split('/').at(-1)).join(' ')"
    assert js("take_order", ordered) == found


def test_a_random_order_is_the_same_for_one_seed_and_another_for_another(js: Evaluate) -> None:
    takes = "[...Array(50).keys()].map((id) => ({id}))"
    orders = f"[1, 1, 2].map((seed) => m.orderedTakes({takes}, 'random', seed).map((t) => t.id).join())"
    first, again, other = as_items(js("take_order", orders))
    assert first == again
    assert first != other
    assert sorted(str(first).split(","), key=int) == [str(number) for number in range(50)]


@pytest.mark.parametrize(("distance", "groups"), [(4, ["s2 s10"]), (3, [])])
def test_near_identical_takes_are_those_whose_hashes_differ_in_few_bits(
    js: Evaluate, distance: int, groups: list[str]
) -> None:
    names = "g.map((id) => id.split('/').at(-1)).join(' ')"
    found = f"[...new Set(m.nearGroups({TAKES}, {distance}).values())].map((g) => {names})"
    assert js("take_order", found) == groups


def test_groups_of_many_hashes_are_those_of_comparing_each_with_each(js: Evaluate) -> None:
    script = """(() => {
      let seed = 7;
      const bit = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16 & 1;
      const bits = () => Array.from({length: 64}, bit);
      const bases = Array.from({length: 8}, bits);
      const all = Array.from({length: 120}, (_, i) => [...bases[i % 8]]);
      all.forEach((b, i) => { for (let k = 0; k < i % 9; k++) b[(i * 7 + k * 13) % 64] ^= 1; });
      const hex = (b) => b.join('').match(/..../g).map((four) => parseInt(four, 2).toString(16)).join('');
      const takes = all.map((b, i) => ({id: String(i), hash: hex(b)}));
      const far = (a, b) => a.reduce((n, x, i) => n + (x !== b[i]), 0);
      const group = all.map((_, i) => i);
      const near = (i, j) => far(all[i], all[j]) <= 6;
      const join = (i, j) => { if (near(i, j)) group[i] = group[j] = Math.min(group[i], group[j]); };
      for (let pass = 0; pass < 120; pass++) all.forEach((_, i) => all.forEach((_, j) => join(i, j)));
      const wanted = takes.map((t, i) => takes.filter((_, j) => group[j] === group[i]).map((o) => o.id).join());
      const found = m.nearGroups(takes);
      return takes.filter((t, i) => (found.get(t.id) ?? [t.id]).join() !== wanted[i]).length;
    })()"""
    assert js("take_order", script) == 0


PRESS = "m.actionOfKey({{key: '{key}', ctrlKey: {ctrl}, metaKey: false, altKey: false, shiftKey: {shift}}}, {on})"


@pytest.mark.parametrize(
    ("key", "action"),
    [
        ("p", "keep"), ("X", "drop"), ("u", "unset"), ("s", "skip"), ("3", "stars"), (" ", "toggleLoupe"),
        ("e", "loupe"), ("g", "grid"), ("c", "compare"), ("n", "survey"), ("z", "zoom"), ("f", "faceStrip"),
        ("a", "autoAdvance"), ("/", "search"), ("?", "help"),
    ],
)  # fmt: skip
def test_a_single_key_asks_for_something_unless_they_are_off(js: Evaluate, key: str, action: str) -> None:
    on, off = (PRESS.format(key=key, ctrl="false", shift="false", on=on) for on in ("true", "false"))
    assert js("keys", f"({on}).action") == action
    assert js("keys", off) is None


@pytest.mark.parametrize(
    ("key", "shift", "action"),
    [("z", "false", "undo"), ("Z", "true", "redo"), ("y", "false", "redo"), ("a", "false", "selectAll")],
)
def test_keys_with_control_work_also_then(js: Evaluate, key: str, shift: str, action: str) -> None:
    assert js("keys", f"({PRESS.format(key=key, ctrl='true', shift=shift, on='false')}).action") == action


def test_a_browsers_own_shortcuts_stay(js: Evaluate) -> None:
    for key in ("p", "c", "f", "1"):
        assert js("keys", PRESS.format(key=key, ctrl="true", shift="false", on="true")) is None
    assert js("keys", "m.actionOfKey({key: 'd', altKey: true}, true)") is None


def test_prices_and_counts_in_words(js: Evaluate) -> None:
    money = "m.moneyText(0.021), m.moneyText(0.0021), m.priceRangeText(0.79, 0.921)"
    assert js("words", f"[{money}, m.countText(1, 'take'), m.countText(1200, 'take')]") == [
        "$0.02",
        "$0.0021",
        "$0.79–0.92",
        "1 take",
        "1,200 takes",
    ]


def test_no_module_has_markup_from_text() -> None:
    banned = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "srcdoc",
        "style=",
    )
    found = [
        (file.name, word) for file in PAGES.iterdir() if file.suffix in {".js", ".html"} for word in banned
        if word in file.read_text(encoding="utf-8")
    ]  # fmt: skip
    assert found == []


@pytest.mark.parametrize(
    ("page", "entry"),
    [("index.html", "review_page.js"), ("run.html", "run_page.js"), ("history.html", "history_page.js")],
)
def test_a_page_loads_all_its_modules_at_once(page: str, entry: str) -> None:
    """Modules that are found by imports alone come one round trip after another."""
    named = re.findall(r'modulepreload" href="/pages/([\w.]+)"', (PAGES / page).read_text(encoding="utf-8"))
    needed, waiting = {entry}, [entry]
    while waiting:
        text = (PAGES / waiting.pop()).read_text(encoding="utf-8")
        new = set(re.findall(r'from "\./([\w.]+)"', text)) - needed
        needed |= new
        waiting += new
    assert named == sorted(needed - {entry})
