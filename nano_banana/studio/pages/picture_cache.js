// Pictures that are decoded before they are needed, so that the next one is there at once.

const LIMIT = 16;

/** Keeps the last pictures that were asked for, as image elements. */
export class PictureCache {
  constructor() {
    this.images = new Map();
  }

  /** The image of an address: begins to load it if it isn't there. An image that is shown elsewhere is copied. */
  image(url) {
    const kept = this.images.get(url);
    if (kept && !kept.isConnected && !isBroken(kept)) {
      this.images.delete(url);
      this.images.set(url, kept);
      return kept;
    }
    const made = new Image();
    made.draggable = false;
    made.alt = "";
    made.src = url;
    made.decode().catch(() => {});
    if (kept && !isBroken(kept)) return made;
    this.images.set(url, made);
    if (this.images.size > LIMIT) this.images.delete(this.images.keys().next().value);
    return made;
  }

  /** Loads what may be wanted next. */
  preload(urls) {
    for (const url of urls) if (!this.images.has(url)) this.image(url);
  }
}

function isBroken(image) {
  return image.complete && image.naturalWidth === 0;
}

/** Whether an image can be painted now. */
export function isReady(image) {
  return image.complete && image.naturalWidth > 0;
}
