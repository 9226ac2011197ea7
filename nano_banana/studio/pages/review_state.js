// What the review page shows: the takes that match, the current one, the selection and the view.

import { NO_FILTER, matchesDecision, matchesFilter } from "./take_filters.js";
import { nearGroups, orderedTakes } from "./take_order.js";

/**
 * Events: `list` (other takes or another order), `current`, `selection`, `words` (decisions), `view`.
 * `shown` are the takes that are listed; the current one stays among them until it is left.
 */
export class ReviewState extends EventTarget {
  constructor(decisions) {
    super();
    this.decisions = decisions;
    this.takes = [];
    this.hasHashes = false;
    this.byId = new Map();
    this.filter = NO_FILTER;
    this.order = "recipe";
    this.seed = 1;
    this.isGrouped = false;
    this.expanded = new Set();
    this.groups = new Map();
    this.ordered = [];
    this.shown = [];
    this.indexes = new Map();
    this.counts = { all: 0, undecided: 0, keep: 0, drop: 0 };
    this.current = null;
    this.selection = new Set();
    this.anchor = null;
    this.view = "grid";
    this.attempts = new Map();
    decisions.addEventListener("change", () => this.recount());
  }

  /** The current take, or null. */
  get take() {
    return this.byId.get(this.current) ?? null;
  }

  /** Takes the server's list over; what is current and selected stays, if it is still there. */
  setTakes(takes) {
    this.takes = takes;
    this.hasHashes = takes.some((take) => take.hash);
    this.byId = new Map(takes.map((take) => [take.id, take]));
    this.groups = this.isGrouped ? nearGroups(takes) : new Map();
    for (const id of this.selection) if (!this.byId.has(id)) this.selection.delete(id);
    if (!this.byId.has(this.current)) this.current = null;
    this.reorder();
  }

  /** Sets parts of the filter; the list begins at its start unless the current take is still in it. */
  setFilter(parts) {
    this.filter = { ...this.filter, ...parts };
    this.selection.clear();
    this.relist(false);
    this.emit("selection");
  }

  /** Another order; `random` is another one each time. */
  setOrder(order) {
    this.order = order;
    if (order === "random") this.seed = Math.floor(Math.random() * 2 ** 32);
    this.reorder();
  }

  /** Shows near-identical takes as one tile, or all. */
  setGrouped(isGrouped) {
    this.isGrouped = isGrouped;
    this.expanded.clear();
    this.groups = isGrouped ? nearGroups(this.takes) : new Map();
    this.reorder();
    const leader = this.groups.get(this.current)?.[0];
    if (leader !== undefined) this.goTo(leader);
  }

  /** Shows or hides the further takes of a group. */
  toggleGroup(id) {
    const leader = this.groups.get(id)?.[0];
    if (leader === undefined) return;
    if (!this.expanded.delete(leader)) this.expanded.add(leader);
    this.relist();
  }

  /** How many near-identical takes a tile stands for. */
  groupSize(id) {
    return this.groups.get(id)?.length ?? 1;
  }

  setView(view) {
    if (view === this.view) return;
    this.view = view;
    this.emit("view");
  }

  /** Makes a take the current one. `extend` selects from where the selection began to here; `add` adds or removes it. */
  goTo(id, { extend = false, add = false } = {}) {
    if (!this.byId.has(id)) return;
    if (extend) {
      this.anchor ??= this.current ?? id;
      this.selectRange(this.anchor, id);
    }
    if (add) this.toggleSelected(id);
    else if (!extend && this.selection.size > 0) {
      this.selection.clear();
      this.emit("selection");
    }
    if (!extend) this.anchor = id;
    const left = this.current;
    this.current = id;
    if (!this.indexes.has(id) || (left !== id && this.byId.has(left) && !this.isListed(this.byId.get(left)))) this.relist();
    this.emit("current");
  }

  /** Moves by a number of takes, never beyond an end. Returns whether it moved. */
  move(by, options = {}) {
    if (this.shown.length === 0) return false;
    const at = this.indexes.get(this.current);
    const to = at === undefined ? 0 : Math.max(0, Math.min(this.shown.length - 1, at + by));
    if (to === at) return false;
    this.goTo(this.shown[to].id, options);
    return true;
  }

  /** The next take after the current one that nobody decided, or null; it never begins again at the start. */
  nextUndecided() {
    const at = this.indexes.get(this.current) ?? -1;
    return this.shown.slice(at + 1).find((take) => !this.decisions.wordOf(take.id).decision) ?? null;
  }

  selectRange(from, to) {
    const [a, b] = [this.indexes.get(from) ?? 0, this.indexes.get(to) ?? 0].toSorted((x, y) => x - y);
    this.selection = new Set(this.shown.slice(a, b + 1).map((take) => take.id));
    this.emit("selection");
  }

  toggleSelected(id) {
    if (this.selection.size === 0 && this.current !== null && this.current !== id) this.selection.add(this.current);
    if (!this.selection.delete(id)) this.selection.add(id);
    this.emit("selection");
  }

  /** Selects all takes that are listed. */
  selectAll() {
    this.selection = new Set(this.shown.map((take) => take.id));
    this.emit("selection");
  }

  clearSelection() {
    if (this.selection.size === 0) return;
    this.selection.clear();
    this.emit("selection");
  }

  /** What a decision is about: the selection in the grid, else the current take. */
  targets() {
    if (this.view === "grid" && this.selection.size > 0) return this.takes.filter((take) => this.selection.has(take.id));
    return this.take ? [this.take] : [];
  }

  /** The try that is looked at: the one that was stepped to, else the one that stands. */
  attemptOf(take) {
    const tries = take.tries ?? [];
    return this.attempts.get(take.id) ?? Math.max(0, tries.findIndex((attempt) => attempt.stands));
  }

  /** Looks at an earlier or later try of the current take. Returns whether there is one. */
  stepTry(by) {
    const tries = this.take?.tries ?? [];
    const to = this.take ? this.attemptOf(this.take) + by : -1;
    if (to < 0 || to >= tries.length) return false;
    this.attempts.set(this.take.id, to);
    this.emit("current");
    return true;
  }

  /** The picture of a take that is looked at, or null. */
  pictureOf(take) {
    return take.tries?.[this.attemptOf(take)]?.picture ?? take.picture;
  }

  reorder() {
    this.ordered = orderedTakes(this.takes, this.order, this.seed);
    if (this.groups.size > 0) this.ordered = gathered(this.ordered, this.groups, this.byId);
    this.relist();
  }

  /** Lists what matches. The current take stays unless `keepsCurrent` is false. */
  relist(keepsCurrent = true) {
    const kept = keepsCurrent ? this.current : null;
    this.counts = { all: 0, undecided: 0, keep: 0, drop: 0 };
    this.shown = this.ordered.filter((take) => this.counted(take) || take.id === kept);
    this.indexes = new Map(this.shown.map((take, at) => [take.id, at]));
    if (!this.indexes.has(this.current)) this.current = this.shown[0]?.id ?? null;
    this.emit("list");
  }

  /** Counts a take by its decision if it matches otherwise; returns whether it is listed. */
  counted(take) {
    if (!matchesFilter(take, this.filter)) return false;
    const decision = this.decisions.wordOf(take.id).decision;
    this.counts.all += 1;
    this.counts[decision ?? "undecided"] += 1;
    return matchesDecision(decision, this.filter.decision) && !this.isFolded(take);
  }

  isListed(take) {
    const decision = this.decisions.wordOf(take.id).decision;
    return matchesFilter(take, this.filter) && matchesDecision(decision, this.filter.decision) && !this.isFolded(take);
  }

  isFolded(take) {
    const ids = this.groups.get(take.id);
    return ids !== undefined && ids[0] !== take.id && !this.expanded.has(ids[0]);
  }

  recount() {
    if (this.filter.decision === "all") this.countAgain();
    else this.relist();
    this.emit("words");
  }

  countAgain() {
    this.counts = { all: 0, undecided: 0, keep: 0, drop: 0 };
    for (const take of this.ordered) this.counted(take);
  }

  emit(name) {
    this.dispatchEvent(new Event(name));
  }
}

/** The takes of a group side by side, the most alike first: the one that stands for them. */
function gathered(takes, groups, byId) {
  const done = new Set();
  const found = [];
  for (const take of takes) {
    const ids = groups.get(take.id);
    if (!ids) found.push(take);
    else if (!done.has(ids)) {
      done.add(ids);
      ids.sort((a, b) => (byId.get(b).verdict?.score ?? -1) - (byId.get(a).verdict?.score ?? -1));
      found.push(...ids.map((id) => byId.get(id)));
    }
  }
  return found;
}
