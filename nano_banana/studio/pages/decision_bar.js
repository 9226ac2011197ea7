// The bar below the takes: what is decided about, the decisions as buttons, and whether they are saved.

import { element, icon, iconButton, setAttribute, setText } from "./dom.js";
import { countText, DECISIONS, verdictText } from "./words.js";

/** `actions` has a function for each decision and for undo, redo, autoAdvance, faceStrip, clashes, selectAll, clear. */
export class DecisionBar {
  constructor(state, queue, actions) {
    this.state = state;
    this.queue = queue;
    this.actions = actions;
    this.name = element("span", { class: "about-name" });
    this.more = element("span", { class: "about-more" });
    this.selectAll = element("button", { type: "button", class: "text-button", onclick: actions.selectAll }, "Select all");
    this.clear = element("button", { type: "button", class: "text-button", onclick: actions.clearSelection }, "Clear");
    this.keep = this.decision("keep", "Keep", "P");
    this.drop = this.decision("drop", "Drop", "X");
    this.unset = iconButton("unset", "Remove the decision", actions.unset, "U");
    this.skip = iconButton("skip", "Skip", actions.skip, "S");
    this.stars = [1, 2, 3, 4, 5].map((count) => this.star(count));
    this.undo = iconButton("undo", "Undo", actions.undo, "Control+Z");
    this.redo = iconButton("redo", "Redo", actions.redo, "Control+Shift+Z");
    this.advance = iconButton("advance", "Auto-advance", actions.autoAdvance, "A");
    this.faces = iconButton("face", "Face strip", actions.faceStrip, "F");
    this.zoom = iconButton("zoom", "Zoom to the face", actions.zoom, "Z");
    this.saved = element("button", { type: "button", class: "saved", onclick: actions.showUnsaved });
    this.root = this.build();
    for (const name of ["list", "current", "words", "selection", "view"]) state.addEventListener(name, () => this.render());
    queue.addEventListener("status", () => this.renderSaved());
    this.render();
  }

  build() {
    return element(
      "footer",
      { class: "decision-bar" },
      element("div", { class: "about" }, element("div", { class: "about-line" }, this.name, this.selectAll, this.clear), this.more),
      element(
        "div",
        { class: "decide", role: "group", "aria-label": "Decide" },
        this.drop, this.keep, this.unset, this.skip,
        element("div", { class: "stars", role: "group", "aria-label": "Stars" }, ...this.stars),
      ),
      element("div", { class: "bar-tools" }, this.zoom, this.faces, this.advance, this.undo, this.redo, this.saved),
    );
  }

  decision(name, label, key) {
    return element(
      "button",
      { type: "button", class: `decision decision-${name}`, title: `${label} (${key})`, "aria-keyshortcuts": key, onclick: this.actions[name] },
      icon(name),
      element("span", {}, label),
    );
  }

  star(count) {
    const button = iconButton("star", countText(count, "star"), () => this.actions.stars(count), String(count));
    button.classList.add("star");
    return button;
  }

  render() {
    const takes = this.state.targets();
    const { take } = this.state;
    const isBulk = takes.length > 1;
    const word = take ? this.state.decisions.wordOf(take.id) : null;
    setText(this.name, isBulk ? `${countText(takes.length, "take")} selected` : (take?.id ?? "No take"));
    this.name.title = take?.id ?? "";
    setText(this.more, isBulk || !take ? "" : [verdictText(take), ...(take.verdict?.reasons ?? [])].join(" · "));
    this.selectAll.hidden = this.clear.hidden = this.state.view !== "grid" || this.state.selection.size === 0;
    const decision = isBulk ? null : word?.decision;
    setAttribute(this.keep, "aria-pressed", String(decision === "keep"));
    setAttribute(this.drop, "aria-pressed", String(decision === "drop"));
    this.stars.forEach((star, at) => setAttribute(star, "aria-pressed", String(!isBulk && (word?.stars ?? 0) > at)));
    for (const button of [this.keep, this.drop, this.unset, this.skip, ...this.stars]) button.disabled = takes.length === 0;
    this.undo.disabled = this.state.decisions.past.length === 0;
    this.redo.disabled = this.state.decisions.future.length === 0;
    this.renderSaved();
  }

  renderSaved() {
    const { unsaved, clashes, refusals, away, isKept } = this.queue;
    let text = unsaved === 0 ? "Saved" : `${unsaved.toLocaleString("en")} not saved`;
    if (clashes.length > 0) text = `${countText(clashes.length, "decision")} to settle`;
    else if (refusals.length > 0) text = `${countText(refusals.length, "decision")} refused`;
    setText(this.saved, text);
    this.saved.dataset.state = clashes.length + refusals.length > 0 ? "clash" : unsaved > 0 ? (away ? "away" : "saving") : "saved";
    this.saved.title = away ? (isKept ? "The studio can't be reached. Your decisions are kept in this browser." : "The studio can't be reached, and this browser keeps nothing: leave this page open.") : "";
  }

  /** Shows which switches are on. */
  setSwitches({ autoAdvance, faceStrip }) {
    setAttribute(this.advance, "aria-pressed", String(autoAdvance));
    setAttribute(this.faces, "aria-pressed", String(faceStrip));
  }
}

/** What was done, for the live region and the toast: `Kept`, `Kept 12 takes`. */
export function doneText(word, count) {
  const done = DECISIONS[word] ?? "Undecided";
  return count === 1 ? done : `${done}: ${countText(count, "take")}`;
}
