// Building elements. Every text goes in as text, never as markup: prompts, names and errors are untrusted.

const SVG = "http://www.w3.org/2000/svg";

/** An element with properties (`class`, `data-*`, `aria-*`, `on<event>`, others) and children (elements or texts). */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) setProperty(made, name, value);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

function setProperty(made, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
  else if (name === "class") made.className = value;
  else made.setAttribute(name, value === true ? "" : String(value));
}

/** Puts text into an element, if it differs: an unchanged text causes no layout. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Sets or removes an attribute. */
export function setAttribute(target, name, value) {
  if (value === null || value === undefined || value === false) target.removeAttribute(name);
  else if (target.getAttribute(name) !== String(value)) target.setAttribute(name, String(value));
}

const ICONS = {
  keep: "M4 10.5l4 4 8-9",
  drop: "M5 5l10 10M15 5L5 15",
  unset: "M4 10h12",
  skip: "M5 5l6 5-6 5M14 5v10",
  undo: "M8 5L4 9l4 4M4 9h7a5 5 0 0 1 0 8H8",
  redo: "M12 5l4 4-4 4M16 9H9a5 5 0 0 0 0 8h3",
  star: "M10 2.6l2.2 4.7 5.1.6-3.8 3.5 1 5.1-4.5-2.6-4.5 2.6 1-5.1L2.7 7.9l5.1-.6z",
  grid: "M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h5v5h-5z",
  loupe: "M3.5 4.5h13v11h-13z",
  compare: "M2.5 4.5h6.5v11H2.5zM11 4.5h6.5v11H11z",
  survey: "M2.5 3.5h9v13h-9zM14 3.5h3.5v5H14zM14 11.5h3.5v5H14z",
  face: "M3 7V4h3M14 4h3v3M17 13v3h-3M6 16H3v-3M7.5 8.5v.5M12.5 8.5v.5M7.5 12.5c1.5 1.3 3.5 1.3 5 0",
  details: "M10 9v5M10 6v.5M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15z",
  filter: "M3 5.5h14M5.5 10h9M8 14.5h4",
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4",
  help: "M7.5 7.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M10 14.5v.5",
  close: "M5.5 5.5l9 9M14.5 5.5l-9 9",
  previous: "M12.5 4.5L7 10l5.5 5.5",
  next: "M7.5 4.5L13 10l-5.5 5.5",
  zoom: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4M9 7v4M7 9h4",
  lock: "M5.5 9.5h9v7h-9zM7.5 9.5V7a2.5 2.5 0 0 1 5 0v2.5",
  advance: "M3 10h9M9 6l4 4-4 4M16.5 5v10",
  play: "M6.5 4l9 6-9 6z",
  stop: "M5.5 5.5h9v9h-9z",
  select: "M3.5 3.5h13v13h-13zM6.5 10l2.5 2.5 4.5-5",
  stack: "M3.5 7.5h9v9h-9zM7.5 7.5v-4h9v9h-4",
};

/** A drawn sign of 20 × 20; it has no name of its own for screen readers. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  drawing.setAttribute("viewBox", "0 0 20 20");
  drawing.setAttribute("class", `icon icon-${name}`);
  drawing.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  drawing.append(path);
  return drawing;
}

/** A button with a sign; `label` is its name, shown as a tooltip, too. `key` is the key that does the same. */
export function iconButton(name, label, action, key = "") {
  const title = key ? `${label} (${key})` : label;
  return element(
    "button",
    { type: "button", class: "icon-button", title, "aria-label": label, onclick: action, "aria-keyshortcuts": key || null },
    icon(name),
  );
}

/** Calls `action` at most once a frame. */
export function oncePerFrame(action) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      action();
    });
  };
}
