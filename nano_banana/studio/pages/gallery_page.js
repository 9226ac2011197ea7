// Starts the client gallery: the review page over a folder, with a button that sends the decisions back.

import { element } from "./dom.js";
import * as folder from "./gallery_source.js";
import { ReviewPage } from "./review.js";
import { countText } from "./words.js";

async function start() {
  const project = await folder.fetchProject();
  const page = new ReviewPage(folder, project, document.querySelector("main"));
  const done = element("span", { class: "gallery-done" });
  const send = element("button", { type: "button", class: "main-button", onclick: () => void sendBack(page) }, "Send back");
  document.title = project.name;
  document.querySelector(".site").replaceChildren(element("h1", {}, project.name), done, send);
  page.state.addEventListener("words", () => count(page, done, send));
  page.state.addEventListener("list", () => count(page, done, send));
  page.show(await folder.fetchTakes(), await folder.fetchPicks());
}

function count(page, done, send) {
  const said = page.state.takes.filter(({ id }) => {
    const word = page.decisions.wordOf(id);
    return word.decision || word.stars || word.note;
  });
  done.textContent = `${said.length.toLocaleString("en")} of ${countText(page.state.takes.length, "picture")} decided`;
  send.disabled = said.length === 0;
}

/** Downloads the decisions as one file, for the client to send by mail. */
async function sendBack(page) {
  await page.queue.flush();
  const url = URL.createObjectURL(new Blob([folder.clientFile()], { type: "application/json" }));
  element("a", { href: url, download: "client.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  page.say("Send the file client.json, which was downloaded, to your photographer.", true);
}

void start();
