// A pane that shows one picture, to be zoomed and moved by wheel, mouse, touch and pen.

import { element } from "./dom.js";
import { isReady } from "./picture_cache.js";

const CLOSEST = 16;
const SWIPE = 60;

/** The whole picture in the middle: `x` and `y` are the point of the picture, in fractions, in the pane's centre. */
const FIT = Object.freeze({ zoom: 1, x: 0.5, y: 0.5 });

/**
 * `urls` gives `{thumb(picture, side), full(picture)}`. `events.gesture` gets what was done as a function of a pane, so
 * that linked panes do the same; `events.press` and `events.swipe(±1)` are optional.
 */
export class ZoomPane {
  constructor(cache, urls, events = {}) {
    this.cache = cache;
    this.urls = urls;
    this.events = events;
    this.view = { ...FIT };
    this.picture = null;
    this.images = [];
    this.pointers = new Map();
    this.stage = element("div", { class: "zoom-stage" });
    this.root = element("div", { class: "zoom-pane" }, this.stage);
    this.listen();
    new ResizeObserver(() => this.layout()).observe(this.root);
  }

  /** Shows a picture, or nothing; `alt` is its name. A zoom stays, as one compares the same place of several. */
  show(picture, alt) {
    this.alt = alt;
    if (picture?.digest === this.picture?.digest) {
      for (const image of this.images) image.alt = alt;
      return;
    }
    this.hasSize = Boolean(picture?.width && picture?.height);
    // A picture of unknown size gets the size that it turns out to have.
    this.picture = picture && { ...picture, width: picture.width || 4, height: picture.height || 5 };
    if (!picture) return this.put([]);
    const sharp = this.cache.image(this.wantedUrl());
    if (isReady(sharp)) return this.put([sharp]);
    const rough = this.cache.image(this.urls.thumb(picture, 320));
    this.put([rough, sharp]);
  }

  wantedUrl() {
    const side = Math.max(this.root.clientWidth, this.root.clientHeight) * devicePixelRatio;
    const isClose = this.picture && this.scale() * devicePixelRatio > 1280 / Math.max(this.picture.width, this.picture.height);
    if (isClose && this.view.zoom > 1) return this.urls.full(this.picture);
    return this.urls.thumb(this.picture, Math.min(1280, side));
  }

  /** How many pixels of the page a pixel of the picture takes. */
  scale() {
    return this.fitScale() * this.view.zoom;
  }

  fitScale() {
    const { width, height } = this.picture;
    return Math.min(this.root.clientWidth / width, this.root.clientHeight / height) || 1;
  }

  put(images) {
    this.images = images;
    images.forEach((image) => {
      image.alt = this.alt ?? "";
      if (!isReady(image)) image.addEventListener("load", () => this.dropRough(image), { once: true });
    });
    if (images.length > 1) images[0].alt = "";
    this.stage.replaceChildren(...images);
    this.layout();
  }

  /** A sharper picture has come: what lies below it goes. */
  dropRough(sharp) {
    if (this.picture && !this.hasSize) {
      Object.assign(this.picture, { width: sharp.naturalWidth, height: sharp.naturalHeight });
      this.layout();
    }
    const at = this.images.indexOf(sharp);
    if (at > 0) this.put(this.images.slice(at));
  }

  layout() {
    if (!this.picture || this.root.clientWidth === 0) return;
    this.clamp();
    const scale = this.scale();
    const [width, height] = [this.picture.width * scale, this.picture.height * scale];
    const left = this.root.clientWidth / 2 - this.view.x * width;
    const top = this.root.clientHeight / 2 - this.view.y * height;
    this.stage.style.width = `${width}px`;
    this.stage.style.height = `${height}px`;
    this.stage.style.transform = `translate(${left}px, ${top}px)`;
    this.root.classList.toggle("is-zoomed", this.view.zoom > 1.001);
    this.sharpen();
  }

  /** Loads a larger picture if the one that is shown is too small for its place: after a zoom, or once there is a place. */
  sharpen() {
    const url = this.wantedUrl();
    const last = this.images.at(-1);
    if (!last || last.src.endsWith(url)) return;
    const needed = this.picture.width * Math.min(1, this.scale() * devicePixelRatio);
    if (isReady(last) && last.naturalWidth >= needed) return;
    const sharper = this.cache.image(url);
    if (isReady(sharper)) this.put([sharper]);
    else this.put([this.images[0], sharper]);
  }

  clamp() {
    const { zoom } = this.view;
    const half = (size, room) => room / 2 / (size * this.fitScale() * zoom);
    for (const [axis, size, room] of [
      ["x", this.picture.width, this.root.clientWidth],
      ["y", this.picture.height, this.root.clientHeight],
    ]) {
      const margin = half(size, room);
      this.view[axis] = margin >= 0.5 ? 0.5 : Math.max(margin, Math.min(1 - margin, this.view[axis]));
    }
  }

  /** Zooms so that a place of the pane, in pixels from its centre, stays where it is. */
  zoomBy(factor, fromX = 0, fromY = 0) {
    if (!this.picture) return;
    const before = this.scale();
    this.view.zoom = Math.max(1, Math.min(CLOSEST, this.view.zoom * factor));
    const after = this.scale();
    this.view.x += (fromX / before - fromX / after) / this.picture.width;
    this.view.y += (fromY / before - fromY / after) / this.picture.height;
    this.layout();
  }

  /** Moves the picture by pixels of the page. */
  moveBy(x, y) {
    if (!this.picture) return;
    this.view.x -= x / this.scale() / this.picture.width;
    this.view.y -= y / this.scale() / this.picture.height;
    this.layout();
  }

  /** Shows the whole picture. */
  fit() {
    this.view = { ...FIT };
    this.layout();
  }

  get isZoomed() {
    return this.view.zoom > 1.001;
  }

  /** Zooms to a box `[x, y, width, height]` in pixels of the picture, or to its upper middle if there is none. */
  zoomTo(box) {
    if (!this.picture) return;
    const { width, height } = this.picture;
    const [x, y, w, h] = box ?? [width * 0.3, height * 0.15, width * 0.4, height * 0.4];
    const wanted = (0.55 * Math.min(this.root.clientHeight, this.root.clientWidth * 1.2)) / Math.max(w, h, 1);
    this.view = { zoom: Math.max(1.2, Math.min(CLOSEST, wanted / this.fitScale())), x: (x + w / 2) / width, y: (y + h / 2) / height };
    this.layout();
  }

  gesture(action) {
    if (this.events.gesture) this.events.gesture(action, this);
    else action(this);
  }

  listen() {
    const { root } = this;
    root.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    root.addEventListener("pointerdown", (event) => this.onDown(event));
    root.addEventListener("pointermove", (event) => this.onMove(event));
    root.addEventListener("pointerup", (event) => this.onUp(event));
    root.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    root.addEventListener("dblclick", (event) => this.onDoubleClick(event));
  }

  fromCentre(event) {
    const box = this.root.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  }

  onWheel(event) {
    event.preventDefault();
    const [x, y] = this.fromCentre(event);
    const factor = Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.06 : 0.0022));
    this.gesture((pane) => pane.zoomBy(factor, x, y));
  }

  onDoubleClick(event) {
    const [x, y] = this.fromCentre(event);
    const actual = this.picture ? 1 / (this.fitScale() * devicePixelRatio) : 1;
    const isZoomed = this.isZoomed;
    this.gesture((pane) => (isZoomed ? pane.fit() : pane.zoomBy(Math.max(2, actual), x, y)));
  }

  onDown(event) {
    if (event.button !== 0) return;
    this.root.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.start = { x: event.clientX, y: event.clientY, several: this.pointers.size > 1 };
    this.events.press?.();
  }

  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (this.pointers.size === 2) this.pinch(event.pointerId, before, now);
    else if (this.isZoomed) this.gesture((pane) => pane.moveBy(now.x - before.x, now.y - before.y));
    this.pointers.set(event.pointerId, now);
  }

  pinch(id, before, now) {
    const other = [...this.pointers].find(([pointer]) => pointer !== id)[1];
    const spread = (point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
    const [x, y] = this.fromCentre({ clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 });
    this.gesture((pane) => {
      pane.zoomBy(spread(now) / spread(before), x, y);
      pane.moveBy((now.x - before.x) / 2, (now.y - before.y) / 2);
    });
  }

  onUp(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const by = event.clientX - this.start.x;
    const isSwipe = event.pointerType === "touch" && !this.start.several && !this.isZoomed;
    if (isSwipe && Math.abs(by) > SWIPE && Math.abs(event.clientY - this.start.y) < SWIPE) this.events.swipe?.(by < 0 ? 1 : -1);
  }
}
