// A grid of thousands of takes, of which only those near the screen are in the page.

import { element, oncePerFrame, setAttribute, setText } from "./dom.js";
import { STATES, scoreText, takeLabel } from "./words.js";

const GAP = 10;
const CAPTION = 28;
const LONG_PRESS = 450;

/**
 * A listbox of `state.shown`. `actions` has `open(id)`, `toggleGroup(id)`; `thumb(picture, side)` gives addresses.
 * The tiles are used again while scrolling; each keeps to its take until it is far off the screen.
 */
export class VirtualGrid {
  constructor(state, thumb, actions) {
    this.state = state;
    this.thumb = thumb;
    this.actions = actions;
    this.tiles = new Map();
    this.spare = [];
    this.tileSize = 200;
    this.isSelecting = false;
    this.body = element("div", { class: "grid-body", role: "presentation" });
    this.root = element(
      "div",
      { class: "grid", role: "listbox", tabindex: "0", "aria-label": "Takes", "aria-multiselectable": "true", id: "takes" },
      this.body,
    );
    this.draw = oncePerFrame(() => this.render());
    this.root.addEventListener("scroll", this.draw, { passive: true });
    new ResizeObserver(() => this.relayout()).observe(this.root);
    for (const name of ["current", "selection", "words"]) state.addEventListener(name, this.draw);
    state.addEventListener("list", () => this.relayout());
    this.listen();
  }

  /** The width that tiles should have, in pixels. */
  setTileSize(size) {
    this.tileSize = size;
    this.relayout();
    this.reveal();
  }

  /** How many takes are in a row, and how many rows fit. */
  get columns() {
    return this.shape?.columns ?? 1;
  }

  get rowsOnScreen() {
    return Math.max(1, Math.floor(this.root.clientHeight / (this.shape?.rowHeight ?? 1)));
  }

  /** Scrolls so that the current take can be seen. */
  reveal() {
    const at = this.state.indexes.get(this.state.current);
    if (at === undefined || !this.shape || this.root.clientHeight === 0) return;
    const top = Math.floor(at / this.shape.columns) * this.shape.rowHeight;
    const { scrollTop, clientHeight } = this.root;
    if (top < scrollTop) this.root.scrollTop = top - GAP;
    else if (top + this.shape.rowHeight + GAP > scrollTop + clientHeight) this.root.scrollTop = top + this.shape.rowHeight + 2 * GAP - clientHeight;
    this.render();
  }

  relayout() {
    const width = this.root.clientWidth - 2 * GAP;
    if (width <= 0) return;
    const least = width < 500 ? 2 : 1;
    const columns = Math.max(least, Math.round((width + GAP) / (this.tileSize + GAP)));
    const tile = Math.floor((width - GAP * (columns - 1)) / columns);
    const picture = Math.round(tile / commonAspect(this.state.takes));
    this.shape = { columns, tile, picture, rowHeight: picture + CAPTION + GAP };
    const rows = Math.ceil(this.state.shown.length / columns);
    this.body.style.height = `${rows * this.shape.rowHeight + 2 * GAP}px`;
    this.body.style.setProperty("--tile", `${tile}px`);
    this.body.style.setProperty("--picture", `${picture}px`);
    this.draw();
  }

  render() {
    if (!this.shape || this.root.clientHeight === 0) return;
    const { columns, rowHeight } = this.shape;
    const room = this.root.clientHeight;
    const first = Math.max(0, Math.floor((this.root.scrollTop - room) / rowHeight) * columns);
    const last = Math.min(this.state.shown.length, Math.ceil((this.root.scrollTop + 2 * room) / rowHeight) * columns);
    const wanted = new Set(this.state.shown.slice(first, last).map((take) => take.id));
    for (const [id, tile] of this.tiles) if (!wanted.has(id)) this.release(id, tile);
    for (let at = first; at < last; at += 1) this.place(this.state.shown[at], at);
    for (const tile of this.spare.splice(40)) tile.root.remove();
    setAttribute(this.root, "aria-activedescendant", this.tiles.get(this.state.current)?.root.id);
  }

  release(id, tile) {
    this.tiles.delete(id);
    tile.root.hidden = true;
    tile.image?.remove();
    tile.image = null;
    tile.shown = null;
    this.spare.push(tile);
  }

  place(take, at) {
    let tile = this.tiles.get(take.id);
    if (!tile) {
      tile = this.spare.pop() ?? this.makeTile();
      tile.root.hidden = false;
      tile.root.id = `take-${takeNumber(take.id)}`;
      tile.root.dataset.take = take.id;
      this.tiles.set(take.id, tile);
    }
    const { columns, tile: width, rowHeight } = this.shape;
    const place = `translate(${GAP + (at % columns) * (width + GAP)}px, ${GAP + Math.floor(at / columns) * rowHeight}px)`;
    if (tile.root.style.transform !== place) tile.root.style.transform = place;
    this.fill(tile, take, at);
  }

  makeTile() {
    const made = {
      picture: element("div", { class: "tile-picture" }),
      group: element("span", { class: "tile-group" }),
      verdict: element("span", { class: "tile-verdict" }),
      score: element("span", { class: "tile-score" }),
      stars: element("span", { class: "tile-stars" }),
      shown: null,
      image: null,
    };
    const caption = element("div", { class: "tile-caption" }, made.verdict, made.score, made.stars);
    made.root = element("div", { class: "tile", role: "option" }, made.picture, caption, made.group);
    this.body.append(made.root);
    return made;
  }

  fill(tile, take, at) {
    this.fillPicture(tile, take);
    const word = this.state.decisions.wordOf(take.id);
    const size = this.state.groupSize(take.id);
    const { root } = tile;
    setAttribute(root, "data-decision", word.decision);
    setAttribute(root, "data-state", take.state);
    setAttribute(root, "data-current", take.id === this.state.current);
    setAttribute(root, "aria-selected", String(this.state.selection.has(take.id)));
    setAttribute(root, "aria-posinset", at + 1);
    setAttribute(root, "aria-setsize", this.state.shown.length);
    setAttribute(root, "aria-label", takeLabel(take, word, size));
    setAttribute(root, "title", take.id);
    setText(tile.score, typeof take.verdict?.score === "number" ? scoreText(take.verdict.score) : (STATES[take.state] ?? ""));
    setText(tile.stars, "★".repeat(word.stars));
    setText(tile.group, size > 1 ? `${size}` : "");
  }

  /** A new element for each picture: an element that is used again would show the old picture until the new one is there. */
  fillPicture(tile, take) {
    const picture = this.state.pictureOf(take);
    const url = picture ? this.thumb(picture, this.shape.tile * Math.min(2, devicePixelRatio)) : "";
    if (tile.shown === url) return;
    tile.shown = url;
    tile.image?.remove();
    tile.image = null;
    setText(tile.picture, picture ? "" : (STATES[take.state] ?? "No picture"));
    if (!picture) return;
    tile.image = element("img", { alt: "", draggable: "false", decoding: "async" });
    tile.image.src = url;
    tile.picture.append(tile.image);
  }

  listen() {
    this.root.addEventListener("click", (event) => this.onClick(event));
    this.root.addEventListener("dblclick", (event) => {
      const id = takeAt(event);
      if (id !== null) this.actions.open(id);
    });
    this.root.addEventListener("pointerdown", (event) => this.onDown(event));
    for (const name of ["pointerup", "pointercancel", "pointermove"]) this.root.addEventListener(name, (event) => this.onLift(event));
    this.root.addEventListener("contextmenu", (event) => this.wasHeld && event.preventDefault());
  }

  onClick(event) {
    const id = takeAt(event);
    if (id === null) return;
    if (this.wasHeld) {
      this.wasHeld = false;
      return;
    }
    if (event.target.closest(".tile-group")?.textContent) return this.actions.toggleGroup(id);
    const isTouch = event.pointerType === "touch";
    if (isTouch && !this.isSelecting && id === this.state.current) return this.actions.open(id);
    this.state.goTo(id, { extend: event.shiftKey, add: event.ctrlKey || event.metaKey || this.isSelecting });
  }

  /** A long press of a finger selects, and goes on selecting. */
  onDown(event) {
    this.wasHeld = false;
    const id = takeAt(event);
    if (event.pointerType !== "touch" || id === null) return;
    this.pressed = { x: event.clientX, y: event.clientY };
    this.holding = setTimeout(() => {
      this.wasHeld = true;
      this.state.goTo(id, { add: true });
      this.actions.select(true);
    }, LONG_PRESS);
  }

  onLift(event) {
    const isStill = event.type === "pointermove" && this.pressed && Math.hypot(event.clientX - this.pressed.x, event.clientY - this.pressed.y) < 8;
    if (!isStill) clearTimeout(this.holding);
  }
}

function takeAt(event) {
  return event.target.closest(".tile")?.dataset.take ?? null;
}

const numbers = new Map();

/** A number for each id: an element's id must not have spaces, and a take's id may. */
function takeNumber(id) {
  if (!numbers.has(id)) numbers.set(id, numbers.size);
  return numbers.get(id);
}

/** The width by the height that most pictures have, within what a tile can be. */
function commonAspect(takes) {
  const counts = new Map();
  for (const { picture } of takes) {
    if (!picture) continue;
    const aspect = Math.round((picture.width / picture.height) * 20) / 20;
    counts.set(aspect, (counts.get(aspect) ?? 0) + 1);
  }
  const [common] = [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), [0.8, 0]);
  return Math.max(0.6, Math.min(1.6, common));
}
