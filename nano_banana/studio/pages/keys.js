// The keys of the review page: one table, for the listener, the help and the tooltips.

/** `[key, action, what it does]`; `key` is as KeyboardEvent.key has it, letters in lower case. */
export const KEYS = [
  ["arrows", "", "Move"],
  ["p", "keep", "Keep"],
  ["x", "drop", "Drop"],
  ["u", "unset", "Undecided again"],
  ["s", "skip", "Skip to the next"],
  ["1–5", "stars", "Stars; again to remove them"],
  [" ", "toggleLoupe", "Loupe and back"],
  ["e", "loupe", "Loupe"],
  ["g", "grid", "Grid"],
  ["c", "compare", "Compare two"],
  ["n", "survey", "Survey several"],
  ["z", "zoom", "Zoom to the face"],
  ["f", "faceStrip", "Face strip"],
  ["a", "autoAdvance", "Auto-advance to the next undecided"],
  ["/", "search", "Search"],
  ["?", "help", "This help"],
];

/** Keys with Ctrl (or Command): these work also where single keys are switched off. */
export const CONTROL_KEYS = [
  ["Ctrl+Z", "Undo"],
  ["Ctrl+Shift+Z", "Redo"],
  ["Ctrl+A", "Select all that are shown"],
  ["Shift+arrows", "Select a range"],
  ["↑ ↓", "In the loupe: step through the tries"],
  ["Enter", "Loupe"],
  ["Esc", "Back"],
];

const ARROWS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", Home: "first", End: "last", PageUp: "pageUp", PageDown: "pageDown" };
const LETTERS = new Map(KEYS.filter(([key]) => key.length === 1).map(([key, action]) => [key, action]));

/** What a key press asks for: `{action, …}` or null. `areOn` says whether single keys count. */
export function actionOfKey(event, areOn) {
  if (event.altKey) return null;
  if (event.ctrlKey || event.metaKey) return controlAction(event);
  if (event.key in ARROWS) return { action: "move", where: ARROWS[event.key], extend: event.shiftKey };
  if (event.key === "Escape") return { action: "back" };
  if (event.key === "Enter") return { action: "loupe" };
  if (!areOn) return null;
  if (/^[1-5]$/.test(event.key)) return { action: "stars", stars: Number(event.key) };
  const action = LETTERS.get(event.key.toLowerCase());
  return action ? { action } : null;
}

function controlAction(event) {
  const key = event.key.toLowerCase();
  if (key === "z") return { action: event.shiftKey ? "redo" : "undo" };
  if (key === "y" && !event.shiftKey) return { action: "redo" };
  if (key === "a" && !event.shiftKey) return { action: "selectAll" };
  return null;
}

/** Whether a person is typing there, or the element needs the key itself. */
export function needsKey(target, key) {
  if (!(target instanceof Element)) return false;
  if (target.closest("dialog[open]")) return true;
  if (target.closest("textarea, select, [contenteditable]")) return true;
  const input = target.closest("input");
  if (input && !["checkbox", "radio", "button"].includes(input.type)) return true;
  const isPressed = key === " " || key === "Enter";
  if (isPressed && target.closest("button, a[href], summary, input")) return true;
  return Boolean(input?.type === "radio" && key.startsWith("Arrow"));
}

/** Calls `act(asked)` for every key press on the page that asks for something. */
export function listenToKeys(areOn, act) {
  document.addEventListener("keydown", (event) => {
    if (needsKey(event.target, event.key)) return;
    const asked = actionOfKey(event, areOn());
    if (!asked) return;
    if (event.repeat && !["move", "undo", "redo"].includes(asked.action)) return;
    event.preventDefault();
    act(asked);
  });
}
