// Comparing two takes side by side; zoom and position are linked unless that is switched off.

import { element, icon, iconButton, setAttribute, setText } from "./dom.js";
import { preferences } from "./preferences.js";
import { DECISIONS, scoreText, takeLabel } from "./words.js";
import { ZoomPane } from "./zoom_pane.js";

/** Two panes of `state`'s takes; the active one shows the current take. */
export class Compare {
  constructor(state, { cache, urls, faceBox }) {
    this.state = state;
    this.faceBox = faceBox;
    this.ids = [null, null];
    this.active = 1;
    this.panes = [0, 1].map((side) => this.makePane(side, cache, urls));
    this.link = element(
      "button",
      { type: "button", class: "chip-button", "aria-pressed": String(preferences.linked), onclick: () => this.toggleLink() },
      icon("lock"),
      "Zoom and position linked",
    );
    const swap = iconButton("compare", "Swap the two", () => this.swap());
    this.root = element(
      "section",
      { class: "view compare", "aria-label": "Compare" },
      element("div", { class: "compare-panes" }, ...this.panes.map((pane) => pane.root)),
      element("div", { class: "compare-tools" }, this.link, swap),
    );
    for (const name of ["current", "list", "words"]) state.addEventListener(name, () => this.render());
  }

  makePane(side, cache, urls) {
    const made = { caption: element("span", { class: "pane-name" }), score: element("span", { class: "pane-score" }) };
    made.zoom = new ZoomPane(cache, urls, {
      gesture: (action, pane) => this.together(action, pane),
      press: () => this.activate(side),
      swipe: (by) => this.move(by),
    });
    made.button = element(
      "button",
      { type: "button", class: "pane-caption", onclick: () => this.activate(side) },
      made.caption,
      made.score,
    );
    made.root = element("div", { class: "compare-pane" }, made.zoom.root, made.button);
    return made;
  }

  /** Begins with two selected takes, or with the current one and the next. */
  open() {
    const selected = this.state.shown.filter((take) => this.state.selection.has(take.id)).map((take) => take.id);
    const at = this.state.indexes.get(this.state.current) ?? 0;
    const next = this.likeNext(at) ?? this.state.shown[at + 1] ?? this.state.shown[at - 1];
    this.ids = selected.length >= 2 ? selected.slice(0, 2) : [this.state.current, next?.id ?? null];
    this.active = this.ids[1] === null ? 0 : 1;
    for (const pane of this.panes) pane.zoom.fit();
    this.state.goTo(this.ids[this.active]);
    this.render();
  }

  /** The next take of the same people. */
  likeNext(at) {
    const people = this.state.shown[at]?.subjects.join();
    return this.state.shown.slice(at + 1).find((take) => take.subjects.join() === people);
  }

  activate(side) {
    if (this.ids[side] === null || this.active === side) return;
    this.active = side;
    this.state.goTo(this.ids[side]);
  }

  /** Shows an earlier or later take in the active pane; the other pane's is skipped. */
  move(by) {
    const { shown, indexes } = this.state;
    let at = (indexes.get(this.ids[this.active]) ?? 0) + by;
    if (shown[at]?.id === this.ids[1 - this.active]) at += by;
    if (shown[at]) this.state.goTo(shown[at].id);
  }

  swap() {
    this.ids.reverse();
    this.active = 1 - this.active;
    this.render();
  }

  toggleLink() {
    preferences.linked = !preferences.linked;
    setAttribute(this.link, "aria-pressed", String(preferences.linked));
  }

  together(action, from) {
    for (const { zoom } of this.panes) if (zoom === from || preferences.linked) action(zoom);
  }

  /** Zooms both to their faces, or back. */
  async zoom() {
    if (this.panes.some((pane) => pane.zoom.isZoomed)) return this.panes.forEach((pane) => pane.zoom.fit());
    const takes = this.ids.map((id) => this.state.byId.get(id));
    const boxes = await Promise.all(takes.map((take) => (take ? this.faceBox(take) : null)));
    this.panes.forEach((pane, side) => pane.zoom.zoomTo(boxes[side]));
  }

  render() {
    if (this.state.view !== "compare") return;
    // Undo may go to a take of the other pane, or to one of neither.
    if (this.state.current === this.ids[1 - this.active]) this.active = 1 - this.active;
    else this.ids[this.active] = this.state.current;
    this.panes.forEach((pane, side) => this.renderPane(pane, side));
  }

  renderPane(pane, side) {
    const take = this.state.byId.get(this.ids[side]);
    const word = take && this.state.decisions.wordOf(take.id);
    pane.zoom.show(take ? this.state.pictureOf(take) : null, take ? takeLabel(take, word) : "");
    setAttribute(pane.root, "data-active", side === this.active);
    setAttribute(pane.root, "data-decision", word?.decision);
    setAttribute(pane.button, "aria-pressed", String(side === this.active));
    setText(pane.caption, take ? take.id : "No second take");
    setText(pane.score, take ? [scoreText(take.verdict?.score), DECISIONS[word.decision], "★".repeat(word.stars)].filter(Boolean).join(" · ") : "");
  }
}
