// The bar above the takes: what is listed, in which order and view.

import { element, icon, iconButton, setAttribute, setText } from "./dom.js";
import { preferences } from "./preferences.js";
import { filterCount } from "./take_filters.js";
import { ORDERS } from "./take_order.js";

const TABS = [["all", "All"], ["undecided", "Undecided"], ["keep", "Kept"], ["drop", "Dropped"]];
const VIEWS = [["grid", "Grid", "G"], ["loupe", "Loupe", "E"], ["compare", "Compare", "C"], ["survey", "Survey", "N"]];

/** `actions`: setView(view), toggleFilters(), setTileSize(size), setSelecting(is), selectAll(), toggleDetails(). */
export class ReviewToolbar {
  constructor(state, actions) {
    this.state = state;
    this.actions = actions;
    this.tabs = new Map(TABS.map(([name, label]) => [name, this.tab(name, label)]));
    this.views = new Map(VIEWS.map(([name, label, key]) => [name, iconButton(name, label, () => actions.setView(name), key)]));
    this.search = element("input", {
      type: "search", placeholder: "Search", "aria-label": "Search in prompts and names", "aria-keyshortcuts": "/", spellcheck: "false",
    });
    this.search.addEventListener("input", () => this.searchSoon());
    this.search.addEventListener("keydown", (event) => this.onSearchKey(event));
    this.filters = this.toggle("filter", "Filters", actions.toggleFilters);
    this.filters.setAttribute("aria-controls", "filters");
    this.group = this.toggle("stack", "Group near-identical", () => this.setGrouped());
    this.selecting = this.toggle("select", "Select", () => actions.setSelecting(this.selecting.getAttribute("aria-pressed") !== "true"));
    this.details = iconButton("details", "Details", actions.toggleDetails);
    this.order = element(
      "select",
      { "aria-label": "Order", onchange: () => state.setOrder(this.order.value) },
      ...Object.entries(ORDERS).map(([value, label]) => element("option", { value }, label)),
    );
    this.size = element("input", {
      type: "range", min: 110, max: 480, value: preferences.tileSize, "aria-label": "Size of the pictures",
      oninput: () => actions.setTileSize(this.size.valueAsNumber),
    });
    this.root = this.build();
    for (const name of ["list", "words", "view"]) state.addEventListener(name, () => this.render());
  }

  build() {
    const tabs = element("div", { class: "tabs", role: "group", "aria-label": "Decisions" }, ...[...this.tabs.values()].map((tab) => tab.root));
    const views = element("div", { class: "views", role: "group", "aria-label": "View" }, ...this.views.values(), this.details);
    const search = element("div", { class: "search" }, icon("search"), this.search);
    this.gridTools = element("div", { class: "grid-tools" }, this.order, this.group, this.selecting, this.size);
    return element(
      "div",
      { class: "toolbar", role: "toolbar", "aria-label": "Takes" },
      tabs, search, this.filters, this.gridTools, views,
    );
  }

  /** Where there is no room for them, the tools of the grid move to the top of a panel. */
  shareTools(panel) {
    const narrow = matchMedia("(max-width: 40rem)");
    const place = () => (narrow.matches ? panel.firstElementChild.after(this.gridTools) : this.filters.after(this.gridTools));
    narrow.addEventListener("change", place);
    place();
  }

  tab(name, label) {
    const count = element("span", { class: "tab-count" });
    const root = element("button", { type: "button", class: "tab", onclick: () => this.state.setFilter({ decision: name }) }, label, count);
    return { root, count };
  }

  toggle(sign, label, action) {
    const text = element("span", { class: "chip-text" }, label);
    return element("button", { type: "button", class: "chip-button", "aria-pressed": "false", "aria-label": label, title: label, onclick: action }, icon(sign), text);
  }

  setGrouped() {
    this.state.setGrouped(!this.state.isGrouped);
    setAttribute(this.group, "aria-pressed", String(this.state.isGrouped));
  }

  /** Puts the cursor into the search. */
  focusSearch() {
    this.search.focus();
    this.search.select();
  }

  searchSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.state.setFilter({ search: this.search.value }), 120);
  }

  onSearchKey(event) {
    if (event.key === "Escape" && this.search.value) {
      this.search.value = "";
      this.searchSoon();
    } else if (event.key === "Enter" || event.key === "Escape") this.actions.focusView();
    else return;
    event.preventDefault();
  }

  render() {
    const { counts, filter, view } = this.state;
    for (const [name, { root, count }] of this.tabs) {
      setAttribute(root, "aria-pressed", String(filter.decision === name));
      setText(count, counts[name].toLocaleString("en"));
    }
    this.group.hidden = !this.state.hasHashes;
    for (const [name, button] of this.views) setAttribute(button, "aria-pressed", String(name === view));
    const set = filterCount(filter);
    this.filters.classList.toggle("is-set", set > 0);
    setText(this.filters.querySelector(".chip-text"), set > 0 ? `Filters (${set})` : "Filters");
    this.root.dataset.view = view;
  }
}
