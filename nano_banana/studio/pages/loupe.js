// The loupe: one picture as large as the page allows, with its neighbours below.

import { element, iconButton, oncePerFrame, setAttribute } from "./dom.js";
import { takeLabel, tryText } from "./words.js";
import { ZoomPane } from "./zoom_pane.js";

const NEIGHBOURS = 14;

/** Shows `state.take`. `move(by)` goes to another; `faceBox(take)` gives where its face is, or null. */
export class Loupe {
  constructor(state, { cache, urls, move, faceBox }) {
    this.state = state;
    this.cache = cache;
    this.urls = urls;
    this.move = move;
    this.faceBox = faceBox;
    this.pane = new ZoomPane(cache, urls, { swipe: move });
    this.missing = element("p", { class: "no-picture" });
    this.badge = element("p", { class: "loupe-badge", hidden: true });
    this.film = element("div", { class: "film", "aria-label": "Neighbours", role: "group" });
    this.frames = new Map();
    const previous = iconButton("previous", "Previous", () => move(-1), "←");
    const next = iconButton("next", "Next", () => move(1), "→");
    previous.classList.add("loupe-previous");
    next.classList.add("loupe-next");
    this.stage = element("div", { class: "loupe-stage" }, this.pane.root, this.missing, this.badge, previous, next);
    this.root = element("section", { class: "view loupe", "aria-label": "Loupe" }, this.stage, this.film);
    this.drawFilm = oncePerFrame(() => this.renderFilm());
    for (const name of ["current", "list", "view"]) state.addEventListener(name, () => this.render());
    state.addEventListener("words", this.drawFilm);
  }

  /** Puts the picture in at once: it has been decoded if the neighbour was looked at. */
  render() {
    if (this.state.view !== "loupe") return;
    const { take } = this.state;
    const picture = take && this.state.pictureOf(take);
    if (take?.id !== this.shownTake) this.pane.fit();
    this.shownTake = take?.id;
    this.pane.show(picture, take ? takeLabel(take, this.state.decisions.wordOf(take.id)) : "");
    this.missing.hidden = Boolean(picture);
    this.missing.textContent = take ? take.problems?.[0] ?? "There is no picture of this take." : "No take to show.";
    this.showBadge(take);
    this.drawFilm();
  }

  showBadge(take) {
    const tries = take?.tries ?? [];
    this.badge.hidden = tries.length < 2;
    if (tries.length < 2) return;
    const attempt = tries[this.state.attemptOf(take)];
    const at = `${this.state.attemptOf(take) + 1} of ${tries.length}`;
    this.badge.textContent = `${tryText(attempt)} · ${at}${attempt.stands ? " · stands" : ""}`;
  }

  /** Zooms to the face, or back to the whole picture. */
  async zoom() {
    if (this.pane.isZoomed) return this.pane.fit();
    const { take } = this.state;
    const box = take && (await this.faceBox(take));
    if (this.state.take === take) this.pane.zoomTo(box);
  }

  renderFilm() {
    if (this.state.view !== "loupe") return;
    const at = this.state.indexes.get(this.state.current) ?? 0;
    const near = this.state.shown.slice(Math.max(0, at - NEIGHBOURS), at + NEIGHBOURS + 1);
    const ids = new Set(near.map((take) => take.id));
    for (const [id, frame] of this.frames) {
      if (ids.has(id)) continue;
      frame.remove();
      this.frames.delete(id);
    }
    near.forEach((take, place) => {
      const frame = this.frames.get(take.id) ?? this.makeFrame(take);
      const word = this.state.decisions.wordOf(take.id);
      setAttribute(frame, "data-decision", word.decision);
      setAttribute(frame, "aria-current", take.id === this.state.current && "true");
      setAttribute(frame, "aria-label", takeLabel(take, word));
      if (this.film.children[place] !== frame) this.film.insertBefore(frame, this.film.children[place] ?? null);
    });
    const current = this.frames.get(this.state.current);
    if (current) this.film.scrollLeft = current.offsetLeft + current.offsetWidth / 2 - this.film.clientWidth / 2;
    this.preload(at);
  }

  makeFrame(take) {
    const picture = this.state.pictureOf(take);
    const image = picture && element("img", { src: this.urls.thumb(picture, 160), alt: "", draggable: "false" });
    const frame = element("button", { type: "button", class: "frame", tabindex: "-1", onclick: () => this.state.goTo(take.id) }, image);
    this.frames.set(take.id, frame);
    return frame;
  }

  preload(at) {
    const near = [1, -1, 2, 3, -2].map((by) => this.state.shown[at + by]).filter(Boolean);
    const side = Math.min(1280, Math.max(this.pane.root.clientWidth, this.pane.root.clientHeight) * devicePixelRatio);
    this.cache.preload(near.map((take) => this.state.pictureOf(take)).filter(Boolean).map((picture) => this.urls.thumb(picture, side)));
  }
}
