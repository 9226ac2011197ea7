// The review page: puts its parts together, and does what keys and buttons ask for.

import { Compare } from "./compare.js";
import { DecisionBar, doneText } from "./decision_bar.js";
import { Decisions } from "./decisions.js";
import { showHelp, showUnsaved } from "./dialogs.js";
import { element, setText } from "./dom.js";
import { FaceStrip } from "./face_strip.js";
import { FilterPanel } from "./filter_panel.js";
import { listenToKeys } from "./keys.js";
import { Loupe } from "./loupe.js";
import { PictureCache } from "./picture_cache.js";
import { preferences } from "./preferences.js";
import { ReviewState } from "./review_state.js";
import { ReviewToolbar } from "./review_toolbar.js";
import { SaveQueue } from "./save_queue.js";
import { Survey } from "./survey.js";
import { TakeDetails } from "./take_details.js";
import { VirtualGrid } from "./virtual_grid.js";
import { countText } from "./words.js";

/** The page of one project. `source` has the functions of server_source.js. */
export class ReviewPage {
  constructor(source, project, main) {
    this.source = source;
    this.main = main;
    this.queue = new SaveQueue(`${project.name} ${project.recipe}`, source.savePicks);
    this.decisions = new Decisions(this.queue);
    this.state = new ReviewState(this.decisions);
    this.live = element("p", { class: "visually-hidden", role: "status" });
    this.toast = element("div", { class: "toast", hidden: true });
    this.notice = element("p", { class: "empty", hidden: true });
    this.makeParts();
    this.build();
    this.listen();
  }

  makeParts() {
    const { source, state } = this;
    const cache = new PictureCache();
    const urls = { thumb: source.thumbUrl, full: source.pictureUrl };
    const faceBox = (take) => this.faceBox(take);
    this.faces = new FaceStrip(state, source);
    this.grid = new VirtualGrid(state, source.thumbUrl, {
      open: (id) => this.openLoupe(id),
      toggleGroup: (id) => state.toggleGroup(id),
      select: (is) => this.setSelecting(is),
    });
    this.loupe = new Loupe(state, { cache, urls, faceBox, move: (by) => state.move(by) });
    this.compare = new Compare(state, { cache, urls, faceBox });
    this.survey = new Survey(state, urls, (id) => this.openLoupe(id));
    this.filters = new FilterPanel(state, () => this.toggleFilters());
    const decide = (takes, change) => this.decisions.change(takes, change, takes[0].id);
    this.details = new TakeDetails(state, decide, source.fetchExplanation);
    this.toolbar = new ReviewToolbar(state, {
      setView: (view) => this.setView(view),
      toggleFilters: () => this.toggleFilters(),
      toggleDetails: () => this.toggleDetails(),
      setTileSize: (size) => this.setTileSize(size),
      setSelecting: (is) => this.setSelecting(is),
      focusView: () => this.focusView(),
    });
    this.bar = new DecisionBar(state, this.queue, this.barActions());
  }

  barActions() {
    const act = (action) => () => this.act({ action });
    const names = ["keep", "drop", "unset", "skip", "undo", "redo", "autoAdvance", "faceStrip", "zoom", "selectAll"];
    return {
      ...Object.fromEntries(names.map((name) => [name, act(name)])),
      stars: (stars) => this.act({ action: "stars", stars }),
      clearSelection: () => this.state.clearSelection(),
      showUnsaved: () => this.showUnsaved(),
    };
  }

  build() {
    this.grid.tileSize = preferences.tileSize;
    this.gridView = element("section", { class: "view grid-view", "aria-label": "Grid" }, this.grid.root, this.notice);
    this.views = { grid: this.gridView, loupe: this.loupe.root, compare: this.compare.root, survey: this.survey.root };
    const centre = element("div", { class: "centre" }, ...Object.values(this.views), this.faces.root);
    this.main.replaceChildren(this.toolbar.root, element("div", { class: "work" }, this.filters.root, centre, this.details.root));
    this.toolbar.shareTools(this.filters.root);
    this.main.after(this.bar.root);
    document.body.append(this.live, this.toast);
    this.faces.toggle(preferences.faceStrip);
    this.bar.setSwitches(preferences);
    this.showView();
  }

  listen() {
    const actions = { view: () => this.showView(), current: () => this.onCurrent(), list: () => this.onList() };
    for (const [name, action] of Object.entries(actions)) this.state.addEventListener(name, action);
    listenToKeys(() => preferences.keys, (asked) => this.act(asked));
    // A button that was clicked must not take the next press of the space bar.
    document.addEventListener("click", (event) => {
      const button = event.target.closest?.("button");
      if (event.detail > 0 && button && !button.closest("dialog")) this.focusView();
    });
  }

  /** Shows takes and decisions as the source gives them. */
  show(takes, picks) {
    this.decisions.setSaved(picks.picks);
    this.revision = takes.revision;
    this.setTakes(takes.takes);
    this.showProblems(picks.problems ?? []);
    this.focusView();
  }

  setTakes(takes) {
    this.state.setTakes(takes);
    // Counting the values of thousands of takes is not worth waiting for.
    setTimeout(() => this.filters.setTakes(takes));
    this.faces.refresh();
  }

  /** Something changed on the server: decisions made here stay. `revision` is that of the takes, if it is known. */
  async refresh(revision = "") {
    const picks = await this.source.fetchPicks();
    this.decisions.setSaved(picks.picks);
    this.showProblems(picks.problems ?? []);
    // What was refused may be taken by now, say because the file was mended.
    if (this.queue.refusals.length > 0) this.queue.retry();
    if (revision && revision === this.revision) return;
    const takes = await this.source.fetchTakes();
    if (takes.revision !== this.revision) this.setTakes(takes.takes);
    this.revision = takes.revision;
  }

  showProblems(problems) {
    if (problems.length > 0) this.say(problems.map((problem) => problem.error ?? problem).join(" · "), true);
  }

  /** Does what a key or a button asks for. */
  act(asked) {
    const actions = {
      move: () => this.move(asked),
      keep: () => this.decide("keep"),
      drop: () => this.decide("drop"),
      unset: () => this.decide(null),
      stars: () => this.setStars(asked.stars),
      skip: () => this.goOn(),
      undo: () => this.stepBack(this.decisions.undo(), "Nothing to undo", "Undone"),
      redo: () => this.stepBack(this.decisions.redo(), "Nothing to redo", "Redone"),
      grid: () => this.setView("grid"),
      loupe: () => this.setView("loupe"),
      toggleLoupe: () => this.setView(this.state.view === "loupe" ? "grid" : "loupe"),
      compare: () => this.setView("compare"),
      survey: () => this.setView("survey"),
      zoom: () => this.zoom(),
      faceStrip: () => this.toggleFaces(),
      autoAdvance: () => this.toggleAdvance(),
      search: () => this.toolbar.focusSearch(),
      help: () => showHelp(),
      selectAll: () => this.state.selectAll(),
      back: () => this.back(),
    };
    actions[asked.action]?.();
  }

  decide(decision) {
    const takes = this.targets();
    if (takes.length === 0) return;
    const count = this.decisions.change(takes, () => ({ decision }), this.state.current);
    this.say(doneText(decision, takes.length), takes.length > 1);
    const isOne = takes.length === 1 && takes[0].id === this.state.current;
    if (decision && isOne && preferences.autoAdvance) this.goOn(count > 0);
  }

  /** What is decided about; a take that comes to no choose stage can't be picked. */
  targets() {
    const takes = this.state.targets();
    const pickable = takes.filter((take) => take.pick_stage);
    if (pickable.length < takes.length && pickable.length === 0) {
      this.say("These takes come to no stage that chooses: add a `choose` stage to the recipe to pick.", true);
    }
    return pickable;
  }

  setStars(stars) {
    const takes = this.targets();
    const isSame = takes.every((take) => this.decisions.wordOf(take.id).stars === stars);
    const wanted = isSame ? 0 : stars;
    this.decisions.change(takes, () => ({ stars: wanted }), this.state.current);
    if (takes.length > 0) this.say(wanted ? countText(wanted, "star") : "No stars");
  }

  /** Goes to the next undecided take, or to the next one if auto-advance is off; never back to the start. */
  goOn() {
    const { state } = this;
    if (state.view === "survey") {
      const next = this.survey.nextUndecided();
      if (next) state.goTo(next);
      return;
    }
    if (!preferences.autoAdvance) return void state.move(1);
    const next = state.nextUndecided();
    if (next && !(state.view === "compare" && this.compare.ids.includes(next.id))) state.goTo(next.id);
    else if (next) this.compare.move(1);
    else this.say("No undecided takes after this one", true);
  }

  stepBack(step, nothing, done) {
    if (!step) return this.say(nothing, true);
    if (step.focus !== null) this.state.goTo(step.focus);
    this.grid.reveal();
    this.say(step.step.length > 1 ? `${done}: ${countText(step.step.length, "take")}` : done, true);
  }

  move({ where, extend }) {
    const { state } = this;
    const by = { left: -1, right: 1, first: -state.shown.length, last: state.shown.length }[where];
    const row = { up: -1, down: 1, pageUp: -this.grid.rowsOnScreen, pageDown: this.grid.rowsOnScreen }[where];
    if (state.view === "grid") state.move(by ?? row * this.grid.columns, { extend });
    else if (state.view === "compare") this.compare.move(by ?? row);
    else if (state.view === "survey") by === undefined ? this.survey.moveRow(row) : this.survey.move(by);
    else if (by === undefined) state.stepTry(row);
    else state.move(by);
  }

  back() {
    if (this.state.view !== "grid") this.setView("grid");
    else if (this.grid.isSelecting) this.setSelecting(false);
    else this.state.clearSelection();
  }

  setView(view) {
    if (!this.state.take) return;
    const isNew = this.state.view !== view;
    this.state.setView(view);
    if (isNew && view === "compare") this.compare.open();
    if (isNew && view === "survey") this.survey.open();
  }

  openLoupe(id) {
    this.state.goTo(id);
    this.setView("loupe");
  }

  showView() {
    const { view } = this.state;
    for (const [name, root] of Object.entries(this.views)) root.hidden = name !== view;
    this.details.root.hidden = view !== "loupe" || !preferences.details;
    document.body.dataset.view = view;
    if (view === "grid") {
      this.grid.relayout();
      this.grid.reveal();
    } else if (view === "loupe") this.loupe.render();
    else this[view].render();
    this.focusView();
  }

  focusView() {
    if (this.state.view === "grid" && !this.grid.root.hidden) this.grid.root.focus({ preventScroll: true });
    else if (document.activeElement !== document.body) document.activeElement?.blur();
  }

  onCurrent() {
    if (this.state.view === "grid") this.grid.reveal();
  }

  onList() {
    const isEmpty = this.state.shown.length === 0;
    this.notice.hidden = !isEmpty;
    // A listbox without options has nothing to say to a screen reader.
    const isBack = this.grid.root.hidden && !isEmpty && document.activeElement === document.body;
    this.grid.root.hidden = isEmpty;
    if (isBack) this.focusView();
    if (isEmpty) this.notice.replaceChildren(element("span", {}, ...this.emptyText()));
  }

  emptyText() {
    if (this.state.takes.length > 0) return ["No takes match. Clear a filter or the search."];
    return ["No pictures yet. ", element("a", { href: "/run" }, "Run the recipe"), " to make some."];
  }

  zoom() {
    if (this.state.view === "compare") void this.compare.zoom();
    else {
      this.setView("loupe");
      void this.loupe.zoom();
    }
  }

  /** Where the face of a take is, in pixels of its picture. */
  async faceBox(take) {
    const people = await this.faces.facesOf(take);
    const box = people.find((person) => person.face?.box)?.face.box ?? null;
    const picture = this.state.pictureOf(take);
    const isFraction = box?.every((side) => side <= 1);
    return isFraction && picture ? box.map((side, at) => side * (at % 2 ? picture.height : picture.width)) : box;
  }

  toggleFaces() {
    preferences.faceStrip = !preferences.faceStrip;
    this.faces.toggle(preferences.faceStrip);
    this.bar.setSwitches(preferences);
    this.grid.reveal();
  }

  toggleAdvance() {
    preferences.autoAdvance = !preferences.autoAdvance;
    this.bar.setSwitches(preferences);
    this.say(preferences.autoAdvance ? "Auto-advance is on" : "Auto-advance is off", true);
  }

  toggleFilters() {
    this.filters.root.hidden = !this.filters.root.hidden;
    this.toolbar.filters.setAttribute("aria-pressed", String(!this.filters.root.hidden));
  }

  toggleDetails() {
    preferences.details = !preferences.details;
    this.showView();
    this.details.draw();
  }

  setTileSize(size) {
    preferences.tileSize = size;
    this.grid.setTileSize(size);
  }

  setSelecting(isSelecting) {
    this.grid.isSelecting = isSelecting;
    this.toolbar.selecting.setAttribute("aria-pressed", String(isSelecting));
    if (!isSelecting) this.state.clearSelection();
  }

  showUnsaved() {
    if (this.queue.clashes.length + this.queue.refusals.length > 0) showUnsaved(this.queue);
    else this.queue.retry();
    if (this.queue.away) this.say(`Not saved: ${this.queue.away}. Your decisions are kept in this browser.`, true);
  }

  /** Says what happened to a screen reader, and shows it if it can't be seen otherwise. */
  say(text, isShown = false) {
    setText(this.live, text);
    if (!isShown) return;
    setText(this.toast, text);
    this.toast.hidden = false;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => (this.toast.hidden = true), 3500);
  }
}

