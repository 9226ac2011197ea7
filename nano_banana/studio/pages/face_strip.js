// The face strip: a take's face beside its person's photos, with likeness, threshold, verdict and reasons.

import { element, oncePerFrame } from "./dom.js";
import { STATES, scoreText } from "./words.js";

const PAUSE = 80;

/** Shows the current take's faces while `isOpen`. `source` gives faces; what came is kept by take and picture. */
export class FaceStrip {
  constructor(state, source) {
    this.state = state;
    this.source = source;
    this.found = new Map();
    this.isOpen = false;
    this.root = element("section", { class: "face-strip", "aria-label": "Face strip", tabindex: "0", hidden: true });
    this.draw = oncePerFrame(() => this.render());
    for (const name of ["current", "list"]) state.addEventListener(name, this.draw);
  }

  /** Opens or closes the strip. */
  toggle(isOpen) {
    this.isOpen = isOpen;
    this.root.hidden = !isOpen;
    if (isOpen) this.render();
  }

  /** Forgets what may have changed. */
  refresh() {
    this.found.clear();
    this.draw();
  }

  /** The faces of a take, by person; an empty list if there are none. */
  async facesOf(take) {
    const key = `${take.id}\n${take.picture?.digest ?? ""}`;
    if (!this.found.has(key)) this.found.set(key, await this.source.fetchFaces(take.id).catch(() => []));
    return this.found.get(key);
  }

  render() {
    const { take } = this.state;
    if (!this.isOpen) return;
    clearTimeout(this.timer);
    if (!take) return this.root.replaceChildren();
    const known = this.found.get(`${take.id}\n${take.picture?.digest ?? ""}`);
    this.root.replaceChildren(this.verdict(take), this.people(take, known));
    if (!known) this.timer = setTimeout(() => void this.load(take), PAUSE);
  }

  async load(take) {
    await this.facesOf(take);
    if (this.state.current === take.id) this.draw();
  }

  verdict(take) {
    const attempt = take.tries?.[this.state.attemptOf(take)];
    const verdict = attempt ? attempt.verdict : take.verdict;
    const state = verdict?.ruling ?? take.state;
    return element(
      "div",
      { class: "face-verdict", "data-state": state },
      element("p", { class: "face-score" }, scoreText(verdict?.score)),
      element("p", { class: "face-ruling" }, element("span", { class: "tile-verdict" }), STATES[state] ?? state),
      scoreBar(verdict),
      (verdict?.reasons ?? []).map((reason) => element("p", { class: "face-reason" }, reason)),
    );
  }

  people(take, known) {
    const people = known ?? take.subjects.map((name) => ({ name, face: null, references: [] }));
    const row = element("div", { class: "face-people" });
    for (const person of people) row.append(this.person(take, person, people.length > 1));
    if (known?.length === 0) row.append(element("p", { class: "quiet" }, "No faces to compare for this take."));
    return row;
  }

  person(take, person, isNamed) {
    const attempt = take.tries?.[this.state.attemptOf(take)];
    const isStanding = !attempt || attempt.stands;
    const url = isStanding ? person.face?.url : attempt.picture && this.source.faceUrl(attempt.picture);
    const faces = element("ul", { class: "faces" });
    for (const reference of person.references) {
      const score = scoreLine(isStanding ? reference.similarity : null);
      const caption = reference.held_out ? score : `${score} · training`;
      faces.append(element("li", {}, faceFigure(reference.url, reference.name, caption, reference.name)));
    }
    return element(
      "div",
      { class: "face-person" },
      element("div", { class: "face-candidate" }, faceFigure(url, `Face in ${take.id}`, isNamed ? person.name : "This take", person.name)),
      faces,
    );
  }
}

function scoreLine(similarity) {
  return typeof similarity === "number" ? scoreText(similarity) : "–";
}

function faceFigure(url, alt, caption, title) {
  const picture = url
    ? element("img", { src: url, alt, draggable: "false", width: 256, height: 256 })
    : element("div", { class: "no-face", role: "img", "aria-label": `${alt}: no face found` });
  return element("figure", { class: "face", title }, picture, element("figcaption", {}, caption));
}

/** A bar from 0 to 1 with the score filled and the threshold marked. */
function scoreBar(verdict) {
  if (typeof verdict?.score !== "number") return null;
  const bar = element("div", { class: "score-bar", role: "img", "aria-label": barLabel(verdict) }, element("span", { class: "score-fill" }));
  bar.style.setProperty("--score", String(clamped(verdict.score)));
  if (typeof verdict.threshold === "number") {
    bar.style.setProperty("--threshold", String(clamped(verdict.threshold)));
    bar.append(element("span", { class: "score-threshold" }));
  }
  const needs = typeof verdict.threshold === "number" ? element("p", { class: "quiet" }, `needs ${scoreText(verdict.threshold)}`) : null;
  return element("div", {}, bar, needs);
}

function barLabel({ score, threshold }) {
  return typeof threshold === "number" ? `Likeness ${scoreText(score)}, needs ${scoreText(threshold)}` : `Likeness ${scoreText(score)}`;
}

function clamped(score) {
  return Math.max(0, Math.min(1, score));
}
