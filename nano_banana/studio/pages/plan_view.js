// What a run would make and cost, with the button that starts it.

import { element } from "./dom.js";
import { countText, moneyText, priceRangeText } from "./words.js";

/** Shows a plan. `start(budget)` begins the run. */
export class PlanView {
  constructor(start) {
    this.start = start;
    this.typed = null; // a budget that was typed stays when the plan is drawn anew
    this.root = element("section", { class: "plan", "aria-label": "Plan" });
  }

  /** Draws a plan as `/api/plan` has it. */
  show(plan) {
    const isNothing = plan.pictures_to_make === 0;
    const title = isNothing ? "Nothing to make" : `${countText(plan.pictures_to_make, "picture")} to make`;
    this.budget = element("input", {
      type: "number", min: 0, step: 0.01, id: "budget", value: this.typed ?? plan.budget ?? "", placeholder: "no limit",
      inputmode: "decimal", oninput: () => (this.typed = this.budget.value),
    });
    this.button = element("button", { type: "button", class: "main-button", onclick: () => this.begin() }, isNothing ? "Run anyway" : "Start");
    this.root.replaceChildren(
      element("h2", { class: "headline" }, title),
      element("p", { class: "price" }, isNothing ? "Everything is there already." : priceText(plan)),
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

function priceText({ cost_low: low, cost_high: high }) {
  return high === 0 ? "Free" : priceRangeText(low, high);
}

function planFacts(plan) {
  const facts = [];
  if (plan.reused) facts.push(["Reused", countText(plan.reused, "picture")]);
  if (plan.adapters_to_train) facts.push(["To train", countText(plan.adapters_to_train, "adapter")]);
  if (plan.second_chances) facts.push(["Second chances", `up to ${countText(plan.second_chances, "call")}, ${moneyText(plan.second_chances_usd)}`]);
  if (typeof plan.expected_usd === "number" && plan.pictures_to_make) facts.push(["Likely price", moneyText(plan.expected_usd)]);
  if (plan.provider) facts.push(["Provider", plan.provider]);
  const list = element("dl", { class: "facts" });
  for (const [name, value] of facts) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return list;
}

/** A row for each stage: its calls, those that are in the store already, and what they cost. */
function stageTable(stages) {
  const rows = stages.filter((stage) => stage.to_make + stage.cached > 0);
  if (rows.length === 0) return "";
  const heads = ["Stage", "To make", "Reused", "Second chances", "Price"].map((head) => element("th", { scope: "col" }, head));
  return element("table", { class: "stages" }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows.map(stageRow)));
}

function stageRow({ id, to_make: toMake, cached, possible, low, high, possible_high: more, unpriced }) {
  const price = unpriced > 0 ? "unknown" : high + more > 0 ? priceRangeText(low, high + more) : "free";
  const cells = [toMake, cached, possible].map((count) => element("td", {}, count > 0 ? count.toLocaleString("en") : "–"));
  return element("tr", {}, element("th", { scope: "row" }, id), ...cells, element("td", {}, price));
}
