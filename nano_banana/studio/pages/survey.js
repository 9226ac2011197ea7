// A survey: several takes at once, as large as fits, to leave the best.

import { element, iconButton, setAttribute } from "./dom.js";
import { takeLabel } from "./words.js";

const MOST = 24;
const NEAR = 6;
const SURVEY_GAP = 12;

/** The selected takes, or the current one with those after it. Those that are taken away stay as they are decided. */
export class Survey {
  constructor(state, urls, open) {
    this.state = state;
    this.urls = urls;
    this.openTake = open;
    this.ids = [];
    this.cells = new Map();
    this.room = element("div", { class: "survey-room" });
    this.root = element("section", { class: "view survey", "aria-label": "Survey" }, this.room);
    new ResizeObserver(() => this.layout()).observe(this.room);
    for (const name of ["current", "words", "list"]) state.addEventListener(name, () => this.render());
  }

  /** Begins with what is selected in the grid. */
  open() {
    const { shown, selection, indexes, current } = this.state;
    const at = Math.min(indexes.get(current) ?? 0, Math.max(0, shown.length - NEAR));
    const takes = selection.size > 1 ? shown.filter((take) => selection.has(take.id)) : shown.slice(at, at + NEAR);
    this.ids = takes.slice(0, MOST).map((take) => take.id);
    if (!this.ids.includes(current) && this.ids.length > 0) this.state.goTo(this.ids[0]);
    this.render();
  }

  /** Goes to another of those that are shown. */
  move(by) {
    const at = this.ids.indexOf(this.state.current);
    const to = Math.max(0, Math.min(this.ids.length - 1, at + by));
    if (this.ids[to]) this.state.goTo(this.ids[to]);
  }

  moveRow(by) {
    this.move(by * this.columns);
  }

  /** The next of those that are shown that nobody decided, or null. */
  nextUndecided() {
    const rest = this.ids.slice(this.ids.indexOf(this.state.current) + 1);
    return rest.find((id) => !this.state.decisions.wordOf(id).decision) ?? null;
  }

  leave(id) {
    const at = this.ids.indexOf(id);
    this.ids.splice(at, 1);
    if (this.state.current === id && this.ids.length > 0) this.state.goTo(this.ids[Math.min(at, this.ids.length - 1)]);
    this.render();
  }

  render() {
    if (this.state.view !== "survey") return;
    this.ids = this.ids.filter((id) => this.state.byId.has(id));
    for (const [id, cell] of this.cells) {
      if (this.ids.includes(id)) continue;
      cell.root.remove();
      this.cells.delete(id);
    }
    this.ids.forEach((id, at) => {
      const cell = this.cells.get(id) ?? this.makeCell(id);
      const take = this.state.byId.get(id);
      const word = this.state.decisions.wordOf(id);
      setAttribute(cell.root, "data-decision", word.decision);
      setAttribute(cell.button, "aria-current", id === this.state.current && "true");
      setAttribute(cell.button, "aria-label", takeLabel(take, word));
      if (this.room.children[at] !== cell.root) this.room.insertBefore(cell.root, this.room.children[at] ?? null);
    });
    this.layout();
  }

  makeCell(id) {
    const take = this.state.byId.get(id);
    const picture = this.state.pictureOf(take);
    const image = picture
      ? element("img", { src: this.urls.thumb(picture, 640 * Math.min(2, devicePixelRatio)), alt: "", draggable: "false" })
      : element("span", { class: "no-picture" }, "No picture");
    const button = element(
      "button",
      { type: "button", class: "survey-take", onclick: () => this.state.goTo(id), ondblclick: () => this.openTake(id) },
      image,
    );
    const away = iconButton("close", `Take ${id} out of the survey`, () => this.leave(id));
    const cell = { button, root: element("div", { class: "survey-cell" }, button, away) };
    this.cells.set(id, cell);
    return cell;
  }

  /** The number of columns that makes the pictures largest. */
  layout() {
    const [width, height, count] = [this.room.clientWidth, this.room.clientHeight, this.ids.length];
    if (width === 0 || count === 0) return;
    const { picture } = this.state.byId.get(this.ids[0]) ?? {};
    const aspect = picture?.width ? picture.width / picture.height : 0.8;
    let best = { size: 0, columns: 1 };
    for (let columns = 1; columns <= count; columns += 1) {
      const rows = Math.ceil(count / columns);
      const size = Math.min((width - SURVEY_GAP * (columns + 1)) / columns, ((height - SURVEY_GAP * (rows + 1)) / rows) * aspect);
      if (size > best.size) best = { size, columns };
    }
    this.columns = best.columns;
    this.room.style.setProperty("--columns", String(best.columns));
    this.room.style.setProperty("--width", `${Math.floor(best.size)}px`);
    this.room.style.setProperty("--height", `${Math.floor(best.size / aspect)}px`);
  }
}
