// A run as it happens: how far it is, what it spent, pictures as they are made, and what failed.

import { element, oncePerFrame, setAttribute, setText } from "./dom.js";
import { isUnderWay, stageProgress } from "./run_progress.js";
import { countText, moneyText, RUN_ENDS, scoreText, STATES, takesText } from "./words.js";

/** Shows a run's progress. `thumb(picture, side)` gives addresses; `stop()` ends the run. */
export class RunView {
  constructor(thumb, stop) {
    this.thumb = thumb;
    this.cells = new Map();
    this.title = element("h2", { class: "headline" });
    this.bar = element("progress", { class: "progress", "aria-label": "Progress" });
    this.spent = element("p", { class: "spent" });
    this.stop = element("button", { type: "button", class: "plain-button", onclick: stop }, "Stop");
    this.stages = element("ul", { class: "under-way", "aria-label": "Stages" });
    this.problems = element("ul", { class: "problems", "aria-label": "Problems" });
    this.pictures = element("ul", { class: "newest", "aria-label": "Newest pictures" });
    this.review = element("a", { href: "/", class: "main-button link-button", hidden: true }, "Review the pictures");
    this.live = element("p", { class: "visually-hidden", role: "status" });
    this.root = element(
      "section",
      { class: "run", "aria-label": "Run", hidden: true },
      element("div", { class: "run-head" }, element("div", { class: "run-title" }, this.title, this.spent), this.review, this.stop),
      this.bar, this.stages, this.problems, this.pictures, this.live,
    );
    this.draw = oncePerFrame(() => this.render());
  }

  /** Shows other progress, in the next frame. */
  show(progress) {
    this.progress = progress;
    this.draw();
  }

  render() {
    const { progress } = this;
    const isOver = progress.phase === "ended";
    this.root.hidden = progress.phase === "idle";
    setText(this.title, titleOf(progress));
    setText(this.spent, spentText(progress));
    setText(this.live, isOver ? titleOf(progress) : "");
    this.stop.hidden = isOver || !progress.isOurs;
    setText(this.stop, progress.phase === "stopping" ? "Stop at once" : "Stop");
    this.review.hidden = !isOver;
    this.bar.hidden = !isUnderWay(progress) || !progress.total;
    setAttribute(this.bar, "max", progress.total || null);
    setAttribute(this.bar, "value", progress.total ? Math.min(progress.made, progress.total) : null);
    this.stages.replaceChildren(...(isOver ? [] : stageProgress(progress).map(stageLine)));
    this.problems.replaceChildren(...progress.problems.slice(0, 50).map(problemLine));
    this.renderPictures();
  }

  renderPictures() {
    const takes = new Set(this.progress.pictures.map((one) => one.take));
    for (const [take, cell] of this.cells) {
      if (takes.has(take)) continue;
      cell.root.remove();
      this.cells.delete(take);
    }
    this.progress.pictures.forEach((one, at) => {
      const cell = this.cells.get(one.take) ?? this.makeCell(one.take);
      this.fill(cell, one);
      if (this.pictures.children[at] !== cell.root) this.pictures.insertBefore(cell.root, this.pictures.children[at] ?? null);
    });
  }

  makeCell(take) {
    const cell = { image: element("img", { alt: take, draggable: "false" }), score: element("span", {}), name: element("span", { class: "run-name" }, take) };
    cell.root = element("li", { class: "run-picture" }, cell.image, element("p", {}, element("span", { class: "tile-verdict" }), cell.score, cell.name));
    this.cells.set(take, cell);
    return cell;
  }

  fill(cell, { take, picture }) {
    const url = this.thumb(picture, 320);
    if (cell.url !== url) cell.image.src = url;
    cell.url = url;
    const verdict = this.progress.verdicts[take];
    setAttribute(cell.root, "data-state", verdict?.ruling);
    setText(cell.score, verdict ? `${STATES[verdict.ruling] ?? verdict.ruling} ${scoreText(verdict.score)}` : "");
  }
}

function titleOf(progress) {
  const { phase, made, total } = progress;
  if (phase === "ended") return endText(progress);
  if (phase === "stopping") return "Stopping: what is under way is finished";
  return total ? `Making ${Math.min(made + 1, total)} of ${countText(total, "picture")}` : "Running";
}

function endText({ end, made }) {
  const takes = takesText(end);
  const done = takes === null ? `${countText(made, "picture")} made` : `${takes} done`;
  return end.status && end.status !== "done" ? `${RUN_ENDS[end.status] ?? end.status}: ${done}` : done;
}

function spentText({ spent, budget, unknown, isOurs, phase }) {
  if (!isOurs && phase !== "ended") return "Started elsewhere";
  const more = unknown > 0 ? `, ${countText(unknown, "price")} unknown` : "";
  return typeof budget === "number" ? `${moneyText(spent)} spent of ${moneyText(budget)}${more}` : `${moneyText(spent)} spent${more}`;
}

function stageLine({ stage, planned, finished, failed, waiting, working, position }) {
  const parts = planned > 0 ? [`${finished} of ${planned}`] : [];
  if (failed > 0) parts.push(`${failed} failed`);
  if (working > 0) parts.push(`${working} under way`);
  if (waiting > 0) parts.push(`${waiting} waiting${position === null ? "" : `, first at place ${position}`}`);
  const bar = planned > 0 && element("progress", { class: "progress", max: planned, value: finished, "aria-label": `Progress of ${stage}` });
  return element("li", {}, element("p", {}, element("strong", {}, stage), ` ${parts.join(" · ")}`), bar);
}

function problemLine({ take, text, help, warning }) {
  return element("li", {}, take && element("strong", {}, take), element("p", { class: warning ? "quiet" : "problem" }, text), help && element("p", { class: "quiet" }, help));
}
