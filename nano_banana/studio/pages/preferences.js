// What a person prefers in this browser: kept by name, with a default for each.

const DEFAULTS = {
  keys: true,
  autoAdvance: true,
  faceStrip: false,
  details: innerWidth >= 960,
  tileSize: Math.round(Math.max(180, Math.min(360, innerWidth / 8))),
  linked: true,
};

const PLACE = "nano-banana preferences";

/** Preferences as properties; setting one keeps it. */
export const preferences = new Proxy(readPreferences(), {
  set(kept, name, value) {
    kept[name] = value;
    try {
      localStorage.setItem(PLACE, JSON.stringify(kept));
    } catch {
      // A full or forbidden storage: the preference lasts as long as the page.
    }
    return true;
  },
});

function readPreferences() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(PLACE) ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}
