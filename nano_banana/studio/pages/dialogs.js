// The dialogs of the review page: the keys, and decisions that were made differently elsewhere.

import { element, iconButton } from "./dom.js";
import { CONTROL_KEYS, KEYS } from "./keys.js";
import { preferences } from "./preferences.js";
import { wordText } from "./words.js";

function openDialog(title, ...content) {
  const dialog = element(
    "dialog",
    { class: "dialog", "aria-labelledby": "dialog-title" },
    element(
      "div",
      { class: "panel-head" },
      element("h2", { id: "dialog-title" }, title),
      iconButton("close", "Close", () => dialog.close()),
    ),
    ...content,
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Shows all keys, with a switch that turns single keys off. */
export function showHelp() {
  const shown = (key) => (key === " " ? "Space" : key.toUpperCase());
  const rows = [...KEYS.map(([key, , does]) => [key.length === 1 ? shown(key) : key, does]), ...CONTROL_KEYS];
  const list = element("dl", { class: "keys" });
  for (const [key, does] of rows) list.append(element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, does)));
  const box = element("input", {
    type: "checkbox", checked: preferences.keys, onchange: (event) => (preferences.keys = event.target.checked),
  });
  const label = element("label", { class: "switch" }, box, "Single keys decide and switch views");
  openDialog("Keys", label, list, element("p", { class: "quiet" }, "Keys do nothing while you type. Everything can be done by mouse and by touch, too."));
}

/** Shows each clash with both words, to choose one; and what the server refused. */
export function showUnsaved(queue) {
  const list = element("ul", { class: "clashes" });
  const draw = () => {
    list.replaceChildren(...queue.clashes.map((entry) => clashRow(entry, queue, draw)), ...queue.refusals.map(refusalRow));
    if (list.childElementCount === 0) dialog.close();
  };
  const refusalRow = (entry) =>
    element(
      "li",
      {},
      element("strong", {}, entry.take),
      element("p", { class: "problem" }, entry.refused),
      element("button", { type: "button", class: "plain-button", onclick: () => (queue.giveUp(entry.take), draw()) }, `Give up: ${wordText(entry.word)}`),
    );
  const dialog = openDialog("Changed elsewhere", element("p", { class: "quiet" }, "These takes were decided in another window or in the file meanwhile. Choose the decision to keep."), list);
  draw();
}

function clashRow(entry, queue, draw) {
  const choice = (label, word, isMine) =>
    element(
      "button",
      { type: "button", class: "plain-button clash-choice", onclick: () => (queue.settle(entry.take, isMine), draw()) },
      element("span", { class: "quiet" }, label),
      element("span", {}, wordText(word)),
    );
  return element(
    "li",
    {},
    element("strong", {}, entry.take),
    element("div", { class: "clash-choices" }, choice("Yours", entry.word, true), choice("Saved", entry.clash, false)),
  );
}

/** Asks before something is done; resolves to whether it was confirmed. */
export function confirmDialog(title, text, yes) {
  return new Promise((resolve) => {
    let isConfirmed = false;
    const dialog = openDialog(
      title,
      ...text.map((paragraph) => element("p", {}, paragraph)),
      element(
        "div",
        { class: "dialog-buttons" },
        element("button", { type: "button", class: "plain-button", onclick: () => dialog.close() }, "Cancel"),
        element("button", { type: "button", class: "main-button", onclick: () => ((isConfirmed = true), dialog.close()) }, yes),
      ),
    );
    dialog.addEventListener("close", () => resolve(isConfirmed));
  });
}
