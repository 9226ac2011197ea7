// The panel of filters: verdict, people, stage, shot, axes and a range of scores.

import { element, iconButton } from "./dom.js";
import { facetsOf, NO_FILTER } from "./take_filters.js";
import { STATES } from "./words.js";

const TITLES = { verdict: "Verdict", subject: "Person", stage: "Stage", shot: "Shot" };

/** A panel that sets `state.filter`. */
export class FilterPanel {
  constructor(state, close) {
    this.state = state;
    this.facets = element("div", { class: "facets" });
    this.low = this.scoreInput("Lowest likeness", 0);
    this.high = this.scoreInput("Highest likeness", 1);
    this.clear = element("button", { type: "button", class: "text-button", onclick: () => this.reset() }, "Clear all");
    this.scores = element(
      "fieldset",
      { class: "facet" },
      element("legend", {}, "Likeness"),
      element("div", { class: "score-range" }, this.low, element("span", { "aria-hidden": "true" }, "to"), this.high),
    );
    this.root = element(
      "aside",
      { class: "filters", "aria-label": "Filters", id: "filters", hidden: true },
      element("div", { class: "panel-head" }, element("h2", {}, "Filters"), this.clear, iconButton("close", "Close the filters", close)),
      this.facets,
      this.scores,
    );
  }

  scoreInput(label, value) {
    return element("input", {
      type: "number", min: 0, max: 1, step: 0.01, value, "aria-label": label, onchange: () => this.setScores(),
    });
  }

  /** Draws the facets of the takes that there are. */
  setTakes(takes) {
    this.facets.replaceChildren(...facetsOf(takes).map((facet) => this.facet(facet)));
    this.scores.hidden = !takes.some((take) => typeof take.verdict?.score === "number");
  }

  facet({ name, label, values }) {
    const chosen = this.state.filter.values[name] ?? [];
    const rows = values.map(({ value, count }) =>
      element(
        "label",
        { class: "facet-value" },
        element("input", {
          type: "checkbox", value, checked: chosen.includes(value), onchange: (event) => this.choose(name, value, event.target.checked),
        }),
        name === "verdict" && element("span", { class: "tile-verdict", "data-state": value }),
        element("span", { class: "facet-name" }, name === "verdict" ? (STATES[value] ?? value) : value),
        element("span", { class: "facet-count" }, count.toLocaleString("en")),
      ),
    );
    return element("fieldset", { class: "facet" }, element("legend", {}, TITLES[name] ?? label), ...rows);
  }

  choose(name, value, isChosen) {
    const { values } = this.state.filter;
    const others = (values[name] ?? []).filter((one) => one !== value);
    this.state.setFilter({ values: { ...values, [name]: isChosen ? [...others, value] : others } });
  }

  setScores() {
    const number = (input, otherwise) => (input.value === "" || Number.isNaN(input.valueAsNumber) ? otherwise : input.valueAsNumber);
    this.state.setFilter({ low: number(this.low, 0), high: number(this.high, 1) });
  }

  /** Takes all filters of the panel away. */
  reset() {
    this.low.value = "0";
    this.high.value = "1";
    for (const box of this.facets.querySelectorAll("input")) box.checked = false;
    this.state.setFilter({ values: NO_FILTER.values, low: 0, high: 1 });
  }
}
