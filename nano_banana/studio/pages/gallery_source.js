// What the client gallery's page asks of its folder: the same functions as server_source.js, without a server.
//
// The takes come from `takes.js` in the folder. What the client decides is kept in this browser.

const gallery = globalThis.NANO_BANANA_GALLERY;
const KEY = `nano-banana gallery ${gallery.id}`;

/** The client's words by take: `{take: {decision, stars, note}}`. */
export function clientWords() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

/** The file that the client sends back, as text. */
export function clientFile() {
  const said = Object.entries(clientWords()).filter(([, word]) => word.decision || word.stars || word.note);
  const picks = Object.fromEntries(said.map(([take, { decision, stars, note }]) => [take, { decision, stars, note }]));
  return `${JSON.stringify({ nano_banana_client: 1, recipe: gallery.name, gallery: gallery.id, picks }, null, 1)}\n`;
}

/** Name, axes and people, as the studio's server gives them. */
export const fetchProject = async () => ({ name: gallery.name, recipe: gallery.id, stages: [], subjects: [], axes: {} });

/** All takes of the gallery. */
export const fetchTakes = async () => ({ revision: gallery.id, takes: gallery.takes });

/** What the client decided so far. */
export const fetchPicks = async () => ({ picks: clientWords(), problems: [] });

/** Keeps decisions in this browser. */
export async function savePicks(changes) {
  const words = clientWords();
  for (const { take, decision, stars, note } of changes) words[take] = { decision, stars, note };
  localStorage.setItem(KEY, JSON.stringify(words));
  return { picks: words, clashes: [] };
}

/** A gallery has no photos to compare with. */
export const fetchFaces = async () => [];

/** Where a picture for a tile is. */
export const thumbUrl = (picture, side) => (side > gallery.thumb_side ? pictureUrl(picture) : `pictures/${picture.digest}-small.webp`);

/** Where the picture itself is. */
export const pictureUrl = (picture) => `pictures/${picture.digest}.webp`;

/** A gallery has no cut-out faces. */
export const faceUrl = () => "";
