"""The run page: the plan, its price, a run as it happens."""

from __future__ import annotations

from playwright.sync_api import expect

from nano_banana.model.json_values import JSONObject, as_items, as_object
from tests.studio.pages.conftest import Open
from tests.studio.pages.fake_studio import FakeStudio, picture_of


def test_the_plan_in_pictures_and_dollars(window: Open, studio: FakeStudio) -> None:
    page = window("run")
    plan = page.get_by_role("region", name="Plan")
    for said in ("38 pictures to make", "$0.79–1.21", "22 pictures", "up to 12 calls, $0.25", "takes"):
        expect(plan).to_contain_text(said)
    page.get_by_label("Budget in dollars").fill("2.5")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Making 1 of 38 pictures")).to_be_visible()
    assert studio.ran == [{"budget": 2.5, "confirmed": False, "price": 1.21}]


def test_a_price_above_the_limit_must_be_confirmed(window: Open, studio: FakeStudio) -> None:
    studio.plan["asks"] = True
    page = window("run")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("dialog")).to_contain_text("$0.79–1.21")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert studio.ran == []
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Spend up to $1.21").click()
    expect(page.get_by_role("region", name="Run")).to_be_visible()
    assert studio.ran == [{"budget": 5, "confirmed": True, "price": 1.21}]


def test_another_run_is_the_reason_for_a_no(window: Open, studio: FakeStudio) -> None:
    studio.run_answer = ({"reason": "another run is using this store"}, 409)
    page = window("run")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_have_text("another run is using this store")
    expect(page.get_by_role("region", name="Plan")).to_be_visible()


def test_a_run_is_seen_as_it_happens(window: Open, studio: FakeStudio) -> None:
    page = window("run")
    studio.tell("run", phase="started", run="r1", by="studio")
    studio.tell("call", stage="takes", take="", state="planned", count=3)
    studio.tell("call", stage="takes", take="heads/ana/s1", state="running", count=1)
    studio.tell("call", stage="takes", take="heads/ana/s1", state="progress", phase="queued", position=4, count=1)
    studio.tell("call", stage="takes", take="heads/ana/s2", state="running", count=1)
    run = page.get_by_role("region", name="Run")
    expect(run.get_by_role("heading", name="Running")).to_be_visible()
    stages = run.get_by_role("list", name="Stages")
    expect(stages).to_have_text("takes 0 of 3 · 1 under way · 1 waiting, first at place 4")
    studio.tell("picture", take="heads/ana/s2", picture=picture_of(2))
    studio.tell("call", stage="takes", take="heads/ana/s2", state="made", count=1)
    studio.tell("verdict", take="heads/ana/s2", verdict={"ruling": "unsure", "score": 0.48})
    studio.tell("spend", usd=0.021, unknown=1)
    expect(run.get_by_role("img", name="heads/ana/s2")).to_be_visible()
    expect(run).to_contain_text("Unsure 0.48")
    expect(stages).to_have_text("takes 1 of 3 · 1 waiting, first at place 4")
    expect(run).to_contain_text("$0.02 spent, 1 price unknown")
    studio.tell("problem", take="heads/ana/s1", text="the provider refused the prompt", help="change it")
    expect(run.get_by_role("list", name="Problems")).to_contain_text("the provider refused the prompt")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stop at once")).to_be_visible()
    assert studio.ran == [{"stop": True}]
    studio.tell("run", phase="ended", by="studio", run="r1", status="stopped", pictures=1, takes=3)
    expect(page.get_by_role("heading", name="Stopped: 1 of 3 pictures done")).to_be_visible()
    expect(page.get_by_role("link", name="Review the pictures")).to_be_visible()
    expect(page.get_by_role("region", name="Plan")).to_be_visible()


def test_texts_of_a_run_are_never_markup(window: Open, studio: FakeStudio) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\">"
    studio.plan = {
        **studio.plan,
        "problems": [evil],
        "stages": [{**as_object(as_items(studio.plan["stages"])[0]), "id": evil}],
    }
    page = window("run")
    problem: JSONObject = {"take": evil, "text": evil, "help": evil}
    studio.tell("run", phase="started", run=evil, by="studio")
    studio.tell("call", stage=evil, take=evil, state="running")
    studio.tell("picture", take=evil, picture=picture_of(1))
    studio.tell("verdict", take=evil, verdict={"ruling": evil, "score": 0.1})
    studio.tell("problem", **problem)
    studio.tell("run", phase="ended", run=evil, status=evil, pictures=1, takes=1)
    expect(page.get_by_role("heading", name=f"{evil}: 1 of 1 picture done")).to_be_visible()
    assert page.locator("img[src='x'], [onerror]").count() == 0
    assert not page.title().startswith("owned")


def test_the_history_lists_the_runs_and_what_they_cost(window: Open, studio: FakeStudio) -> None:
    evil = "<img src=x>"
    begun: JSONObject = {"recipe": "portraits", "begun_at": 1_760_000_000.0, "kept": True}
    studio.runs = [
        {
            **begun,
            "run": "r2",
            "status": "done",
            "ended_at": 1_760_000_090.0,
            "summary": {"made": 40, "cost_usd": 0.84, "takes": {"done": 38, "failed": 2}},
        },
        {**begun, "run": evil, "status": evil, "ended_at": None, "summary": {"made": 3, "failed": 1, "cost_usd": 0.06}},
    ]
    page = window("history")
    runs = page.get_by_role("region", name="Runs")
    for said in ("2 runs", "$0.90 spent", "40 calls", "38 of 40 pictures", "2 min", "3 calls", evil):
        expect(runs).to_contain_text(said)
    assert page.locator("img").count() == 0
    studio.runs = []
    studio.tell("run", phase="ended", run="r3")
    expect(page.locator(".empty")).to_contain_text("No runs yet.")
