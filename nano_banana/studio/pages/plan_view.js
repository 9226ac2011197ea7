// What a run would make and cost, with the button that starts it.

import { element } from "./dom.js";
import { countText, moneyText, priceRangeText } from "./words.js";

/** Shows a plan. `start(budget)` begins the run. */
export class PlanView {
  constructor(start) {
    this.start = start;
    this.root = element("section", { class: "plan", "aria-label": "Plan" });
  }

  /** Draws a plan as `/api/plan` has it. */
  show(plan) {
    const isNothing = plan.pictures_to_make === 0;
    const title = isNothing ? "Nothing to make" : `${countText(plan.pictures_to_make, "picture")} to make`;
    this.budget = element("input", {
      type: "number", min: 0, step: 0.01, id: "budget", value: plan.budget ?? "", placeholder: "no limit", inputmode: "decimal",
    });
    this.button = element("button", { type: "button", class: "main-button", onclick: () => this.begin() }, isNothing ? "Run anyway" : "Start");
    this.root.replaceChildren(
      element("h2", { class: "headline" }, title),
      element("p", { class: "price" }, isNothing ? "Everything is there already." : priceRangeText(plan.cost_low, plan.cost_high)),
      planFacts(plan),
      ...(plan.problems ?? []).map((problem) => element("p", { class: "problem" }, problem.error ?? problem)),
      element(
        "div",
        { class: "start" },
        element("label", { for: "budget" }, "Budget in dollars"),
        this.budget,
        this.button,
      ),
      stageTable(plan.stages ?? []),
    );
  }

  begin() {
    const budget = this.budget.value === "" ? null : this.budget.valueAsNumber;
    this.start(Number.isNaN(budget) ? null : budget);
  }

  /** Says why there is no plan. */
  showError(error) {
    this.root.replaceChildren(element("h2", { class: "headline" }, "This recipe can't run yet"), element("p", { class: "problem" }, error.message), element("p", { class: "quiet" }, error.help ?? ""));
  }
}

function planFacts(plan) {
  const facts = [];
  if (plan.reused) facts.push(["Reused", countText(plan.reused, "picture")]);
  const chances = plan.second_chances;
  if (typeof chances === "number" && chances > 0) facts.push(["Second chances", `up to ${chances.toLocaleString("en")}, included in the upper price`]);
  if (chances && typeof chances === "object" && chances.calls) facts.push(["Second chances", `up to ${chances.calls}, ${moneyText(chances.cost_high ?? chances.cost)}`]);
  if (plan.asks) facts.push(["Asks first", "the price is above your limit"]);
  const list = element("dl", { class: "facts" });
  for (const [name, value] of facts) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return list;
}

function stageTable(stages) {
  const rows = stages.filter((stage) => (stage.to_make ?? stage.calls ?? stage.pictures ?? 0) > 0 || stage.reused > 0);
  if (rows.length === 0) return "";
  return element(
    "table",
    { class: "stages" },
    element("thead", {}, element("tr", {}, ...["Stage", "To make", "Reused", "Price"].map((head) => element("th", { scope: "col" }, head)))),
    element(
      "tbody",
      {},
      ...rows.map((stage) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, stage.id ?? stage.stage ?? ""),
          element("td", {}, String(stage.to_make ?? stage.calls ?? stage.pictures ?? 0)),
          element("td", {}, String(stage.reused ?? 0)),
          element("td", {}, typeof stage.cost_high === "number" ? priceRangeText(stage.cost_low ?? stage.cost_high, stage.cost_high) : "–"),
        ),
      ),
    ),
  );
}
